"""What became of a mutation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from time import monotonic

from tests.mutate.mutation import Mutation
from tests.mutate.stage import Copy, Run

# By a busy machine's clock.
SECONDS = 180.0
TESTS_FAILED = 1


@dataclass(frozen=True)
class Verdict:
    """``outcome`` is "caught" and ``by`` the test that failed; or anything else, and why."""

    mutation: Mutation
    outcome: str
    by: str
    seconds: float

    @property
    def is_caught(self) -> bool:
        return self.outcome == "caught"


def judge(mutation: Mutation, copy: Copy, *, seconds: float = SECONDS) -> Verdict:
    """Play ``mutation`` in ``copy``."""
    began = monotonic()
    try:
        run = copy.play(mutation, seconds=seconds)
    except ValueError as error:
        outcome, by = "misfit", str(error)
    else:
        outcome, by = _outcome(run, seconds)
    return Verdict(mutation, outcome, by, monotonic() - began)


def _outcome(run: Run, seconds: float) -> tuple[str, str]:
    if run.code is None:
        return "late", f"no end after {seconds:.0f} s"
    if run.code == 0:
        return "survived", "no test failed"
    failed = failures(run.output)
    if run.code == TESTS_FAILED and failed:
        return "caught", failed[0]
    return "broken", f"no test failed, but pytest ended with {run.code}:\n{_end_of(run.output)}"


def failures(output: str) -> list[str]:
    """The tests that failed by themselves, not in a fixture or while they were collected."""
    _, found, summary = output.rpartition("short test summary info")
    return re.findall(r"^FAILED (.+?)(?: - .*)?$", summary, re.MULTILINE) if found else []


def _end_of(output: str) -> str:
    return "\n".join(f"    {line}" for line in output.splitlines()[-25:])
