"""How long pictures are expected to take, as the queue is now."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Avg, Count, F, Q

from app.delivery import outbox, turns
from app.models import Generation, GenerationStatus, Licence, User
from app.services import pricing, worker_service
from app.services.orders.contents import Item
from protocol import GENERATION_QUEUE
from protocol.messages import queue_for

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


def expected(user: User, items: Iterable[Item]) -> Expected:
    """Of the pictures of these items, which ``user`` orders now. Each engine has a queue; told is
    the one that takes longest."""
    works = dict[str, list[int]]()
    for item in items:
        size = pricing.format_of(item.style.engine, item.aspect_ratio)
        work = turns.work_of_pixels(size.width, size.height)
        works.setdefault(item.style.engine, []).extend([work] * item.count)
    held = Generation.objects.waiting().filter(user=user).count()
    each, living = _seconds_of_one(), worker_service.living_by_engine()
    of_engines = [
        _of_engine(user, engine, of_engine, held, each, living.get(engine, 0))
        for engine, of_engine in works.items()
    ]
    return max(of_engines, key=lambda told: told.seconds)


def _of_engine(
    user: User, engine: str, works: list[int], held: int, each: float, living: int
) -> Expected:
    given, at_work = _handed_over(engine)
    queue = queue_for(GENERATION_QUEUE, engine)
    first = outbox.next_turn(queue, user.pk) + held * turns.PICTURE
    last = first + sum(works[:-1])
    before_first, before_last = (given + held + outbox.ahead_of(queue, at) for at in (first, last))
    seconds = turns.expected_seconds(
        before_last + at_work + len(works) - 1, each, max(at_work, living)
    )
    return Expected(before_first + 1, math.ceil(seconds))


def _handed_over(engine: str) -> tuple[int, int]:
    """How many pictures the workers of ``engine`` have to begin, and how many they are making."""
    leased = Generation.objects.under_way().filter(lease_expires_at__isnull=False)
    counts = {
        state: Count("pk", filter=Q(status=state))
        for state in (GenerationStatus.QUEUED.value, GenerationStatus.PROCESSING.value)
    }
    found = leased.filter(style__engine=engine).order_by().aggregate(**counts)
    return found["queued"], found["processing"]


def _seconds_of_one() -> float:
    """How long a worker took for a picture lately."""
    # Those with a licence are completed, and found without looking at the others.
    made = Licence.objects.order_by("-pk")[:MEASURED]
    taken = F("generation__finished_at") - F("generation__started_at")
    spent = made.aggregate(spent=Avg(taken))["spent"]
    return spent.total_seconds() if spent else DEFAULT_SECONDS
