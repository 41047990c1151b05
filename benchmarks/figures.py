"""From rounds to figures: medians of each program, ratios within each turn, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any

from benchmarks.cases import Case
from benchmarks.load import Round

CLIENTS = (1, 16, 100)
# The marks are about this many.
JUDGED = 16
MET, MISS = "met", "MISS"
Figures = dict[str, Any]


def summed_up(turns: Sequence[Sequence[Round]]) -> Figures:
    """One case with so many clients. In each turn the first program is ours, the second bare, and
    a third, if there is one, ours on what the mark compares it with."""
    mine, its = [turn[0] for turn in turns], [turn[1] for turn in turns]
    found = {
        "ours": of_program(mine),
        "bare": of_program(its),
        "rate": ratio([a.rate / b.rate for a, b in zip(mine, its, strict=True)]),
        # Bare's by ours: the same way round as requests a second, so that more is better.
        "cpu": ratio([b.cpu / a.cpu for a, b in zip(mine, its, strict=True)]),
        "total_cpu": ratio([_total_cpu(b) / _total_cpu(a) for a, b in zip(mine, its, strict=True)]),
    }
    if len(turns[0]) > 2:
        rivals = [turn[2] for turn in turns]
        found["rival"] = of_program(rivals)
        found["rival_rate"] = ratio([a.rate / b.rate for a, b in zip(mine, rivals, strict=True)])
        found["rival_cpu"] = ratio([b.cpu / a.cpu for a, b in zip(mine, rivals, strict=True)])
    return found


def over_sizes(sizes: Sequence[int], turns: Sequence[Sequence[Round]]) -> Figures:
    """One case on tables of all ``sizes``, the smallest first. A turn is ours and bare on each.

    Growth is what a request takes of CPU, web and database, on the largest tables by what it takes
    on the smallest, both of the same turn: in another the machine may be half as fast.
    """
    by_size = {
        str(size): {
            "ours": of_program([turn[2 * at] for turn in turns]),
            "bare": of_program([turn[2 * at + 1] for turn in turns]),
        }
        for at, size in enumerate(sizes)
    }
    return {
        "by_size": by_size,
        "growth": ratio([_total_cpu(turn[-2]) / _total_cpu(turn[0]) for turn in turns]),
        "bare_growth": ratio([_total_cpu(turn[-1]) / _total_cpu(turn[1]) for turn in turns]),
    }


def of_versions(turns: Sequence[Sequence[Round]]) -> Figures:
    """One case. A turn is ours, bare, ours under gunicorn, and the earlier version."""
    ours, bare, gunicorn, earlier = (list(rounds) for rounds in zip(*turns, strict=True))

    def by(ones: list[Round], others: list[Round], what: str) -> list[float]:
        pairs = zip(ones, others, strict=True)
        return ratio([getattr(a, what) / getattr(b, what) for a, b in pairs])

    rounds = {"ours": ours, "bare": bare, "gunicorn": gunicorn, "earlier": earlier}
    return {
        "programs": {name: of_program(each) for name, each in rounds.items()},
        "share": by(ours, bare, "rate"),
        "cpu": by(ours, earlier, "cpu"),
        "rate": by(ours, earlier, "rate"),
        "gunicorn_cpu": by(gunicorn, earlier, "cpu"),
        "gunicorn_rate": by(gunicorn, earlier, "rate"),
        "server_cpu": by(ours, gunicorn, "cpu"),
    }


def of_program(rounds: Sequence[Round]) -> Figures:
    """Medians; times in ms."""

    def middle(values: list[float]) -> float:
        return round(median(values), 4)

    return {
        "rate": middle([each.rate for each in rounds]),
        "cpu": middle([each.cpu for each in rounds]),
        "database_cpu": middle([1000 * each.database_cpu / each.requests for each in rounds]),
        "executing": middle([1000 * each.executing / each.requests for each in rounds]),
        "p50": middle([each.p50 for each in rounds]),
        "p95": middle([each.p95 for each in rounds]),
        "p99": middle([each.p99 for each in rounds]),
        "bytes": int(median([each.bytes for each in rounds])),
        "statements": middle([each.statements / each.requests for each in rounds]),
        "busy": middle([each.busy for each in rounds]),
        "stolen": middle([each.stolen for each in rounds]),
        "commits": middle([each.commits / each.requests for each in rounds]),
        "rounds": [round(each.rate, 1) for each in rounds],
    }


def ratio(values: Sequence[float]) -> list[float]:
    """Median, least, most."""
    return [round(median(values), 3), round(min(values), 3), round(max(values), 3)]


@dataclass(frozen=True)
class Told:
    """What the page says of a case, and judges it by."""

    name: str
    title: str
    mark: float | None = None
    statements: int | None = None
    against: str = ""
    flat: bool = False
    writes: bool = False

    @classmethod
    def of(cls, case: Case) -> Told:
        return cls(**{each.name: getattr(case, each.name) for each in fields(cls)})

    def as_dict(self) -> Figures:
        return asdict(self)


def reached(case: Told, figures: Figures) -> list[float]:
    """What the mark of the case is about, at the judged number of clients: median, least, most."""
    measured: Figures = figures[str(JUDGED)]
    found: list[float] = measured["rival_rate" if case.against else "rate"]
    return found


def verdict(case: Told, figures: Figures, statements: int) -> str:
    """In one word; a ratio only just missed is a miss."""
    if case.statements is not None and statements > case.statements:
        return MISS
    if case.mark is None:
        return "–"
    return MET if reached(case, figures)[0] >= case.mark else MISS


def _total_cpu(each: Round) -> float:
    """Of one request, web and database."""
    return (each.web_cpu + each.database_cpu) / each.requests
