"""Jobs whose worker fell silent: given to another one, or ended with a refund."""

from __future__ import annotations

import structlog
from django.db.models import QuerySet

from app.models import Generation, Style
from app.services import generation_service, measure_service, training_service
from app.utils import clock

log = structlog.get_logger(__name__)

LOST = "The server that worked on it stopped answering."
BATCH = 100


def sweep() -> int:
    """End every attempt whose lease ran out. Returns how many this sweeper ended.

    Any number of sweepers may run at once: each job is judged again under its lock.
    """
    styles = _expired(Style.objects.all())
    generations = _expired(Generation.objects.all())
    given_up = 0
    for style_id in styles:
        if training_service.give_up_attempt(style_id, LOST):
            log.warning("lease_expired", style_id=style_id)
            given_up += 1
    for generation_id in generations:
        if generation_service.give_up_attempt(generation_id, LOST):
            log.warning("lease_expired", generation_id=generation_id)
            given_up += 1
    if given_up:
        measure_service.count(measure_service.LEASES_EXPIRED, given_up)
    return given_up


def _expired(jobs: QuerySet[Style] | QuerySet[Generation]) -> list[int]:
    lost = jobs.filter(lease_expires_at__lte=clock.now()).order_by("lease_expires_at", "pk")
    return list(lost.values_list("pk", flat=True)[:BATCH])
