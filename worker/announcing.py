"""A worker tells the backend of itself, so that operators see what lives and what it does."""

import os
import threading
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import structlog

from protocol import Task, encode
from protocol.workers import WorkerAnnouncement
from worker.engines.base import Engine
from worker.reports import DIRECT, Report, pauses

log = structlog.get_logger()

PATH = "/api/internal/workers"
EVERY = 30.0  # seconds
FIRST_PAUSE = 1.0  # seconds; doubled after every announcement that is lost
MAX_WARM = 16  # styles
TIMEOUT = httpx.Timeout(5.0, connect=3.0)


class Tally:
    """What a worker has done since it started, and the styles that it drew in last."""

    def __init__(self) -> None:
        self.done = self.failed = 0
        # An address of the backend, once a task has named one.
        self.backend = ""
        self._warm: dict[int, None] = {}

    def begin(self, task: Task) -> None:
        """Learn where the backend of a task is that has come."""
        address = urlsplit(task.webhook_url)
        self.backend = f"{address.scheme}://{address.netloc}"

    def note(self, task: Task, report: Report) -> None:
        """Count a job that has ended with ``report``."""
        if report.failure_reason is None:
            self.done += 1
            self._warm.pop(task.data.style_id, None)
            # One assignment: another thread reads it.
            self._warm = dict([*self._warm.items(), (task.data.style_id, None)][-MAX_WARM:])
        else:
            self.failed += 1

    @property
    def warm(self) -> list[int]:
        """By their ids, the latest last."""
        return list(self._warm)


class Announcer:
    """Sends an announcement now and then, from a thread of its own. One that is lost is no loss."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        tally: Tally,
        *,
        backend: str,
        token: str,
        every: float = EVERY,
    ) -> None:
        """``name`` is that of the engine whose tasks are taken. ``backend`` is the site's address;
        "" until a task has named one. ``every`` is in seconds."""
        self._engine, self._name, self._tally = engine, name, tally
        self._backend, self._every = backend.rstrip("/"), every
        self._id = uuid.uuid4()
        self._started_at = time.monotonic()
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            mounts=DIRECT,
            timeout=TIMEOUT,
        )
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join(TIMEOUT.connect)
        self._http.close()

    def _run(self) -> None:
        said: Callable[..., None] = log.warning
        pause = pauses(FIRST_PAUSE, self._every)
        while not self._closed.is_set():
            if backend := self._backend or self._tally.backend:
                problem = self._say(f"{backend}{PATH}")
                if problem:
                    # Once, not every half a minute.
                    said("not_announced", reason=problem)
                said = log.debug if problem else log.warning
                # A backend that starts at the same time is told soon.
                pause = pause if problem else pauses(FIRST_PAUSE, self._every)
                self._closed.wait(pause() if problem else self._every)
            else:
                # Nobody has told where to yet: the first task may come at any time.
                self._closed.wait(min(1.0, self._every))

    def _say(self, url: str) -> str:
        """What is wrong, or ""."""
        announcement = WorkerAnnouncement(
            worker_id=self._id,
            engine=self._name,
            engine_version=self._engine.version,
            base_model=self._engine.base_model,
            device=self._engine.device,
            version=os.environ.get("IMAGE_TAG", "")[:50],
            warm_styles=self._tally.warm,
            done=self._tally.done,
            failed=self._tally.failed,
            uptime_seconds=round(time.monotonic() - self._started_at, 1),
        )
        try:
            status = self._http.post(url, content=encode(announcement)).status_code
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            return type(error).__name__
        return "" if status == httpx.codes.OK else f"answered {status}"
