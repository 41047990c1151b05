"""Takes one task from its delivery to its final report, whatever happens in between."""

import contextvars
import threading
import time
from enum import Enum

import structlog

from protocol import Task, encode
from worker.engines.base import EngineError
from worker.jobs import Workshop, failed_report, sentence_for_users, started_report, work_out
from worker.progress import MAX_GAP, MIN_GAP, JobStopped, Pace, Progress
from worker.reports import Delivery, Report, ReportClient, is_webhook
from worker.storage import StorageError
from worker.workdir import WorkDir, job_name

log = structlog.get_logger()

STORAGE_AWAY = "The file storage could not be used."
UNEXPECTED = "Something went wrong on our side."
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
    ) -> None:
        """``job_timeout``, ``grace`` (for a job that runs when ``stop`` is set) and ``max_silence``
        (the longest gap between reports of a running job) are seconds.
        """
        self._shop = shop
        self._reports = reports
        self._work = work
        self._stop = stop
        self._job_timeout = job_timeout
        self._grace = grace
        self._max_silence = max_silence
        self.stuck = False

    def run(self, task: Task) -> Outcome:
        with structlog.contextvars.bound_contextvars(
            task_id=str(task.task_id), attempt=task.attempt, request_id=task.request_id
        ):
            if not is_webhook(task.webhook_url):
                log.error("task_without_webhook")
                return Outcome.REJECT
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
        def still_ours(pace: Pace | None) -> bool:
            return self._reports.progress(task, started_report(task, pace))

        log.info("task_begun", kind=type(task).__name__)
        if not still_ours(None):
            return Outcome.DONE
        progress = Progress(
            still_ours, min_gap=min(MIN_GAP, self._max_silence), max_gap=self._max_silence
        )
        job = _Job(task, self._shop, self._work, progress)
        progress.start()
        job.start()
        try:
            ended = self._watch(task, job, progress)
        finally:
            progress.close()
        if isinstance(ended, Outcome):
            return ended
        return self._tell(task, ended)

    def _watch(self, task: Task, job: "_Job", progress: Progress) -> Report | Outcome:
        """Wait for the job; end it when its time is over or the worker has to go."""
        give_up_at = time.monotonic() + self._job_timeout
        leave_at: float | None = None
        while not job.ended.wait(POLL):
            now = time.monotonic()
            if now >= give_up_at:
                log.error("job_timed_out", seconds=self._job_timeout)
                self._end(job, progress)
                return job.report or failed_report(task, TOO_LONG, retryable=True)
            if leave_at is None and self._stop.is_set():
                leave_at = now + self._grace
            if leave_at is not None and now >= leave_at:
                log.warning("job_handed_back")
                self._end(job, progress)
                return job.report or Outcome.AGAIN
        return job.report or Outcome.DONE  # no report: it was stopped, being no longer ours

    def _end(self, job: "_Job", progress: Progress) -> None:
        progress.stop()
        if not job.ended.wait(TIME_TO_STOP):
            log.error("engine_stuck")
            self.stuck = True

    def _tell(self, task: Task, report: Report) -> Outcome:
        delivery = self._reports.final(task, report)
        log.info("job_reported", delivery=delivery.value)
        if delivery is Delivery.REFUSED:
            return Outcome.REJECT
        return Outcome.AGAIN if delivery is Delivery.LOST else Outcome.DONE


class _Job(threading.Thread):
    """One run of the engine; ``report`` says how it ended, or stays None when it was stopped."""

    def __init__(self, task: Task, shop: Workshop, work: WorkDir, progress: Progress) -> None:
        super().__init__(name="job", daemon=True)
        self._task = task
        self._shop = shop
        self._work = work
        self._progress = progress
        self._context = contextvars.copy_context()
        self.report: Report | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            self.report = self._context.run(self._work_out)
        except JobStopped:
            self._context.run(log.info, "job_stopped")
        except BaseException:  # an engine's SystemExit would otherwise pass for a stopped job
            self.report = failed_report(self._task, UNEXPECTED, retryable=True)
            raise
        finally:
            self.ended.set()

    def _work_out(self) -> Report:
        task = self._task
        try:
            with self._work.job_folder(job_name(task)) as folder:
                report = work_out(task, self._shop, self._progress, folder)
            encode(report)  # an engine's figures may be no JSON; better to know here
        except EngineError as error:
            log.warning("engine_refused", error=str(error), retryable=error.retryable)
            return failed_report(task, sentence_for_users(error), retryable=error.retryable)
        except StorageError as error:
            log.warning("storage_failed", error=str(error), retryable=error.retryable)
            return failed_report(task, STORAGE_AWAY, retryable=error.retryable)
        except OSError:
            log.exception("disk_failed")
            return failed_report(task, STORAGE_AWAY, retryable=True)
        # Whatever an engine raises, its user must hear of it and the worker must go on.
        except Exception:
            log.exception("job_crashed")
            return failed_report(task, UNEXPECTED, retryable=True)
        return report
