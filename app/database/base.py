"""Named in ``DATABASES["default"]["ENGINE"]``; Django looks for the module ``base`` there."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class PreparedCursor(psycopg.Cursor[Any]):
    """Lets the server plan each statement once a connection."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=True, **options)


class DatabaseWrapper(base.DatabaseWrapper):
    """A kept connection is checked before a request only after it has idled.

    Django's own check is a round trip in every request. A connection that answered a second ago
    has died since only if the server went away at this very moment, and then the request's own
    statement says so.
    """

    IDLE_SECONDS = 1.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used_at = 0.0

    def close_if_health_check_failed(self) -> None:
        """Called whenever a cursor is made."""
        idle_seconds = time.monotonic() - self._used_at
        self._used_at = time.monotonic()
        # Never within a transaction, nor at its end: a statement may have waited that long for a
        # lock, and the check's own statement would then begin another transaction.
        if idle_seconds > self.IDLE_SECONDS and self.autocommit:
            super().close_if_health_check_failed()

    def prepared_cursor(self) -> Any:
        """A cursor for statements that come again and again, counted and logged like others."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = PreparedCursor(self.connection)
        wrap: Any = self.make_debug_cursor if self.queries_logged else self.make_cursor
        return wrap(cursor)
