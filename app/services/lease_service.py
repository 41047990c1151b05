"""Jobs whose worker fell silent: given to another one, or ended with a refund."""

from __future__ import annotations

import structlog
from django.db.models import QuerySet

from app.models import Generation, Style
from app.services import generation_service, style_service
from app.utils import clock

log = structlog.get_logger(__name__)

LOST = "The server that worked on it stopped answering."
BATCH = 100


def sweep() -> int:
    """End every attempt whose lease ran out. Returns how many were looked at.

    Any number of sweepers may run at once: each job is judged again under its lock.
    """
    styles = _expired(Style.objects.all())
    generations = _expired(Generation.objects.all())
    for style_id in styles:
        log.warning("lease_expired", style_id=style_id)
        style_service.give_up_attempt(style_id, LOST)
    for generation_id in generations:
        log.warning("lease_expired", generation_id=generation_id)
        generation_service.give_up_attempt(generation_id, LOST)
    return len(styles) + len(generations)


def _expired(jobs: QuerySet) -> list[int]:
    lost = jobs.filter(lease_expires_at__lte=clock.now()).order_by("lease_expires_at", "pk")
    return list(lost.values_list("pk", flat=True)[:BATCH])
