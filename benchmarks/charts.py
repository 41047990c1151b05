"""The charts of docs/performance: small SVG files, ours and bare in the same two colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
# Text stays text: small files, and found by search. No date: the same figures, the same bytes.
mpl.rcParams |= {
    "svg.fonttype": "none",
    "svg.hashsalt": "style-license",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
}

from matplotlib import pyplot as plt  # noqa: E402 (after the choice of what it draws with)

from benchmarks import tables  # noqa: E402
from benchmarks.figures import JUDGED, Figures, reached  # noqa: E402

OURS, BARE = "#0b6e99", "#c2571a"
KINDS = ("#0b6e99", "#c2571a", "#4f7f3a", "#8a4f9e", "#7a6a00", "#555555", "#b0304f", "#2f6f6a")
# Shown over the number of clients.
OVER_CLIENTS = ("feed", "feed_signed_in", "status", "generate", "completed")


def draw(found: Figures, folder: Path) -> None:
    """The charts beside the figures."""
    if "paths" in found:
        cases = tables.told(found)
        titles = {case.name: case.title for case in cases}
        some = {name: titles[name] for name in OVER_CLIENTS if name in titles}
        over_clients(found["paths"], some, folder / "over-clients.svg")
        rows = []
        for case in cases:
            measured = tables.largest(found)[case.name]
            by_cpu = measured[str(JUDGED)]["rival_cpu" if case.against else "cpu"]
            rows.append((case.title, case.mark or 0, reached(case, measured), by_cpu))
        shares(rows, folder / "shares.svg")
    if found.get("sizes"):
        paths = [(case.title, each["by_size"]) for case, each in tables.over_sizes(found)]
        over_size(paths, folder / "over-size.svg")
    if "soak" in found:
        soak(found["soak"], folder / "soak.svg")


def over_size(paths: list[tuple[str, Figures]], file: Path) -> None:
    """Web and database CPU a request over the size of the tables, a small chart for each path.

    A path: its title, and what was measured by size.
    """
    figure, axes = plt.subplots(2, 3, figsize=(9, 5), sharex=True, layout="constrained")
    for axis, (title, by_size) in zip(axes.flat, paths, strict=False):
        sizes = [int(size) for size in by_size]
        for program, colour in (("ours", OURS), ("bare", BARE)):
            values = [each[program] for each in by_size.values()]
            total = [each["cpu"] + each["database_cpu"] for each in values]
            axis.plot(sizes, total, "o-", color=colour, markersize=4)
            axis.annotate(
                f"{program} {total[-1]:.2f}",
                (sizes[-1], total[-1]),
                xytext=(-4, 6),
                textcoords="offset points",
                color=colour,
                ha="right",
            )
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.margins(y=0.25)
    for axis in axes[:, 0]:
        axis.set_ylabel("CPU ms/request,\nweb + database")
    for axis in axes[-1, :]:
        axis.set_xlabel("pictures in the table")
    _save(figure, file)


def over_clients(paths: Figures, titles: dict[str, str], file: Path) -> None:
    """p95 and requests a second over the number of clients, for some paths at the largest size."""
    largest = paths[max(paths, key=int)]
    names = [name for name in titles if name in largest]
    figure, axes = plt.subplots(
        2, len(names), figsize=(2.4 * len(names), 5), sharex=True, layout="constrained"
    )
    for column, name in enumerate(names):
        clients = sorted(largest[name], key=int)
        for program, colour in (("ours", OURS), ("bare", BARE)):
            at = [int(count) for count in clients]
            for row, what in enumerate(("rate", "p95")):
                values = [largest[name][count][program][what] for count in clients]
                axes[row, column].plot(at, values, "o-", color=colour, markersize=4, label=program)
        for row in range(2):
            axis = axes[row, column]
            axis.set_xscale("log")
            axis.set_xticks([int(count) for count in clients], clients)
            axis.minorticks_off()
            axis.set_ylim(bottom=0)
        axes[0, column].set_title(titles[name], fontsize=9, loc="left")
        axes[1, column].set_xlabel("clients")
    axes[0, 0].set_ylabel("requests/s")
    axes[1, 0].set_ylabel("p95, ms")
    axes[0, 0].legend(frameon=False)
    _save(figure, file)


def shares(rows: list[tuple[str, float, list[float], list[float]]], file: Path) -> None:
    """Share of bare's requests a second for each path, with its spread, its mark and by CPU.

    A row: title, mark (0 for none), share (median, least, most), and the same by CPU.
    """
    figure, axis = plt.subplots(figsize=(8, 0.32 * len(rows) + 1.1), layout="constrained")
    for at, (_, mark, rate, cpu) in enumerate(reversed(rows)):
        axis.plot(rate[1:], (at, at), color=OURS, linewidth=2, alpha=0.4)
        axis.plot(rate[0], at, "o", color=OURS, label="requests/s" if at == 0 else None)
        axis.plot(
            cpu[0], at, "D", color=BARE, markersize=4, label="by CPU time" if at == 0 else None
        )
        if mark:
            axis.plot(
                (mark, mark),
                (at - 0.35, at + 0.35),
                color="black",
                linewidth=1.5,
                label="mark" if at == 0 else None,
            )
    axis.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)])
    axis.set_xlim(left=0)
    axis.set_xlabel("share of bare's (1 = as fast as bare)")
    handles, labels = axis.get_legend_handles_labels()
    axis.legend(handles, labels, frameon=False, loc="lower right")
    _save(figure, file)


def soak(found: Figures, file: Path) -> None:
    """Memory of each process over time."""
    figure, axis = plt.subplots(figsize=(8, 3.6), layout="constrained")
    kinds = sorted({each["kind"] for each in found["processes"]})
    for each in found["processes"]:
        colour = KINDS[kinds.index(each["kind"]) % len(KINDS)]
        at = [seconds / 60 for seconds in found["at"]][-len(each["memory_mb"]) :]
        axis.plot(at, each["memory_mb"], color=colour, linewidth=1)
    for kind in kinds:
        axis.plot([], [], color=KINDS[kinds.index(kind) % len(KINDS)], label=kind)
    axis.set_xlabel("minutes")
    axis.set_ylabel("memory of a process, MB")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.18))
    _save(figure, file)


def waits(found: dict[str, tuple[list[float], list[float]]], file: Path) -> None:
    """How long the 99 and the whale wait, by order of serving: sorted waits of each."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    titles = ("99 people, one picture each", "one person, 1 000 pictures")
    for at, (axis, title) in enumerate(zip(axes, titles, strict=True)):
        for colour, (name, both) in zip((OURS, BARE), found.items(), strict=True):
            values = both[at]
            share = [100 * (number + 1) / len(values) for number in range(len(values))]
            axis.plot(share, values, color=colour, linewidth=1.6, label=name)
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_xlabel("% of the pictures")
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("wait, s")
    axes[0].legend(frameon=False)
    _save(figure, file)


def _save(figure: Any, file: Path) -> None:
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    # matplotlib leaves blanks at the ends of lines.
    file.write_text("\n".join(line.rstrip() for line in file.read_text().splitlines()) + "\n")
