"""Takes one task from its delivery to its final report, whatever happens in between.

A task that comes again after a crash is done from its beginning, unless its report is on disk.
"""

import contextvars
import re
import threading
import time
from enum import Enum

import structlog

from protocol import GenerationTask, InvalidMessage, Task, decode_task, encode
from protocol.engines import DEFAULT_ENGINE
from worker.announcing import Tally
from worker.engines.base import EngineError
from worker.jobs import (
    MAX_GAP,
    MIN_GAP,
    GenerationJob,
    Job,
    JobStopped,
    Pace,
    Progress,
    Workshop,
)
from worker.reports import Delivery, Report, ReportClient, is_webhook
from worker.signatures import NotSigned
from worker.storage import StorageError
from worker.training import TrainingJob
from worker.workdir import WorkDir, job_name

log = structlog.get_logger()

STORAGE_AWAY = "The file storage could not be used."
NOT_SIGNED = "The picture could not be signed."
NO_REASON = "The style engine could not do this."
UNEXPECTED = "Something went wrong on our side."
OTHER_ENGINE = "The worker that took this has another engine than the style."
TOO_LONG = "This took too long and was stopped."

POLL = 0.1  # seconds between looks at the clock and at the stop signal
TIME_TO_STOP = 2.0  # seconds an engine has to let go of a job it was told to stop


class Outcome(Enum):
    """What becomes of the delivery that brought the task."""

    DONE = "done"  # settled: acknowledge it
    REJECT = "reject"  # never to be tried again: dead-letter it
    AGAIN = "again"  # not worked out: hand it back


class JobRunner:
    """Runs one task at a time.

    ``stuck`` is set once an engine holds on to a job that it was told to stop.
    Its thread cannot be ended from outside: the process has to exit.
    """

    def __init__(
        self,
        shop: Workshop,
        reports: ReportClient,
        work: WorkDir,
        *,
        stop: threading.Event,
        job_timeout: float,
        grace: float,
        max_silence: float = MAX_GAP,
        engine: str = DEFAULT_ENGINE,
        tally: Tally | None = None,
    ) -> None:
        """``engine`` is the name of the one whose tasks it takes. ``job_timeout``, ``grace`` (for a
        job that runs when ``stop`` is set) and ``max_silence`` (the longest gap between reports of
        a running job) are seconds.
        """
        self._shop = shop
        self._reports = reports
        self._work = work
        self._stop = stop
        self._job_timeout = job_timeout
        self._grace = grace
        self._max_silence = max_silence
        self._engine = engine
        self._tally = tally
        self.stuck = False

    def run(self, task: Task) -> Outcome:
        with structlog.contextvars.bound_contextvars(
            task_id=str(task.task_id), attempt=task.attempt, request_id=task.request_id
        ):
            if not is_webhook(task.webhook_url):
                log.error("task_without_webhook")
                return Outcome.REJECT
            if self._tally is not None:
                self._tally.begin(task)
            name = job_name(task)
            while not self._work.locks.acquire(name):
                # Delivered twice at once; whoever has it may die, so this one waits to take over.
                if self._stop.wait(1.0):
                    return Outcome.AGAIN
            try:
                if self._work.has_report(name):
                    log.info("task_already_done")
                    return Outcome.DONE
                outcome = self._run_claimed(task)
            finally:
                self._work.locks.release(name)
            log.info("task_left", outcome=outcome.value)
            return outcome

    def _run_claimed(self, task: Task) -> Outcome:
        job: Job = (
            GenerationJob(task, self._shop)
            if isinstance(task, GenerationTask)
            else TrainingJob(task, self._shop)
        )

        def still_ours(pace: Pace | None) -> bool:
            return self._reports.progress(task, job.started(pace))

        if task.data.engine != self._engine:
            return self._refuse(task, job)
        log.info("task_begun", kind=type(task).__name__)
        if not still_ours(None):
            return Outcome.DONE
        progress = Progress(
            still_ours, min_gap=min(MIN_GAP, self._max_silence), max_gap=self._max_silence
        )
        run = _Run(job, job_name(task), self._work, progress)
        progress.start()
        run.start()
        try:
            report = self._watch(run)
        finally:
            progress.close()
        if report is None:
            return Outcome.AGAIN if run.is_handed_back else Outcome.DONE
        return self._report(task, report)

    def _refuse(self, task: Task, job: Job) -> Outcome:
        """Somebody put it on a queue of ours. The next attempt goes on its own engine's."""
        log.error("task_of_another_engine", engine=task.data.engine, ours=self._engine)
        return self._report(task, job.failed(OTHER_ENGINE, retryable=True))

    def _report(self, task: Task, report: Report) -> Outcome:
        if self._tally is not None:
            self._tally.note(task, report)
        delivery = self._reports.final(task, report)
        log.info("job_reported", delivery=delivery.value)
        if delivery is Delivery.REFUSED:
            return Outcome.REJECT
        return Outcome.AGAIN if delivery is Delivery.LOST else Outcome.DONE

    def _watch(self, run: "_Run") -> Report | None:
        """Wait for the run; end it when its time is over or the worker has to go.

        Returns the report to send, if there is one: a job that is not ours any more has none.
        """
        give_up_at = time.monotonic() + self._job_timeout
        leave_at: float | None = None
        while not run.ended.wait(POLL):
            now = time.monotonic()
            if now >= give_up_at:
                log.error("job_timed_out", seconds=self._job_timeout)
                self.stuck |= not run.stop()
                return run.report or run.job.failed(TOO_LONG, retryable=True)
            if leave_at is None and self._stop.is_set():
                leave_at = now + self._grace
            if leave_at is not None and now >= leave_at:
                log.warning("job_handed_back")
                self.stuck |= not run.stop()
                run.is_handed_back = True
                break
        return run.report


