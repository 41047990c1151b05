"""Q4 and Q6: workers that die, and work that outlasts the broker's patience."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from collections import Counter

from tests.faults.broker import BrokerStage
from tests.faults.money import in_words
from tests.faults.stage import PATIENCE, Stage
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import wait_for

LEASE_SECONDS = 6
SWEEP_SECONDS = 1
# What a busy machine may add to a sweep, and one that runs other tests meanwhile.
MARGIN_SECONDS = 2
QUICK_MARGIN_SECONDS = 15


def killed_workers(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q4: workers are killed in the middle of their jobs; one job kills every worker it meets."""
    kills, orders = int(20 * scale) or 1, int(24 * scale) or 1
    margin = MARGIN_SECONDS if scale >= 1 else QUICK_MARGIN_SECONDS
    style_id = stage.trained_style("Mortal")
    buyer = stage.person("bereaved", tokens=500)
    hopeless = stage.order_many(buyer, style_id, 1, "crash")
    with _Overdue(stage) as overdue:
        ids = stage.order_many(buyer, style_id, orders, "work 1200")
        seen, killed = len(stage.runs()), 0
        while killed < kills:
            if stage.have_ended(ids):
                ids += stage.order_many(buyer, style_id, 6, "work 1200")
            wait_for(
                lambda seen=seen: len(stage.runs()) > seen, seconds=PATIENCE, what="a beginning"
            )  # type: ignore[misc]
            pids = [int(line.split()[-1]) for line in stage.runs()[seen:]]
            seen = len(stage.runs())
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(pids), signal.SIGKILL)
                killed += 1
        stage.wait_for_end([*ids, *hopeless], seconds=180)
    states = Counter(job["status"] for job in stage.jobs([*ids, *hopeless]))
    latest = [overdue.latest]
    return Outcome(
        kills,
        f"{in_words(states)}; taken up {overdue.latest:.1f} s after the lease at the latest",
        check=lambda: [
            *expect(
                latest[-1] < SWEEP_SECONDS + margin,
                f"a job lay {latest[-1]:.1f} s beyond its lease",
            ),
            *expect(stage.jobs(hopeless)[0]["status"] == "failed", "the hopeless job did not end"),
            *stage.effects_once([*ids, *hopeless], only={"completed", "failed"}),
            *stage.audit_misses(),
        ],
        plant=lambda: latest.append(60.0),
    )


def long_training(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q6: a training of 8 s where the broker waits 2 s for an acknowledgement."""
    stage.trained_style("Endless")
    # The worker notices what became of its channel when it acknowledges; the broker then delivers
    # the message once more.
    log = wait_for(
        lambda: _with(stage, "task_already_done"), seconds=PATIENCE, what="the second delivery"
    )
    runs = stage.runs()

    def check() -> Misses:
        trained = sum(line.startswith("train") for line in runs)
        return [
            *expect(trained == 1, f"the training ran {trained} times"),
            *expect("broker_lost" in log, "the broker never closed the channel"),
        ]

    return Outcome(
        1,
        "channel closed by the broker, delivered again, the training ran once and completed",
        check,
        plant=lambda: runs.append("train again 1"),
    )


def _with(stage: Stage, event: str) -> str | None:
    """The worker's log, once it holds ``event``."""
    log = stage.log("worker-0").read_text()
    return log if event in log else None


class _Overdue:
    """Watches how far beyond its lease any job is left, in seconds."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.latest = 0.0

    def __enter__(self) -> _Overdue:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _watch(self) -> None:
        query = "SELECT extract(epoch FROM now() - min(lease_expires_at)) FROM app_generation"
        while not self._over.wait(0.2):
            self.latest = max(self.latest, float(self._stage.one(query) or 0))
