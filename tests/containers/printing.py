"""What people see while it goes on."""

from __future__ import annotations

import sys
from time import monotonic

_BEGAN = monotonic()
LINES = 60


def say(text: str) -> None:
    seconds = int(monotonic() - _BEGAN)
    sys.stdout.write(f"[{seconds // 60:3}:{seconds % 60:02}] {text}\n")
    sys.stdout.flush()


def end_of(text: str) -> str:
    return "\n".join(text.splitlines()[-LINES:])
