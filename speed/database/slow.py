"""Statements that take long are logged: what they are is known before somebody complains."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.db.backends.utils import CursorWrapper

SLOW_SECONDS = 0.1
# Of the statement; its values, which may be somebody's, are never logged.
MOST_CHARACTERS = 1000
_READ_OR_WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
log = structlog.get_logger(__name__)


@contextmanager
def noticed(sql: Any) -> Iterator[None]:
    """Log ``sql`` when it takes SLOW_SECONDS or longer, whatever becomes of it."""
    began_at = time.monotonic()
    try:
        yield
    finally:
        seconds = time.monotonic() - began_at
        # Migrations take their time.
        if seconds >= SLOW_SECONDS and str(sql).lstrip().upper().startswith(_READ_OR_WRITE):
            log.warning("slow_statement", seconds=round(seconds, 3), sql=str(sql)[:MOST_CHARACTERS])


class NoticingCursor(CursorWrapper):
    """Django's cursor."""

    def execute(self, sql: Any, params: Any = None) -> Any:
        with noticed(sql):
            return super().execute(sql, params)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        with noticed(sql):
            return super().executemany(sql, param_list)
