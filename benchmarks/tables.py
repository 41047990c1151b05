"""The tables of the page: rows of Markdown, from figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.figures import (
    CLIENTS,
    JUDGED,
    MET,
    MISS,
    Figures,
    Told,
    reached,
    verdict,
)
from benchmarks.plans import shortened

# The most by which the CPU of a request may grow from the smallest tables to the largest.
FLAT = 1.2
# The most web CPU of a request by the earlier version's: of what reads, of what writes, and of both
# under gunicorn.
READ_CPU, WRITE_CPU, GUNICORN_CPU = 0.85, 1.0, 1.1
# The least requests a second by the earlier version's, under either server.
LEAST_RATE = 0.9
# The plan's own bar, and ours, for 100 users at once; ms.
PLAN_P95, OUR_P95 = 500, 100


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The first column is text, the others are numbers."""
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def told(found: Figures) -> list[Told]:
    return [Told(**each) for each in found["cases"]]


def largest(found: Figures) -> Figures:
    paths: Figures = found["paths"]
    at_largest: Figures = paths[max(paths, key=int)]
    return at_largest


def spread(values: Sequence[float]) -> str:
    """Median, and what lay farthest from it to both sides."""
    return f"{values[0]:.2f} ({values[1]:.2f}–{values[2]:.2f})"


def judged(value: float, *, most: float | None = None, least: float | None = None) -> str:
    is_met = (most is None or value <= most) and (least is None or value >= least)
    return MET if is_met else MISS


def emphasized(word: str) -> str:
    return f"**{word}**" if word == MISS else word


def marks(found: Figures) -> str:
    """All paths with their marks, and whether these were reached."""
    rows = []
    for case in told(found):
        measured = largest(found)[case.name]
        its = measured[str(JUDGED)]
        statements = found["inside"][case.name]["statements"]
        allowed = "" if case.statements is None else f" of {case.statements}"
        mark = "–" if case.mark is None else f"≥ {case.mark:.2f}"
        title = f"{case.title}, beside its first page" if case.against else case.title
        by_cpu = its["rival_cpu" if case.against else "cpu"]
        word = emphasized(verdict(case, measured, statements))
        share = spread(reached(case, measured))
        rows.append((title, mark, share, spread(by_cpu), f"{statements}{allowed}", word))
    return table(("path", "mark", "share", "by CPU", "statements", "verdict"), rows)


def misses(found: Figures) -> list[str]:
    """Everything that was not reached, wherever it was measured."""
    missed = [
        case.title
        for case in told(found)
        if verdict(case, largest(found)[case.name], found["inside"][case.name]["statements"])
        == MISS
    ]
    missed += [title for case, each in versions(found) for title in _fallen_behind(case, each)]
    missed += [f"{case.title}: flat" for case, each in over_sizes(found) if flat(each) == MISS]
    return missed + [title for title, _, _, word in other_marks(found) if word == MISS]


def versions(found: Figures) -> list[tuple[Told, Figures]]:
    """What was measured together with an earlier version; nothing when that was left out."""
    if "versions" not in found:
        return []
    measured = found["versions"]["cases"]
    return [(case, measured[case.name]) for case in told(found) if case.name in measured]


def most_cpu(case: Told) -> float:
    """The mark of its web CPU by the earlier version's."""
    return WRITE_CPU if case.writes else READ_CPU


def _fallen_behind(case: Told, measured: Figures) -> list[str]:
    """In what a case is too far behind the earlier version."""
    limits: dict[str, tuple[str, dict[str, float]]] = {
        "CPU": ("cpu", {"most": most_cpu(case)}),
        "CPU under gunicorn": ("gunicorn_cpu", {"most": GUNICORN_CPU}),
        "requests a second": ("rate", {"least": LEAST_RATE}),
        "requests a second under gunicorn": ("gunicorn_rate", {"least": LEAST_RATE}),
    }
    return [
        f"{case.title}: {word}"
        for word, (name, limit) in limits.items()
        if judged(measured[name][0], **limit) == MISS
    ]


def beside_earlier(found: Figures) -> str:
    """Each path by the earlier version's, under both servers, and by bare."""
    rows = []
    for case, each in versions(found):
        programs = each["programs"]
        cpu, rates = (
            [programs[name][what] for name in ("earlier", "gunicorn", "ours", "bare")]
            for what in ("cpu", "rate")
        )
        missed = _fallen_behind(case, each)
        rows.append(
            (
                *(case.title, *(f"{value:.2f}" for value in cpu)),
                *(f"≤ {most_cpu(case):.2f}", spread(each["cpu"]), spread(each["gunicorn_cpu"])),
                *(spread(each["share"]), " / ".join(f"{value:,.0f}" for value in rates)),
                emphasized(MISS if missed else MET),
            )
        )
    commit = found["versions"]["commit"]
    heads = (
        *("path", f"{commit}, ms", "gunicorn, ms", "Granian, ms", "bare, ms", "mark"),
        *("Granian by it", "gunicorn by it", "share of bare", "a second", "verdict"),
    )
    return table(heads, rows)


def over_sizes(found: Figures) -> list[tuple[Told, Figures]]:
    """What was measured on tables of all sizes; nothing when there was only one."""
    measured = found.get("sizes", {})
    return [(case, measured[case.name]) for case in told(found) if case.name in measured]


def flat(measured: Figures) -> str:
    """Whether the CPU of a request stays as it is when the tables grow."""
    return judged(measured["growth"][0], most=FLAT)


