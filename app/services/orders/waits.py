"""How long pictures are expected to take, as the queue is now."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db.models import Avg, Count, F, Q

from app.models import Generation, GenerationStatus, Licence

# Pictures whose making is measured, the latest.
MEASURED = 50
# Of one picture, before any was made.
DEFAULT_SECONDS = 5.0


@dataclass(frozen=True)
class Expected:
    """``place``: that of the first new picture among all that are queued, from 1. ``seconds``:
    until all of them are made."""

    place: int
    seconds: int


def expected(count: int) -> Expected:
    """Of ``count`` more pictures that are ordered now.

    The queue is served first come, first served, by as many workers as have one in hand.
    """
    queued, at_work = _under_way()
    each = _seconds_of_one()
    return Expected(queued + 1, math.ceil((queued + at_work + count) * each / max(1, at_work)))


def _under_way() -> tuple[int, int]:
    """How many pictures are queued, and how many are being made."""
    counts = {
        state: Count("pk", filter=Q(status=state))
        for state in (GenerationStatus.QUEUED.value, GenerationStatus.PROCESSING.value)
    }
    found = Generation.objects.under_way().order_by().aggregate(**counts)
    return found["queued"], found["processing"]


def _seconds_of_one() -> float:
    """How long a worker took for a picture lately."""
    # Those with a licence are completed, and found without looking at the others.
    made = Licence.objects.order_by("-pk")[:MEASURED]
    taken = F("generation__finished_at") - F("generation__started_at")
    spent = made.aggregate(spent=Avg(taken))["spent"]
    return spent.total_seconds() if spent else DEFAULT_SECONDS
