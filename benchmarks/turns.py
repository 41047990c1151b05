"""``make simulate``: the queue in discrete events, against first come, first served.

It exits 1 if a mark is missed. ``--draw FILE`` draws the waits.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DJANGO_ENV", "development")
django.setup()

from devtools import queue_simulation  # noqa: E402 (after Django is set up)
from devtools.queue_simulation import PICTURE_SECONDS, WHALE, Job, Simulation  # noqa: E402

WORKERS = (1, 4, 8)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draw", type=Path)
    options = parser.parse_args()
    seed, missed = options.seed, False
    print(f"seed {seed}")
    print("| what | workers | turns | first come | mark | |\n|---|---|---|---|---|---|")
    for workers in WORKERS:
        for what, ours, former, mark, is_held in _figures(seed, workers):
            verdict = {True: "held", False: "MISSED", None: ""}[is_held]
            missed |= is_held is False
            print(f"| {what} | {workers} | {ours:.2f} | {former:.2f} | {mark} | {verdict} |")
    if options.draw:
        from benchmarks import charts  # it needs matplotlib

        charts.waits(_waits(seed), options.draw)
    return int(missed)


def _figures(seed: int, workers: int) -> list[tuple[str, float, float, str, bool | None]]:
    """What, by turns, first come, the mark, and whether it is held; None where there is none."""
    ours, former = _both(lambda: queue_simulation.whale_and_others(seed), workers)
    much, much_before = _both(lambda: queue_simulation.backlog(seed), workers)
    day, day_before = _both(lambda: queue_simulation.busy_day(seed, workers=workers), workers)
    fair_share = 100 * PICTURE_SECONDS / workers
    longest, longest_before = (max(_of_others(each)) / fair_share for each in (ours, former))
    share, told = _share(ours), _told(day)
    swaps = much.swaps / much_before.swaps
    # With more workers than one, the tasks of a style are spread among them.
    is_alone = workers == 1
    paying, _ = _both(lambda: queue_simulation.whale_and_others(seed, high=[WHALE]), workers)
    some, _ = _both(lambda: queue_simulation.whale_and_others(seed, high=range(90, 100)), workers)
    beside_paying = max(_of_others(paying)) / fair_share
    who_pays = max(job.waited for job in some.done if job.is_high) / fair_share
    who_does_not = max(job.waited for job in some.done if job.user in range(1, 90)) / fair_share
    wait = "longest wait of the 99, fair shares"
    return [
        (wait, longest, longest_before, "≤ 1.5", longest <= 1.5),
        ("Jain's index when the last is served", share, _share(former), "≥ 0.95", share >= 0.95),
        (
            "longest wait of the 99, where the whale pays for priority",
            *(beside_paying, longest_before, "≤ 1.5", beside_paying <= 1.5),
        ),
        ("longest wait of the last 10, who pay for it", who_pays, longest_before, "", None),
        (
            "longest wait of the other 89 then",
            *(who_does_not, longest_before, "≤ 1.5", who_does_not <= 1.5),
        ),
        ("waits told within a factor of two", told, _told(day_before), "≥ 0.9", told >= 0.9),
        (
            "changes of style, of first come's",
            *(swaps, 1.0),
            "≤ 0.5" if is_alone else "",
            swaps <= 0.5 if is_alone else None,
        ),
    ]


def _both(jobs: Callable[[], list[Job]], workers: int) -> tuple[Simulation, Simulation]:
    return Simulation(workers).run(jobs()), Simulation(workers, is_fair=False).run(jobs())


def _of_others(simulation: Simulation) -> list[float]:
    return [job.waited for job in simulation.done if job.user != WHALE]


def _share(simulation: Simulation) -> float:
    until = max(job.ended_at for job in simulation.done if job.user != WHALE)
    return queue_simulation.fairness(simulation.done, since=10, until=until)


def _told(simulation: Simulation) -> float:
    right = [job.expected / 2 <= job.waited <= 2 * job.expected for job in simulation.done]
    return sum(right) / len(right)


def _waits(seed: int) -> dict[str, tuple[list[float], list[float]]]:
    """By order of serving: percentiles of the waits of the 99, and of the whale's, in seconds."""
    ours, former = _both(lambda: queue_simulation.whale_and_others(seed), 4)
    return {
        name: (
            _percentiles(_of_others(each)),
            _percentiles([job.waited for job in each.done if job.user == WHALE]),
        )
        for name, each in (("turns", ours), ("first come, first served", former))
    }


def _percentiles(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [ordered[percent * (len(ordered) - 1) // 100] for percent in range(1, 101)]


if __name__ == "__main__":
    sys.exit(main())
