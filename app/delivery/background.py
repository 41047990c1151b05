"""Threads of the relay, for what would hold up its messages."""

from __future__ import annotations

import threading

# For the work under way when the process is to end.
STOP_SECONDS = 8.0


class Background:
    """A thread that is started once for the process. ``run`` ends soon after ``_stopping`` is set;
    work that breaks must not end it."""

    name: str

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name=self.name, daemon=True)

    def run(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stopping.set()
        if self.is_alive():
            self._thread.join(STOP_SECONDS)
