"""PostgreSQL as this program uses it: connections kept for each thread, statements planned once.

Named in ``DATABASES["default"]["ENGINE"]``; Django looks for the module ``base`` there. Statements
that take long are logged. Prometheus learns how many threads wait for a connection and how many did
not get one; how many connections are in use or idle, PostgreSQL itself knows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg
import structlog
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from prometheus_client import Counter, Gauge
from psycopg.abc import Params
from psycopg.rows import TupleRow
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.numeric import Int8Dumper

SLOW_SECONDS = 0.1
# Of the statement; its values, which may be somebody's, are never logged.
MOST_CHARACTERS = 1000
_READ_OR_WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
log = structlog.get_logger(__name__)

WAITING = "style_license_database_connections_waiting"
TIMED_OUT = "style_license_database_connections_timed_out_total"
# By database, so that nothing is counted, and no file opened for it, before the first connection.
LABEL = "database"
# A process that has ended waits for nothing.
_waiting = Gauge(
    WAITING, "Threads that wait for a connection.", [LABEL], multiprocess_mode="livesum"
)
_timed_out = Counter(
    TIMED_OUT, "Connections that the server refused or did not open in time.", [LABEL]
)


@contextmanager
def noticed(sql: object) -> Iterator[None]:
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


@contextmanager
def counted(database: str) -> Iterator[None]:
    """Count a connection to ``database`` that is being opened, and whether that fails."""
    timed_out = _timed_out.labels(database)
    try:
        with _waiting.labels(database).track_inprogress():
            yield
    except psycopg.OperationalError:
        timed_out.inc()
        raise


class PreparedCursor(psycopg.Cursor[TupleRow]):
    """Lets the server parse and plan each statement once for each connection.

    Django's own cursors write values into the SQL, which prepares nothing.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        super().__init__(connection)
        # Whole numbers of one type, whatever their size: each type would be a statement of its own.
        self.adapters.register_dumper(int, Int8Dumper)
        _load_quickly(self)


class WrittenOutCursor(psycopg.ClientCursor[TupleRow]):
    """Writes values into the SQL, so that the server plans for just these."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        super().__init__(connection)
        _load_quickly(self)


def _load_quickly(cursor: psycopg.Cursor[TupleRow]) -> None:
    # Django's own goes through Python for each value. The zone is that of the connection, UTC.
    cursor.adapters.register_loader("timestamptz", TimestamptzLoader)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with a connection for each thread, kept between requests (``CONN_MAX_AGE``)."""

    # A connection that answered a second ago has died since only if the server went away at this
    # very moment, and then the request's own statement says so.
    IDLE_SECONDS = 1.0
    CONNECT_SECONDS = 5
    # A machine that vanishes says no goodbye. Each side asks after 10 s of silence, and gives up
    # 15 s later. Left to itself, Linux waits for two hours, and the server keeps locks meanwhile.
    SIGNS_OF_LIFE: ClassVar = {
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
    }
    NEVER_BY_ITSELF = 1_000_000
    # What we prepare has one good plan for all values; left to itself, the server would plan pages
    # that begin behind a row again each time. And for the 21 rows of a page it would make a hash
    # table as large as all people need, which costs a third of the statement.
    PLANNER: ClassVar = {"plan_cache_mode": "force_generic_plan", "enable_memoize": "off"}

    used_at = 0.0

    def get_connection_params(self) -> dict[str, object]:
        parameters = super().get_connection_params()
        # None, Django's default, would forbid to prepare even what is asked for by name.
        parameters["prepare_threshold"] = self.NEVER_BY_ITSELF
        asked_there = {f"tcp_{n.removeprefix('tcp_')}": v for n, v in self.SIGNS_OF_LIFE.items()}
        session = {**asked_there, **self.PLANNER}
        options = " ".join(f"-c {name}={value}" for name, value in session.items())
        parameters["options"] = f"{parameters.get('options', '')} {options}".strip()
        return {"connect_timeout": self.CONNECT_SECONDS, **self.SIGNS_OF_LIFE, **parameters}

    def get_new_connection(self, conn_params: dict[str, object]) -> psycopg.Connection[TupleRow]:
        with counted(self.alias):
            connection: psycopg.Connection[TupleRow] = super().get_new_connection(conn_params)
        # What a cursor knows of types is put together once for each connection.
        self._cursors = {True: PreparedCursor(connection), False: WrittenOutCursor(connection)}
        return connection

    def close_if_health_check_failed(self) -> None:
        """Django's check of ``CONN_HEALTH_CHECKS``, for connections that have been idle.

        It is a statement. In every request it would cost as much as what many of them ask.
        """
        now = time.monotonic()
        if now - self.used_at < self.IDLE_SECONDS:
            self.health_check_done = True
        self.used_at = now
        super().close_if_health_check_failed()

    def run_compiled(
        self, sql: str, values: Params, *, is_planned_once: bool = True
    ) -> list[TupleRow]:
        """All rows of a statement that comes again and again.

        The server plans it once for each connection, or each time and for just these values.
        """
        if self.queries_logged or self.execute_wrappers:
            # Counted and logged like others.
            with self.cursor() as logged:
                logged.execute(sql, values)
                return logged.fetchall()
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        cursor = self._cursors[is_planned_once]
        with noticed(sql), self.wrap_database_errors:
            return cursor.execute(sql, values, prepare=is_planned_once).fetchall()

    def make_cursor(self, cursor: Any) -> NoticingCursor:
        return NoticingCursor(cursor, self)