class _Run(threading.Thread):
    """A job in a thread of its own; ``report`` says how it ended, or is None if it was stopped."""

    def __init__(self, job: Job, name: str, work: WorkDir, progress: Progress) -> None:
        super().__init__(name="job", daemon=True)
        self.job = job
        self._folder = work.job_folder(name)
        self._progress = progress
        self._context = contextvars.copy_context()
        self.report: Report | None = None
        self.is_handed_back = False
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            self.report = self._context.run(self._run_job)
        except JobStopped:
            self._context.run(log.info, "job_stopped")
        except BaseException:  # an engine's SystemExit would otherwise pass for a stopped job
            self.report = self.job.failed(UNEXPECTED, retryable=True)
            raise
        finally:
            self.ended.set()

    def stop(self) -> bool:
        """Tell the engine to let go. Returns whether it did, in time."""
        self._progress.stop()
        if self.ended.wait(TIME_TO_STOP):
            return True
        log.error("engine_stuck")
        return False

    def _run_job(self) -> Report:
        try:
            with self._folder as folder:
                report = self.job.run(folder, self._progress)
            encode(report)  # an engine's figures may be no JSON; better to know here
        except EngineError as error:
            log.warning("engine_refused", error=str(error), retryable=error.retryable)
            return self.job.failed(_sentence_for_users(error), retryable=error.retryable)
        except StorageError as error:
            log.warning("storage_failed", error=str(error), retryable=error.retryable)
            return self.job.failed(STORAGE_AWAY, retryable=error.retryable)
        except NotSigned as error:
            log.warning("not_signed", error=str(error))
            return self.job.failed(NOT_SIGNED, retryable=True)
        except OSError:
            log.exception("disk_failed")
            return self.job.failed(STORAGE_AWAY, retryable=True)
        # Whatever an engine raises, its user must hear of it and the worker must go on.
        except Exception:
            log.exception("job_crashed")
            return self.job.failed(UNEXPECTED, retryable=True)
        return report


def parse(body: bytes) -> Task | None:
    """The task in ``body``, or None when it holds none: such a delivery is to be rejected."""
    try:
        return decode_task(body)
    except InvalidMessage as error:
        log.error("poison_message", reason=str(error), size=len(body))
        return None


def _sentence_for_users(error: EngineError) -> str:
    """An engine's own words, unless they hold a path, an address or a stack."""
    text = " ".join(str(error).split())
    if (
        not text
        or len(text) > 300
        or re.search(r"\w[/\\]\w+[/\\]|(^|\s)[~/]\w|://|Traceback", text)
    ):
        return NO_REASON
    return text
