"""Named in ``DATABASES["default"]["ENGINE"]``; Django looks for the module ``base`` there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, ClassVar

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.numeric import Int8Dumper

from speed.database.kept import KeptConnections, Taken
from speed.database.slow import NoticingCursor, noticed

KEPT = KeptConnections()


class PreparedCursor(psycopg.Cursor[Any]):
    """Lets the server parse and plan each statement once a connection.

    Django's own cursors write values into the SQL, which prepares nothing.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        # Whole numbers of one type, whatever their size: each type would be a statement of its own.
        self.adapters.register_dumper(int, Int8Dumper)
        _load_quickly(self)


class WrittenOutCursor(psycopg.ClientCursor[Any]):
    """Writes values into the SQL, so that the server plans for just these."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        _load_quickly(self)


def _load_quickly(cursor: psycopg.Cursor[Any]) -> None:
    # Django's own goes through Python for each value. The zone is that of the connection, UTC.
    cursor.adapters.register_loader("timestamptz", TimestamptzLoader)


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections are checked only after they have idled, and lent to other threads meanwhile.

    Django's own check is a round trip in every request. A connection that answered a second ago
    has died since only if the server went away at this very moment, and then the request's own
    statement says so.
    """

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
    # For how long a request waits for a connection where the server has no more to give.
    PATIENCE_SECONDS = 1.0
    TRY_SECONDS = 0.1
    NEVER_BY_ITSELF = 1_000_000
    # What we prepare has one good plan for all values; left to itself, the server would plan pages
    # that begin behind a row anew each time. And for the 21 rows of a page it would make a hash
    # table as large as all people need, which costs a third of the statement.
    PLANNER: ClassVar = {"plan_cache_mode": "force_generic_plan", "enable_memoize": "off"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.used_at = 0.0
        # Whether other threads may take the connection: see KeptConnections.
        self.is_lent = False
        self.lent_at = 0.0
        self._taken: Taken | None = None
        self._kept_cursors: dict[type[psycopg.Cursor[Any]], psycopg.Cursor[Any]] = {}

    @property
    def address(self) -> tuple[Any, ...]:
        """Which database, and as whom."""
        names = ("NAME", "HOST", "PORT", "USER")
        return (self.alias, *(self.settings_dict[name] for name in names))

    # --- When a connection is checked -------------------------------------------------------------

    def close_if_health_check_failed(self) -> None:
        """Called whenever a cursor is made."""
        self._take_back()
        idle_seconds = time.monotonic() - self.used_at
        self.used_at = time.monotonic()
        # Never within a transaction, nor at its end: a statement may have waited that long for a
        # lock, and the check's own statement would then begin another transaction.
        if idle_seconds > self.IDLE_SECONDS and self.autocommit:
            super().close_if_health_check_failed()

    # --- Whose connection it is -------------------------------------------------------------------

    def close_if_unusable_or_obsolete(self) -> None:
        """Called where a request begins and where it ends: between the two nobody may take it."""
        self._take_back()
        super().close_if_unusable_or_obsolete()
        if self.connection is not None and self.autocommit and not self.in_atomic_block:
            KEPT.add(self)

    def ensure_connection(self) -> None:
        self._take_back()
        super().ensure_connection()

    def close(self) -> None:
        self._take_back()
        super().close()

    def connect(self) -> None:
        super().connect()
        if self._taken is not None:
            self.close_at, self._taken = self._taken.close_at, None

    def get_connection_params(self) -> dict[str, Any]:
        parameters = super().get_connection_params()
        # None, Django's default, would forbid to prepare even what is asked for by name.
        parameters["prepare_threshold"] = self.NEVER_BY_ITSELF
        asked_there = {f"tcp_{n.removeprefix('tcp_')}": v for n, v in self.SIGNS_OF_LIFE.items()}
        session = {**asked_there, **self.PLANNER}
        options = " ".join(f"-c {name}={value}" for name, value in session.items())
        parameters["options"] = f"{parameters.get('options', '')} {options}".strip()
        return {"connect_timeout": self.CONNECT_SECONDS, **self.SIGNS_OF_LIFE, **parameters}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """One that another thread of this process keeps, or a new one."""
        deadline = time.monotonic() + self.PATIENCE_SECONDS
        wait_seconds = 0.0
        while True:
            while taken := KEPT.take(self, wait_seconds=wait_seconds):
                if self._lives(taken):
                    self._taken = taken
                    self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                    return taken.connection
                taken.connection.close()
            try:
                return super().get_new_connection(conn_params)
            except psycopg.OperationalError as error:
                if not _is_full(error) or time.monotonic() > deadline:
                    raise
            wait_seconds = self.TRY_SECONDS

    def _lives(self, taken: Taken) -> bool:
        if taken.connection.closed:
            return False
        if time.monotonic() - taken.used_at <= self.IDLE_SECONDS:
            return True
        try:
            taken.connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _take_back(self) -> None:
        if self.is_lent:
            KEPT.remove(self)

    # --- Transactions -----------------------------------------------------------------------------

    # psycopg stays in autocommit mode. What begins and ends a transaction goes straight to libpq,
    # which costs a third of a statement that is sent by psycopg.

    def _start_transaction_under_autocommit(self) -> None:
        """Django's own way to begin a transaction where the driver would not."""
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self._execute_at_once(b"BEGIN")

    def _commit(self) -> None:
        if self.connection is None:
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            if self.connection.pgconn.transaction_status != TransactionStatus.IDLE:
                self._execute_at_once(b"COMMIT")

    def _set_autocommit(self, autocommit: bool) -> None:
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]

    def _execute_at_once(self, command: bytes) -> None:
        result = self.connection.pgconn.exec_(command)
        if result.status == ExecStatus.COMMAND_OK:
            return
        error = psycopg.errors.error_from_result(result)
        # A connection that was lost says so in words alone.
        raise error if error.sqlstate else psycopg.OperationalError(str(error))

    # --- Cursors ----------------------------------------------------------------------------------

    def run_compiled(
        self, sql: str, values: Sequence[Any], *, is_planned_once: bool = True
    ) -> list[tuple[Any, ...]]:
        """All rows of a statement that comes again and again.

        It is planned once a connection, or each time and for just these values.
        """
        if self.queries_logged or self.execute_wrappers:
            # Counted and logged like others.
            with self.cursor() as logged:
                logged.execute(sql, values)
                return logged.fetchall()
        now = time.monotonic()
        if self.connection is None or self.is_lent or now - self.used_at > self.IDLE_SECONDS:
            self.close_if_health_check_failed()
            self.ensure_connection()
        self.used_at = now
        self.validate_no_broken_transaction()
        kind = PreparedCursor if is_planned_once else WrittenOutCursor
        cursor = self._kept_cursors.get(kind)
        if cursor is None or cursor.connection is not self.connection:
            cursor = self._kept_cursors[kind] = kind(self.connection)
        with noticed(sql), self.wrap_database_errors:
            return cursor.execute(sql, values, prepare=is_planned_once).fetchall()

    def make_cursor(self, cursor: Any) -> NoticingCursor:
        return NoticingCursor(cursor, self)


def _is_full(error: psycopg.OperationalError) -> bool:
    """Whether the server refuses connections for having given all. No code comes with that."""
    return "too many" in str(error) or "remaining connection slots" in str(error)
