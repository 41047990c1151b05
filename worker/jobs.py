"""What a worker does with a task: fetch, train or draw, store, and give signs of life meanwhile.

Reporting is the runner's.
"""

import contextvars
import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pictures import placeholder
from protocol import (
    GenerationProgress,
    GenerationReport,
    GenerationTask,
    WorkNearness,
)
from protocol.previews import reported_name
from provenance.manifest import ToSign
from provenance.mark import MARKER
from worker.engines.base import Engine
from worker.found_again import (
    TooNear,
    Traces,
    nearness_of,
    traces_of,
    works_beside,
)
from worker.output import IMAGE, files_of
from worker.reports import Report
from worker.signature import read_signature, sign
from worker.signatures import NotOurs, SignatureClient
from worker.storage import FileCache, Storage

LONGEST_ESTIMATE = 10_000_000  # seconds; what the protocol allows
MIN_GAP = 1.0  # seconds between reports while there is news
MAX_GAP = 15.0  # seconds between reports while there is none


@dataclass(frozen=True)
class Workshop:
    """What every job needs; ``files`` keeps models and signatures at hand between jobs."""

    engine: Engine
    storage: Storage
    files: FileCache
    signatures: SignatureClient


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
    """Signs of life of a running job: often enough to keep its lease, seldom enough to be cheap.

    It passes an engine's progress on from a thread of its own, so that the engine never waits.

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


class Job(ABC):
    """One task in work, in three steps: ``fetch`` what it names, ``make`` it, ``deliver`` it.

    Reporting is left to the runner; the reports to send are made here.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._started_at = time.monotonic()

    def run(self, folder: Path, progress: Progress) -> Report:
        """Do the job in the empty ``folder``. Returns its final report.

        Nothing is stored when the job turns out not to be ours any more. Raises EngineError,
        StorageError, OSError and JobStopped.
        """
        self.fetch(folder, progress)
        progress.begin()
        self.make(folder, progress)
        progress.flush()
        return self.deliver()

    @abstractmethod
    def fetch(self, folder: Path, progress: Progress) -> None: ...

    @abstractmethod
    def make(self, folder: Path, progress: Progress) -> None: ...

    @abstractmethod
    def deliver(self) -> Report:
        """Store what was made under the task's output path."""

    @abstractmethod
    def started(self, pace: Pace | None) -> Report:
        """The job is being worked on; ``pace`` is None until the engine has begun."""

    @abstractmethod
    def failed(self, reason: str, *, retryable: bool) -> Report:
        """``reason`` is shown to users as it is."""


class GenerationJob(Job):
    """A picture with its previews."""

    def __init__(self, task: GenerationTask, shop: Workshop) -> None:
        super().__init__(shop)
        self._task = task
        # Of a picture that is not delivered for it.
        self._copied: WorkNearness | None = None

    def fetch(self, folder: Path, progress: Progress) -> None:
        wanted, files = self._task.data, self._shop.files
        self._model = files.fetch(wanted.lora_path)
        signature = wanted.signature_path
        self._signature = read_signature(files.fetch(signature)) if signature else None
        self._works = works_beside(wanted.lora_path, files)

    def make(self, folder: Path, progress: Progress) -> None:
        wanted = self._task.data
        drawn = self._shop.engine.generate(
            self._model,
            [tag for tag in wanted.prompt.split(", ") if tag],
            size=(wanted.width, wanted.height),
            seed=wanted.seed,
            on_progress=progress.note,
            settings=wanted.settings,
        )
        engine = self._shop.engine
        self._settings = {
            "engine": engine.name,
            "engine_version": engine.version,
            **drawn.info.get("settings", {}),
        }
        try:
            self._nearness = nearness_of(drawn, self._works)
        except TooNear as refused:
            self._copied = refused.nearness
            raise
        picture = sign(drawn, signature=self._signature, artist_name=wanted.artist_name)
        self._traces: Traces = {}
        if wanted.licence:
            picture = MARKER.embed(picture, wanted.licence.mark_id)
            self._traces = traces_of(picture)
        self._picture = picture
        self._placeholder = placeholder(picture)
        self._files = files_of(
            self._task, picture, self._shop.engine, lambda asked: self._sign(asked, progress)
        )
        for name, content in self._files.items():
            (folder / name).write_bytes(content)
        self._folder = folder

    def _sign(self, to_sign: ToSign, progress: Progress) -> bytes:
        try:
            return self._shop.signatures.sign(self._task, to_sign, progress.check)
        except NotOurs as error:
            progress.stop()
            raise JobStopped from error

    def deliver(self) -> GenerationReport:
        task, picture = self._task, self._picture
        output = task.data.output_path
        for name in self._files:
            kind = "image/png" if name == IMAGE else "image/webp"
            self._shop.storage.store(self._folder / name, under(output, name), kind)
        shown = reported_name("preview", picture.width)
        return GenerationReport(
            task_id=task.task_id,
            attempt=task.attempt,
            status="completed",
            image_path=under(output, IMAGE),
            file_sha256=hashlib.sha256(self._files[IMAGE]).hexdigest(),
            preview_sha256=hashlib.sha256(self._files[shown]).hexdigest(),
            nearness=self._nearness,
            **self._traces,
            metadata={
                "preview_path": under(output, shown),
                "placeholder": self._placeholder,
                "width": picture.width,
                "height": picture.height,
                "engine": self._shop.engine.name,
                "seconds": round(time.monotonic() - self._started_at, 3),
                "settings": self._settings,
            },
        )

    def started(self, pace: Pace | None) -> GenerationReport:
        task = self._task
        steps = None
        if pace is not None:
            steps = GenerationProgress(pace.done, pace.total, pace.percent, seconds_left(pace))
        return GenerationReport(task.task_id, task.attempt, "processing", progress=steps)

    def failed(self, reason: str, *, retryable: bool) -> GenerationReport:
        task = self._task
        return GenerationReport(
            *(task.task_id, task.attempt, "failed"),
            failure_reason=reason,
            retryable=retryable,
            nearness=self._copied,
        )


def under(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def seconds_left(pace: Pace) -> float | None:
    left = pace.estimated_seconds
    return None if left is None else min(left, LONGEST_ESTIMATE)
