"""Database connections that threads keep between requests, and lend each other.

A thread that has none takes the one of a thread that idles: a process has as many as it has
requests at once, not as many as it has threads. What has idled for long is closed, so that other
processes find room; but for the last, with which a process can answer whatever others take.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from speed.database.base import DatabaseWrapper


@dataclass(frozen=True)
class Taken:
    """A connection that another thread had; ``close_at`` is when it is too old, if ever."""

    connection: Any
    close_at: float | None
    used_at: float


class KeptConnections:
    IDLE_SECONDS = 5.0

    def __init__(self) -> None:
        # A thread that ends takes its wrapper, and the connection, with it.
        self._idle: weakref.WeakSet[DatabaseWrapper] = weakref.WeakSet()
        self._changed = threading.Condition()
        self._closer: threading.Thread | None = None

    def add(self, wrapper: DatabaseWrapper) -> None:
        """Let others have the wrapper's connection until it is removed."""
        with self._changed:
            wrapper.is_lent, wrapper.lent_at = True, time.monotonic()
            self._idle.add(wrapper)
            self._changed.notify()
            if self._closer is None:
                self._closer = threading.Thread(target=self._close_idle, daemon=True)
                self._closer.start()

    def remove(self, wrapper: DatabaseWrapper) -> None:
        """From now on it is the thread's own again, unless another took it: then there is none."""
        with self._changed:
            wrapper.is_lent = False
            self._idle.discard(wrapper)

    def take(self, wrapper: DatabaseWrapper, *, wait_seconds: float = 0) -> Taken | None:
        """The idle connection to the same database that was used last. None when there is none,
        not even after ``wait_seconds``."""
        with self._changed:
            found = self._latest(wrapper)
            if found is None and wait_seconds:
                self._changed.wait(wait_seconds)
                found = self._latest(wrapper)
            if found is None:
                return None
            taken = Taken(found.connection, found.close_at, found.used_at)
            self._forget(found)
            return taken

    def _latest(self, wrapper: DatabaseWrapper) -> DatabaseWrapper | None:
        return _used_last(other for other in self._idle if other.address == wrapper.address)

    def _forget(self, wrapper: DatabaseWrapper) -> None:
        self._idle.discard(wrapper)
        wrapper.connection = None
        wrapper.is_lent = False

    def _close_idle(self) -> None:
        while True:
            time.sleep(self.IDLE_SECONDS / 5)
            with self._changed:
                until = time.monotonic() - self.IDLE_SECONDS
                last = _used_last(self._idle)
                old = [each for each in self._idle if each.lent_at < until and each is not last]
                connections = [wrapper.connection for wrapper in old]
                for wrapper in old:
                    self._forget(wrapper)
            for connection in connections:
                connection.close()


def _used_last(wrappers: Iterable[DatabaseWrapper]) -> DatabaseWrapper | None:
    return max(wrappers, key=lambda wrapper: wrapper.lent_at, default=None)
