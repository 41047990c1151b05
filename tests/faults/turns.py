"""Q14 and Q14b: whose turn it is, on real processes."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

from devtools.queue_simulation import AHEAD, Job, fairness
from tests.faults.stage import PATIENCE, Stage, at_once
from tests.faults.verdict import Outcome, expect
from tests.system import wait_for

WORKERS = 2


def whale(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q14: one orders 1 000 pictures, and then 99 others order one each."""
    first, ones = _order(stage, scale, "Ocean")
    stage.wait_for_end(ones, seconds=PATIENCE + 2 * len(ones))
    jobs = stage.jobs([*first, *ones])
    most, latest = _most(ones), [_latest(jobs, set(ones))]
    waiting = stage.outbox_depth()
    share = _fairness(jobs, set(ones))
    stage.wait_for_end(first, seconds=PATIENCE + len(first))
    return Outcome(
        len(jobs),
        f"the last of {len(ones)} began as number {latest[0]} of those that waited"
        f" (limit {most:.0f}); Jain's index {share:.3f}",
        check=lambda: [
            *expect(latest[-1] <= most, f"one began as number {latest[-1]}"),
            *expect(share >= 0.95, f"Jain's index is {share:.3f}"),
            *expect(waiting > 0, "nobody had to wait"),
            *stage.effects_once([*first, *ones], only={"completed"}),
            *stage.audit_misses(),
        ],
        plant=lambda: latest.append(len(first)),
    )


def whale_and_deaths(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q14b: the same, while workers and relays are killed by turns."""
    first, ones = _order(stage, scale, "Deep")
    kills = max(2, int(20 * scale))
    for number in range(kills):
        begun = len(stage.runs())
        if number % 2:
            stage.kill("relay")
            stage.start_relay()
        else:
            worker = f"worker-{number // 2 % WORKERS}"
            stage.kill(worker)
            stage.start_worker(worker)
        if stage.have_ended([*first, *ones]):
            break
        wait_for(
            lambda begun=begun: len(stage.runs()) > begun, seconds=PATIENCE, what="a beginning"
        )  # type: ignore[misc]
    stage.wait_for_end([*first, *ones], seconds=120 + len(first))
    jobs = _as_first_begun(stage, stage.jobs([*first, *ones]))
    # What a killed worker had in hand is begun again.
    most, latest = _most(ones) + kills, [_latest(jobs, set(ones))]
    return Outcome(
        kills,
        f"every job ended; the last of {len(ones)} began as number {latest[0]} (limit {most:.0f})",
        check=lambda: [
            *expect(latest[-1] <= most, f"one began as number {latest[-1]}"),
            *stage.effects_once([*first, *ones], only={"completed"}),
            *stage.audit_misses(),
        ],
        plant=lambda: latest.append(len(first) + kills),
    )


def _order(stage: Stage, scale: float, name: str) -> tuple[list[int], list[int]]:
    """The whale's pictures, and then those of the others."""
    many, others = int(1000 * scale), int(99 * scale)
    style_id = stage.trained_style(name)
    first = stage.order_many(
        stage.person(f"whale-{name}", tokens=max(100, many)), style_id, many, "work 100"
    )
    people = [stage.person(f"other{number}-{name}", tokens=100) for number in range(others)]
    answers = at_once(
        [lambda buyer=buyer: stage.order(buyer, style_id, "work 100") for buyer in people],
        threads=8,
    )
    return first, [int(answer.json()["data"]["generation_id"]) for answer in answers]


def _as_first_begun(stage: Stage, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The jobs, of which those that were tried again began when their first task was handed over:
    after a worker's death, the next attempt waits for the lease and for the pause before a retry.
    """
    again = [job["task_id"] for job in jobs if job["attempt"] > 1]
    sent = stage.rows(
        "SELECT task_id, sent_at FROM app_outboxmessage WHERE attempt = 1 AND task_id = ANY (%s)",
        again,
    )
    first = {row["task_id"]: row["sent_at"] for row in sent}
    return [job | {"started_at": first.get(job["task_id"], job["started_at"])} for job in jobs]


def _most(ones: Collection[int]) -> float:
    """All have a fair share of one in so many; what the workers had in hand goes before it."""
    return 1.5 * (len(ones) + 1) + (1 + AHEAD) * WORKERS


def _latest(jobs: list[dict[str, Any]], ones: set[int]) -> int:
    """As which number the last of ``ones`` began, of what began after all had ordered."""
    asked = max(job["created_at"] for job in jobs if job["id"] in ones)
    began = sorted(
        (job["started_at"], job["id"])
        for job in jobs
        if job["started_at"] is not None and job["started_at"] > asked
    )
    return max((place for place, (_, job_id) in enumerate(began, 1) if job_id in ones), default=0)


def _fairness(jobs: list[dict[str, Any]], ones: set[int]) -> float:
    """Jain's index when the last of ``ones`` is made, since the first was ordered."""
    seconds = [
        Job(
            id=at,
            user=job["user_id"],
            style=0,
            ordered_at=job["created_at"].timestamp(),
            seconds=0,
            ended_at=job["finished_at"].timestamp() if job["finished_at"] else float("inf"),
        )
        for at, job in enumerate(jobs)
    ]
    of_ones = [seconds[at] for at, job in enumerate(jobs) if job["id"] in ones]
    since = min(job.ordered_at for job in of_ones)
    return fairness(seconds, since=since, until=max(job.ended_at for job in of_ones))
