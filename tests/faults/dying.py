"""Processes that die before a write, as by a power cut."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(is_due: Callable[[], bool]) -> None:
    """Have this process die before the statement that writes at which ``is_due()`` says so."""
    from django.db.backends.utils import CursorWrapper

    execute = CursorWrapper.execute

    def execute_or_die(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        if str(sql).lstrip().upper().startswith(WRITES) and is_due():
            die()
        return execute(self, sql, params)

    CursorWrapper.execute = execute_or_die  # type: ignore[method-assign]


class Countdown:
    """True at the call with this number; never for 0."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self) -> bool:
        self._left -= 1
        return self._left == 0
