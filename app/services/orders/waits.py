"""How long pictures are expected to take, as the queue is now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Avg, Count, F, Q

from app.delivery import outbox, turns
from app.models import Generation, GenerationStatus, Licence, Priority, User
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


def expected(user: User, items: Sequence[Item]) -> Expected:
    """Of the pictures of these items, which ``user`` orders now at one priority. Each engine has a
    queue; told is the one that takes longest."""
    works = dict[str, list[int]]()
    for item in items:
        size = pricing.format_of(item.style.engine, item.aspect_ratio)
        work = turns.work_of_pixels(size.width, size.height)
        works.setdefault(item.style.engine, []).extend([work] * item.count)
    each, living = _seconds_of_one(), worker_service.living_by_engine()
    of_engines = [
        _of_engine(user, engine, items[0].priority, of_engine, each, living.get(engine, 0))
        for engine, of_engine in works.items()
    ]
    return max(of_engines, key=lambda told: told.seconds)


def _of_engine(
    user: User, engine: str, priority: str, works: list[int], each: float, living: int
) -> Expected:
    given, at_work, held = _in_hand(user, engine, priority)
    queue = queue_for(GENERATION_QUEUE, engine)
    lane = outbox.lane_of(queue, priority)
    # What is held has no turn yet, and gets one before these.
    before = [turns.PICTURE] * held + works[:-1]
    own = sum(turns.share_of(work, lane.weight) for work in before)
    before_first, before_last = outbox.ahead(queue, lane, user.pk, before_last=own)
    others = given + at_work + held + before_last
    seconds = turns.expected_seconds(others + len(works) - 1, each, max(at_work, living))
    return Expected(given + held + before_first + 1, math.ceil(seconds))


def _in_hand(user: User, engine: str, priority: str) -> tuple[int, int, int]:
    """How many pictures the workers of ``engine`` have to begin, how many they are making, and how
    many of this user's are held that go before one of ``priority``."""
    is_theirs = Q(lease_expires_at__isnull=False, style__engine=engine)
    is_held = Q(user=user, is_held=True, style__engine=engine)
    if priority == Priority.HIGH:
        is_held &= Q(priority=priority)
    found = Generation.objects.under_way().filter(is_theirs | is_held).order_by()
    counts = found.aggregate(
        given=Count("pk", filter=is_theirs & Q(status=GenerationStatus.QUEUED)),
        at_work=Count("pk", filter=is_theirs & Q(status=GenerationStatus.PROCESSING)),
        held=Count("pk", filter=is_held),
    )
    return counts["given"], counts["at_work"], counts["held"]


def _seconds_of_one() -> float:
    """How long a worker took for a picture lately."""
    # Those with a licence are completed, and found without looking at the others.
    made = Licence.objects.order_by("-pk")[:MEASURED]
    taken = F("generation__finished_at") - F("generation__started_at")
    spent = made.aggregate(spent=Avg(taken))["spent"]
    return spent.total_seconds() if spent else DEFAULT_SECONDS
