"""This version and an earlier one: what the server and the changes since have brought.

In each turn: ours and bare as production runs them, ours under gunicorn, and the earlier version
under gunicorn, which was its server.
"""

from __future__ import annotations

from typing import Any

from benchmarks import figures, tables
from benchmarks.cases import Case
from benchmarks.earlier import Requests
from benchmarks.load import Meter, Rival, in_turn
from benchmarks.paths import Effort, Site, Version
from benchmarks.servers import Server


def measure(
    here: Site, earlier: Version, requests: Requests, effort: Effort, say: Any
) -> dict[str, Any]:
    """``{case: figures}`` of all cases that have a mark of their own."""
    cases = [case for case in here.cases if case.mark is not None and not case.against]
    here.require_same_answers(cases)
    gunicorn = here.version("gunicorn", Server.GUNICORN)
    meter = Meter(here.servers, earlier.database)
    found: dict[str, Any] = {}
    try:
        for case in cases:
            rivals = [
                Rival(here.meter, here.ours.web(case), case),
                Rival(here.meter, here.bare, case),
                Rival(here.meter, gunicorn.web(case), case),
                Rival(meter, earlier.web(case), requests.case(case)),
            ]
            turns = in_turn(
                rivals, clients=figures.JUDGED, seconds=effort.seconds, count=effort.rounds
            )
            found[case.name] = one = figures.of_versions(turns)
            say(_line(case, one))
    finally:
        meter.close()
    return found


def _line(case: Case, one: dict[str, Any]) -> str:
    cpu = ", ".join(f"{name} {each['cpu']:.2f}" for name, each in one["programs"].items())
    return (
        f"{case.title:28} share of bare {tables.spread(one['share'])},"
        f" CPU by the earlier's {tables.spread(one['cpu'])},"
        f" under gunicorn {tables.spread(one['gunicorn_cpu'])}; ms: {cpu}"
    )
