"""What a row of the table is, and how its verdict comes about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

Misses = list[str]


@dataclass
class Outcome:
    """What a fault left behind.

    ``check`` looks at it and names all that is wrong. ``plant`` breaks something that ``check``
    has to see, and ``heal`` mends it: a check that cannot fail proves nothing.
    """

    trials: int
    figure: str
    check: Callable[[], Misses]
    plant: Callable[[], object]
    heal: Callable[[], object] = lambda: None


@dataclass
class Verdict:
    name: str
    title: str
    trials: int = 0
    figure: str = ""
    misses: Misses = field(default_factory=list)
    caught: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.misses and bool(self.caught)

    def line(self) -> str:
        word = "pass" if self.passed else "MISS"
        return (
            f"| {self.name} | {self.title} | {self.trials} | {self.figure} |"
            f" {'yes' if self.caught else 'NO'} | {self.seconds:.0f} s | {word} |"
        )


HEADER = (
    "| row | fault | trials | figure | planted fault caught | time | verdict |\n"
    "|---|---|---|---|---|---|---|"
)


def judge(name: str, title: str, run: Callable[[], Outcome]) -> Verdict:
    """Run one row, check it, then prove its check by the planted fault."""
    began = monotonic()
    verdict = Verdict(name, title)
    try:
        outcome = run()
        verdict.trials, verdict.figure = outcome.trials, outcome.figure
        verdict.misses = outcome.check()
        if not verdict.misses:
            outcome.plant()
            try:
                verdict.caught = "; ".join(outcome.check())
            finally:
                outcome.heal()
            if not verdict.caught:
                verdict.misses = ["the planted fault was not caught"]
    except Exception as error:  # noqa: BLE001 - a row that breaks off is a miss, and the next one runs
        verdict.misses = [f"{type(error).__name__}: {error}"]
    verdict.seconds = monotonic() - began
    return verdict


def expect(condition: bool, miss: str) -> Misses:
    return [] if condition else [miss]
