"""docs/engine-performance.md, from the figures of benchmarks/engine.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs/engine-performance.md"
NOT_MEASURED = "not measured"

# Name of a figure, what it is, its unit, its mark: at least (+) or at most (-) so much.
ROWS: tuple[tuple[str, str, str, float | None], ...] = (
    ("steps_per_second", "training, steps a second", "", None),
    ("share_of_bare", "… beside diffusers' bare loop", "", 0.9),
    ("pictures_per_second", "pictures a second, one style", "", None),
    ("with_8_styles", "… 8 styles in turn, beside one", "", 0.85),
    ("with_64_styles", "… 64 styles in turn, beside one", "", 0.85),
    ("swap_ms", "another style, from memory", " ms", None),
    ("swap_from_file_ms", "another style, from its file", " ms", None),
    ("beyond_engine_ms", "from the task to the stored picture, beyond the engine", " ms", -150.0),
    ("training_gb", "most memory while training", " GB", None),
    ("drawing_gb", "most memory while drawing", " GB", None),
    ("growth_mb", "growth over 200 swaps, once warm", " MB", None),
)

HEAD = """# How fast the engine `diffusion` is

`make bench-engine` measures on the device that it finds and writes this page
([benchmarks/engine.py](../benchmarks/engine.py)). On a machine with a GPU, set `DIFFUSION_MODEL`
first, as for the worker ([gpu.md](gpu.md)); the run adds a column. Without, the base model is a
tiny one of random numbers (SD 1.x in form, 1.2 million parameters): such figures say what our own
code costs, and nothing of how long a picture of a real model takes.

"""

TAIL = """
Marks are in brackets; **bold** figures miss theirs.

- *Training*: our loop with its random numbers, weights of noise levels and progress, against the
  loop of diffusers' own example, on the same latents, texts and layers. Neither encodes pictures
  meanwhile.
- *Pictures*: 64 pictures, one by one. 64 styles are more than the worker keeps in memory (16), so
  each of those is read from its file.
- With a tiny model on a CPU, both are seconds of the CPU, which other programs don't change.
- *Beyond the engine*: the worker's runner alone, for pictures of 512² on a CPU and 1024² on a GPU,
  with a backend on the same machine that answers reports and signs; files on a local disk; the
  picture, a scene of `stylenet`, drawn before. Fetching, mark, fingerprints, PNG, previews,
  signatures, storing and reporting are in it; the queue and the web process are not.
- *Memory*: of the whole process on a CPU; what torch allocated on the card on a GPU.
"""


def page(runs: Sequence[dict[str, Any]]) -> str:
    columns = [*runs]
    if not any(run["is_gpu"] for run in runs):
        columns.append({"device": "NVIDIA GPU", "figures": {}})
    lines = [
        "| | " + " | ".join(each["device"] for each in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
        "| base model | " + " | ".join(each.get("base_model", NOT_MEASURED) for each in columns),
        "| numbers | " + " | ".join(each.get("dtype", NOT_MEASURED) for each in columns),
        "| measured on | " + " | ".join(each.get("at", "never") for each in columns),
    ]
    for name, title, unit, mark in ROWS:
        told = "" if mark is None else f" ({'≥' if mark > 0 else '≤'} {abs(mark):g}{unit})"
        cells = [_cell(each["figures"].get(name), unit, mark) for each in columns]
        lines.append(f"| {title}{told} | " + " | ".join(cells))
    lines = [line if line.endswith("|") else f"{line} |" for line in lines]
    versions = [
        f"- {run['device']}: " + ", ".join(f"{name} {it}" for name, it in run["versions"].items())
        for run in runs
    ]
    return HEAD + "\n".join(lines) + "\n" + TAIL + "\nVersions:\n\n" + "\n".join(versions) + "\n"


def _cell(value: float | None, unit: str, mark: float | None) -> str:
    if value is None:
        return NOT_MEASURED
    text = f"{value:.3g}{unit}"
    is_missed = mark is not None and (value < mark if mark > 0 else value > -mark)
    return f"**{text}**" if is_missed else text