def other_marks(found: Figures) -> list[tuple[str, str, str, str]]:
    """What is not a path: title, mark, what was found, verdict."""
    rows = []
    if upload := found.get("upload"):
        ratio, grown = upload["ratio"], upload["memory_mb"]
        most, memory = upload["mark"], upload["memory_mark_mb"]
        rows += [
            (
                *("upload: CPU by plain Pillow's", f"≤ {most}", spread(ratio)),
                judged(ratio[0], most=most),
            ),
            (
                *("upload: memory above idle, MB", f"≤ {memory}", f"{grown:.0f}"),
                judged(grown, most=memory),
            ),
        ]
    if worker := found.get("worker"):
        share, least = worker["share"], worker["mark"]
        word = judged(share[0], least=least)
        rows.append(
            (f"worker, {worker['side']}×{worker['side']}", f"≥ {least}", spread(share), word)
        )
    if whole := found.get("whole"):
        p95, errors = whole["all"]["p95"], whole["all"]["errors"]
        users = f"{whole['users']} users"
        rows += [
            (f"{users}: errors", "0", str(errors), judged(errors, most=0)),
            (f"{users}: p95, ms", f"< {PLAN_P95}", f"{p95:.0f}", judged(p95, most=PLAN_P95 - 1)),
            (f"{users}: p95, ms", f"< {OUR_P95}", f"{p95:.0f}", judged(p95, most=OUR_P95 - 1)),
        ]
    if soak := found.get("soak"):
        growing = ", ".join(sorted(set(soak["growing"]))) or "nothing"
        word = judged(len(soak["growing"]), most=0)
        rows.append((f"soak, {soak['minutes']:.0f} minutes: growing", "nothing", growing, word))
    return rows


def rates(found: Figures, clients: int) -> str:
    """Each path with so many clients: ours, and bare's after the stroke."""
    rows = []
    for case in told(found):
        measured = largest(found)[case.name].get(str(clients))
        if measured is None:
            continue
        ours, bare = measured["ours"], measured["bare"]

        def both(name: str, form: str = ".1f", a: Figures = ours, b: Figures = bare) -> str:
            return f"{a[name]:{form}} / {b[name]:{form}}"

        rows.append(
            (
                *(case.title, both("rate", ",.0f"), both("p50"), both("p95"), both("p99")),
                *(both("cpu", ".2f"), both("database_cpu", ".2f"), both("bytes", ",d")),
                *(both("statements"), f"{ours['busy']:.0%} / {bare['busy']:.0%}"),
            )
        )
    heads = ("path", "a second", "p50 ms", "p95 ms", "p99 ms", "web CPU ms", "database CPU ms")
    return table((*heads, "bytes", "statements", "cores busy"), rows)


def all_clients(found: Figures) -> list[int]:
    counts = {int(count) for each in largest(found).values() for count in each}
    return sorted(counts & set(CLIENTS))


def sizes(found: Figures) -> str:
    """CPU of a request, web and database, at every size of the tables, and how it grows."""
    rows = []
    for case, measured in over_sizes(found):
        used = [each["ours"] for each in measured["by_size"].values()]
        cells = [f"{each['cpu'] + each['database_cpu']:.2f}" for each in used]
        growth, bares = spread(measured["growth"]), spread(measured["bare_growth"])
        rows.append((case.title, *cells, growth, bares, emphasized(flat(measured))))
    first = next(iter(found["sizes"].values()))
    heads = (f"{int(size):,} pictures" for size in first["by_size"])
    return table(("path", *heads, "growth", "bare's growth", f"≤ {FLAT}"), rows)


def profile(found: Figures) -> str:
    profiles = found["profiles"]
    titles = {case.name: case.title for case in told(found)}
    areas = next(iter(profiles.values()))["shares"]
    rows = [
        (area, *(f"{each['shares'][area]:.0%}" for each in profiles.values())) for area in areas
    ]
    rows.append(("samples", *(f"{each['samples']}" for each in profiles.values())))
    return table(("area", *(titles[name] for name in profiles)), rows)


def crowd(whole: Figures) -> str:
    measured = whole["requests"] | {"all": whole["all"]}
    rows = [
        (
            *(name, *(f"{each[column]:,}" for column in ("requests", "errors")), each["rate"]),
            *(f"{each[column]:.0f}" for column in ("p50", "p95", "p99")),
        )
        for name, each in measured.items()
    ]
    return table(("request", "sent", "errors", "a second", "p50 ms", "p95 ms", "p99 ms"), rows)


def usage(whole: Figures) -> str:
    rows = [
        (kind, each["processes"], f"{each['cpu']:.2f}", f"{each['memory_mb']:,}")
        for kind, each in sorted(whole["usage"].items(), key=lambda item: -item[1]["cpu"])
    ]
    return table(("processes", "how many", "cores", "memory MB"), rows)


def statements(whole: Figures, count: int = 8) -> str:
    slowest = sorted(whole["statements"], key=lambda each: -each["ms"])[:count]
    rows = [
        (
            f"`{cell(shortened(each['text']))}`",
            f"{each['calls']:,}",
            f"{each['ms']:.2f}",
            each["rows"],
        )
        for each in slowest
    ]
    return table(("statement", "calls", "mean ms", "rows"), rows)


def cell(text: str, most: int = 110) -> str:
    """Text that does not end a cell of a table."""
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    return short.replace("|", "¦").replace("`", "'")
