"""Q14: whose turn it is, on real processes."""

from __future__ import annotations

import random

from devtools.queue_simulation import AHEAD, Job, fairness
from tests.faults.stage import Stage, at_once
from tests.faults.verdict import Outcome, expect
from tests.system import wait_for

WORKERS = 2


def whale(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q14: one orders 1 000 pictures, and then 99 others order one each."""
    many, others = int(1000 * scale), int(99 * scale)
    style_id = stage.trained_style("Ocean")
    first = stage.order_many(
        stage.person("whale", tokens=max(100, many)), style_id, many, "work 100"
    )
    people = [stage.person(f"other{number}", tokens=100) for number in range(others)]
    answers = at_once(
        [lambda buyer=buyer: stage.order(buyer, style_id, "work 100") for buyer in people],
        threads=8,
    )
    ones = [int(answer.json()["data"]["generation_id"]) for answer in answers]
    stage.wait_for_end(ones, seconds=30 + 2 * others)
    jobs = stage.jobs([*first, *ones])
    asked = max(job["created_at"] for job in jobs if job["id"] in set(ones))
    began = sorted(
        (job["started_at"], job["id"])
        for job in jobs
        if job["started_at"] is not None and job["started_at"] > asked
    )
    places = [place for place, (_, job_id) in enumerate(began, 1) if job_id in set(ones)]
    # All have a fair share of one in so many; what the workers had in hand goes before it.
    most = 1.5 * (others + 1) + (1 + AHEAD) * WORKERS
    latest = [max(places, default=0)]
    waiting = stage.outbox_depth()
    share = _fairness(jobs, set(ones))
    wait_for(lambda: stage.have_ended(first), seconds=60 + many, what="the end of the whale's")
    return Outcome(
        many + others,
        f"the last of {others} began as number {latest[0]} of those that waited (limit {most:.0f});"
        f" Jain's index {share:.3f}",
        check=lambda: [
            *expect(latest[-1] <= most, f"one began as number {latest[-1]}"),
            *expect(share >= 0.95, f"Jain's index is {share:.3f}"),
            *expect(waiting > 0, "nobody had to wait"),
            *stage.effects_once([*first, *ones], only={"completed"}),
            *stage.audit_misses(),
        ],
        plant=lambda: latest.append(many),
    )


def _fairness(jobs: list[dict[str, object]], ones: set[object]) -> float:
    """Jain's index when the last of ``ones`` is made, since the first was ordered."""
    seconds = [
        Job(
            id=at,
            user=int(str(job["user_id"])),
            style=0,
            ordered_at=job["created_at"].timestamp(),  # type: ignore[attr-defined]
            seconds=0,
            ended_at=job["finished_at"].timestamp() if job["finished_at"] else float("inf"),  # type: ignore[attr-defined]
        )
        for at, job in enumerate(jobs)
    ]
    of_ones = [seconds[at] for at, job in enumerate(jobs) if job["id"] in ones]
    since = min(job.ordered_at for job in of_ones)
    return fairness(seconds, since=since, until=max(job.ended_at for job in of_ones))
