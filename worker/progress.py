"""Signs of life of a running job: often enough to keep its lease, seldom enough to be cheap."""

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MIN_GAP = 1.0  # seconds between reports while there is news
MAX_GAP = 15.0  # seconds between reports while there is none


class JobStopped(BaseException):
    """Raised out of an engine's progress call to end the job.

    No Exception, so that an engine that catches those does not take it for a failure of its own.
    """


@dataclass(frozen=True)
class Pace:
    """How far an engine is. ``estimated_seconds`` is None until there is something to go by."""

    done: int
    total: int
    estimated_seconds: float | None

    @property
    def percent(self) -> float:
        return round(100 * self.done / self.total, 1)


class Progress:
    """Passes an engine's progress on from a thread of its own, so that the engine never waits.

    ``send`` is called with the last Pace, or None before the engine has begun, and answers whether
    the job is still ours. After a "no", or ``stop``, ``note`` and ``check`` raise JobStopped.
    """

    def __init__(
        self,
        send: Callable[[Pace | None], bool],
        *,
        min_gap: float = MIN_GAP,
        max_gap: float = MAX_GAP,
    ) -> None:
        self._send = send
        self._min_gap = min_gap
        self._max_gap = max_gap
        self._pace: Pace | None = None
        self._sent: Pace | None = None
        self._sent_at = time.monotonic()
        self._began_at = time.monotonic()
        self._stopped = threading.Event()
        self._closed = threading.Event()
        self._sending = threading.Lock()
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._keep_sending,), name="progress", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Say nothing from now on; waits for a report that is on its way."""
        self._closed.set()
        with self._sending:
            pass

    def stop(self) -> None:
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def check(self) -> None:
        if self._stopped.is_set():
            raise JobStopped

    def begin(self) -> None:
        """The engine starts now: estimates count from here."""
        self._began_at = time.monotonic()

    def note(self, done: int, total: int) -> None:
        """What engines call. Raises JobStopped."""
        self.check()
        total = max(1, total)
        done = min(max(0, done), total)
        spent = time.monotonic() - self._began_at
        left = spent * (total - done) / done if done else None
        self._pace = Pace(done, total, None if left is None else round(left, 1))

    def flush(self) -> None:
        """Send the last news now. Raises JobStopped when the job is not ours any more."""
        self._send_now()
        self.check()

    def _keep_sending(self) -> None:
        while not self._closed.wait(self._min_gap):
            silent = time.monotonic() - self._sent_at
            if self._pace is not self._sent or silent >= self._max_gap:
                self._send_now()

    def _send_now(self) -> None:
        with self._sending:
            if self._closed.is_set() or self._stopped.is_set():
                return
            pace = self._pace
            if not self._send(pace):
                self._stopped.set()
            self._sent, self._sent_at = pace, time.monotonic()
