"""A simulation of the queue in discrete events, over the functions that production orders by.

Workers, broker and relay are those of a real system in what matters for the order: the relay hands
over a few tasks for each worker (``turns.choose``), the broker keeps their order, and a worker
keeps the styles that it used last. Time is in seconds, from 0.
"""

from __future__ import annotations

import heapq
import random
from bisect import insort
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from app.delivery import turns

AHEAD = 2
PICTURE_SECONDS = 1.0
PRIORITY_WEIGHT = 4


@dataclass
class Job:
    """An order of one picture. ``expected`` is what its buyer was told when they ordered;
    ``is_high``: they pay for a high priority."""

    id: int
    user: int
    style: int
    ordered_at: float
    seconds: float
    is_high: bool = False
    expected: float = 0.0
    begun_at: float = 0.0
    ended_at: float = 0.0

    @property
    def waited(self) -> float:
        return self.ended_at - self.ordered_at


@dataclass
class Worker:
    warm: list[int] = field(default_factory=list)
    job: Job | None = None


class Simulation:
    """``is_fair``: by turns; else first come, first served, and all of it in the broker."""

    def __init__(self, workers: int, *, is_fair: bool = True) -> None:
        self.is_fair = is_fair
        self.swaps = 0
        self.done: list[Job] = []
        self._now = 0.0
        self._virtual_time = 0
        self._finish: Counter[tuple[str, int]] = Counter()
        self._waiting: list[tuple[int, int]] = []
        self._tasks: dict[int, turns.Waiting] = {}
        self._jobs: dict[int, Job] = {}
        self._warm: list[int] = []
        self._handed_over = 0
        self._broker: list[Job] = []
        self._workers = [Worker() for _ in range(workers)]

    def run(self, jobs: Iterable[Job]) -> Simulation:
        """Until all ``jobs`` are made."""
        number = count()
        events: list[tuple[float, int, Job | Worker]] = []
        for job in jobs:
            heapq.heappush(events, (job.ordered_at, next(number), job))
        while events:
            self._now, _, thing = heapq.heappop(events)
            if isinstance(thing, Job):
                self._order(thing)
            else:
                self._end(thing)
            self._hand_over()
            for worker in self._workers:
                if worker.job is None and self._broker:
                    self._begin(worker, self._broker.pop(0))
                    self._hand_over()
                    assert worker.job is not None
                    ends = self._now + worker.job.seconds
                    heapq.heappush(events, (ends, next(number), worker))
        return self

    def _order(self, job: Job) -> None:
        self._jobs[job.id] = job
        tag = job.id
        if self.is_fair:
            lane = turns.lane_of("", is_high=job.is_high, weight=PRIORITY_WEIGHT)
            finish = self._finish[lane.name, job.user]
            begins = turns.first_tag(self._virtual_time, finish)
            tag = turns.first_tag(self._virtual_time, finish, lane.head_start)
            share = turns.share_of(turns.PICTURE, lane.weight)
            self._finish[lane.name, job.user] = begins + share
        self._tasks[job.id] = turns.Waiting(job.id, tag, job.style)
        insort(self._waiting, (tag, job.id))
        at_work = sum(worker.job is not None for worker in self._workers)
        before = self._waiting.index((tag, job.id)) + len(self._broker) + at_work
        job.expected = turns.expected_seconds(before, PICTURE_SECONDS, len(self._workers))

    def _hand_over(self) -> None:
        room = len(self._waiting)
        if self.is_fair:
            room = AHEAD * len(self._workers) - len(self._broker)
        if room <= 0 or not self._waiting:
            return
        near = [self._tasks[number] for _, number in self._waiting[: room + turns.PLACES]]
        chosen = turns.Chosen(near[:room], {}, self._warm)
        if self.is_fair:
            chosen = turns.choose(near, room, warm=self._warm, handed_over=self._handed_over)
        for number, go_at in chosen.go_at.items():
            self._tasks[number] = replace(self._tasks[number], go_at=go_at)
        self._handed_over += len(chosen.tasks)
        self._warm = chosen.warm
        for task in chosen.tasks:
            self._waiting.remove((task.turn, task.id))
            self._virtual_time = max(self._virtual_time, task.turn)
            self._broker.append(self._jobs[task.id])

    def _begin(self, worker: Worker, job: Job) -> None:
        worker.job, job.begun_at = job, self._now
        self.swaps += job.style not in worker.warm
        worker.warm = turns.warmed(worker.warm, job.style)

    def _end(self, worker: Worker) -> None:
        assert worker.job is not None
        worker.job.ended_at = self._now
        self.done.append(worker.job)
        worker.job = None


WHALE = 0
WHALE_JOBS = 1000


def whale_and_others(
    seed: int, *, others: int = 99, styles: int = 64, high: Container[int] = ()
) -> list[Job]:
    """One orders 1 000 pictures, and ten seconds later 99 others order one each; those in ``high``
    pay for a high priority."""
    rng = random.Random(seed)  # noqa: S311 (no secrets)
    users = [WHALE] * WHALE_JOBS + list(range(1, others + 1))
    return [
        Job(
            number,
            user,
            rng.randrange(styles),
            0.0 if user == WHALE else 10.0,
            _seconds(rng),
            user in high,
        )
        for number, user in enumerate(users)
    ]


def busy_day(seed: int, *, workers: int, jobs: int = 4000, styles: int = 64) -> list[Job]:
    """People come by chance, at nine tenths of what the workers can do; one in five orders ten."""
    rng = random.Random(seed)  # noqa: S311 (no secrets)
    rate = 0.9 * workers / PICTURE_SECONDS / (0.8 + 0.2 * 10)
    now, made = 0.0, list[Job]()
    while len(made) < jobs:
        now += rng.expovariate(rate)
        user, pictures = rng.randrange(200), 10 if rng.random() < 0.2 else 1
        first = len(made)
        made.extend(
            Job(first + each, user, rng.randrange(styles), now, _seconds(rng))
            for each in range(pictures)
        )
    return made


def backlog(seed: int, *, jobs: int = 2000, users: int = 200, styles: int = 64) -> list[Job]:
    """Much is ordered at once, each picture in any of the styles."""
    rng = random.Random(seed)  # noqa: S311 (no secrets)
    return [
        Job(number, rng.randrange(users), rng.randrange(styles), 0.0, _seconds(rng))
        for number in range(jobs)
    ]


def _seconds(rng: random.Random) -> float:
    return PICTURE_SECONDS * rng.uniform(0.8, 1.2)


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness: 1 when all shares are equal, 1/n when one has everything."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0


def fairness(jobs: Sequence[Job], *, since: float, until: float) -> float:
    """Jain's index over what each was served from ``since`` to ``until``, as a part of what they
    wanted or of a fair share, whichever is less."""
    served = Counter(job.user for job in jobs if since < job.ended_at <= until)
    wanted = Counter(job.user for job in jobs if job.ordered_at <= until and job.ended_at > since)
    left, fair = sum(served.values()), dict[int, float]()
    for at, (user, demand) in enumerate(sorted(wanted.items(), key=lambda each: each[1])):
        fair[user] = min(demand, left / (len(wanted) - at))
        left -= fair[user]  # type: ignore[assignment]
    return jain([served[user] / fair[user] for user in wanted if fair[user]])
