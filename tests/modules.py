"""Which of our modules a piece of work passes through: those whose functions run.

Not counted are imports, tests, migrations, and the engines, which are what a worker is for.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURS = ("app", "config", "protocol", "speed", "worker")
LEFT_OUT = {"tests", "migrations", "engines"}


@contextmanager
def passed() -> Iterator[set[str]]:
    """The modules that are passed until the block ends, by their paths; of this thread and of all
    that start in it."""
    files: set[str] = set()
    found: set[str] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        # Bodies of modules and classes run when they are imported.
        if event == "call" and frame.f_code.co_flags & CO_OPTIMIZED:
            files.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        found |= {name for file in files if (name := _module_of(file))}


def _module_of(file: str) -> str:
    path = Path(file)
    if not path.is_relative_to(ROOT):
        return ""
    place = path.relative_to(ROOT)
    is_ours = place.parts[0] in OURS and LEFT_OUT.isdisjoint(place.parts)
    return str(place) if is_ours else ""
