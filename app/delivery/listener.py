"""Waits for PostgreSQL's NOTIFY on its own connection."""

from __future__ import annotations

import threading

import psycopg
import structlog
from django.db import connections

log = structlog.get_logger(__name__)

SLICE_SECONDS = 0.5


class Listener:
    """Sleeps until a notification on ``channel``. It reconnects after a lost connection."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        try:
            self._connect()
        except psycopg.Error as error:
            log.warning("listener_lost", error=str(error))

    def wait(self, seconds: float, stopping: threading.Event) -> bool:
        """Wait at most ``seconds``, or until ``stopping``. Returns whether it was notified."""
        waited = 0.0
        while waited < seconds and not stopping.is_set():
            try:
                if self._connection is None:
                    self._connect()
                assert self._connection is not None
                if list(self._connection.notifies(timeout=SLICE_SECONDS, stop_after=1)):
                    return True
            except psycopg.Error as error:
                log.warning("listener_lost", error=str(error))
                self.close()
                stopping.wait(SLICE_SECONDS)
            waited += SLICE_SECONDS
        return False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        parameters = connections["default"].get_connection_params()
        self._connection = psycopg.connect(**parameters, autocommit=True)
        self._connection.execute(f"LISTEN {self._channel}")
