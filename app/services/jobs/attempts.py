"""Attempts at a job: one state machine for trainings and generations.

An attempt ends with a report of its worker, with its lease, or as a dead letter. It is then
followed by another one, or the job ends. What differs between the two kinds of jobs is said by the
subclasses of ``JobKind`` beside their use cases.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from app.delivery import outbox
from app.exceptions import InvalidInput, InvalidTransition, StaleAttempt
from app.models import Priority
from app.models.job import Job
from app.services import storage
from app.services.uploads import upload_service
from app.utils import clock
from protocol import GenerationReport, Task, TrainingReport
from protocol.messages import queue_for

# How long the names of what a worker writes may be: what follows the attempt's folder, and the
# whole address. The database has room for no more.
MAX_BELOW_FOLDER = 200
MAX_ADDRESS = 500

JobT = TypeVar("JobT", bound=Job)
ReportT = TypeVar("ReportT", TrainingReport, GenerationReport)
# What a worker has made, as the kind keeps it.
ResultT = TypeVar("ResultT")


class Attempt(Protocol):
    """What tells an attempt apart: a job, a task and a report all have it."""

    @property
    def task_id(self) -> UUID: ...

    @property
    def attempt(self) -> int: ...


class JobKind(ABC, Generic[JobT, ReportT, ResultT]):
    """The life of one kind of jobs. Every method has its own transaction, or joins the caller's.

    A job is locked before anything else; balances follow, in id order, and then tags.
    """

    noun: ClassVar[str]
    # That of the default engine; other engines have queues of their own.
    queue: ClassVar[str]
    # In which folder of the storage the workers write.
    folder: ClassVar[str]
    # Where a job, and a report about it, have their state.
    state_field: ClassVar[str]
    waiting: ClassVar[str]
    working: ClassVar[str]
    # What the state becomes once the queue has the task.
    accepted: ClassVar[str]
    completed: ClassVar[str]
    failed: ClassVar[str]
    moves: ClassVar[Mapping[Any, Collection[str]]]

    def __init__(self, model: type[JobT]) -> None:
        self.model = model

    # --- What differs -----------------------------------------------------------------------------

    @abstractmethod
    def lock(self, job_id: int, *, to_complete: bool = False) -> JobT:
        """Lock a job's row, and what ``complete`` needs locked after it. Raises NotFound."""

    @abstractmethod
    def task_of(self, job: JobT) -> Task:
        """What the workers are told."""

    @abstractmethod
    def engine_of(self, job: JobT) -> str:
        """The engine that is to do it."""

    @abstractmethod
    def owner_of(self, job: JobT) -> int:
        """The id of the user whose turn it takes."""

    @abstractmethod
    def names_of(self, job: JobT) -> Sequence[str]:
        """What workers of ours call what they store below an attempt's folder."""

    @abstractmethod
    def result_of(self, report: ReportT) -> ResultT:
        """What the worker says it made. Looks for its files, so no row is locked. Raises
        InvalidInput."""

    @abstractmethod
    def has_result(self, job: JobT, result: ResultT) -> bool:
        """Whether the job was completed with just this."""

    @abstractmethod
    def save_progress(self, job: JobT, *, begins: bool) -> None: ...

    @abstractmethod
    def complete(self, job: JobT, result: ResultT) -> None:
        """Save the completed job with its result; pay and notify."""

    @abstractmethod
    def fail(self, job: JobT) -> None:
        """Save the job that failed for good; refund and notify."""

    @abstractmethod
    def leave_queue(self, job: JobT) -> None:
        """Take the task of a job that has ended out of its queue, if it was not sent."""

    @abstractmethod
    def waiting_since(self, before: datetime, engines: Collection[str], limit: int) -> list[JobT]:
        """At most ``limit`` jobs for these engines that wait since a time ``before``, the oldest
        first. No worker was given them."""

    def priority_of(self, job: JobT) -> str:
        """What its buyer paid for."""
        return Priority.NORMAL

    def note_failure(self, job: JobT, report: ReportT) -> None:
        """Take over what a failed attempt tells besides its reason, before ``fail``."""

    # --- What is the same -------------------------------------------------------------------------

    def record_report(self, job_id: int, report: ReportT) -> JobT:
        """Take in what a worker reports. The same report twice changes nothing. What is made too
        late is ended instead.

        Raises NotFound, StaleAttempt, InvalidTransition, InvalidInput.
        """
        state = self.state_of(report)
        result = None
        if state == self.completed:
            try:
                result = self.result_of(report)
            except InvalidInput:
                # Wrong files of an attempt that is over are no mistake of the worker's.
                with transaction.atomic():
                    self._lock_current(job_id, report)
                raise
        with transaction.atomic():
            job = self._lock_current(job_id, report, to_complete=result is not None)
            is_late = state != self.failed and self.is_late(job)
            if result is not None and not is_late:
                self._complete(job, result)
            elif state == self.failed:
                self.note_failure(job, report)
                self._fail(job, report.failure_reason or "", retryable=report.retryable)
            elif not is_late:
                self._record_progress(job, report)
        if is_late:
            # In a transaction of its own, which locks balances in their order.
            self.end_late(job_id)
            raise InvalidTransition(f"This {self.noun} comes too late: nobody waits for it.")
        return job

    def is_late(self, job: JobT) -> bool:
        """Whether a locked job is under way, and nobody wants it any more."""
        return False

    def end_late(self, job_id: int) -> bool:
        """End a job for good if it is late. Returns False if it is not, or has ended."""
        return False

    @transaction.atomic
    def end(
        self,
        attempt: Attempt,
        reason: str,
        *,
        retryable: bool = True,
        only_waiting: bool = False,
    ) -> bool:
        """End an attempt that no worker can finish; for good unless ``retryable``.

        Returns False when it has ended already, or was given to a worker and is to end
        ``only_waiting``.
        """
        ids = self.model._default_manager.filter(task_id=attempt.task_id).values_list("pk")
        if not (found := ids.first()):
            return False
        job = self.lock(found[0])
        is_current = job.task_id == attempt.task_id and job.attempt == attempt.attempt
        if not is_current or self.state_of(job) not in (self.waiting, self.working):
            return False
        if only_waiting and job.lease_expires_at is not None:
            return False
        self._fail(job, reason, retryable=retryable)
        return True

    @transaction.atomic
    def give_up(self, job_id: int, reason: str) -> bool:
        """End an attempt whose lease ran out.

        Returns False when a report or another relay was faster.
        """
        job = self.lock(job_id)
        if job.lease_expires_at is None or job.lease_expires_at > clock.now():
            return False
        try:
            with transaction.atomic():
                self._fail(job, reason, retryable=True)
        except InvalidTransition as error:
            # No worker can be given it: its works are gone, or are to be looked at first.
            self._fail(self.lock(job_id), error.message, retryable=False)
        return True

    def end_locked(self, job: JobT, reason: str) -> None:
        """End a job for good that the caller has locked and found under way."""
        self._fail(job, reason, retryable=False)

    def put_off(self, job_id: int, seconds: float) -> None:
        """Look at an expired lease again that many seconds from now."""
        expired = self.model._default_manager.filter(pk=job_id, lease_expires_at__lte=clock.now())
        expired.update(lease_expires_at=clock.seconds_from_now(seconds))

    def mark_accepted(self, attempt: Attempt) -> None:
        """The queue has taken the task: it may wait there for a long while, but not for ever."""
        is_waiting = {self.state_field: self.waiting}
        self.model._default_manager.filter(
            task_id=attempt.task_id, attempt=attempt.attempt, **is_waiting
        ).update(
            lease_expires_at=clock.seconds_from_now(settings.QUEUE_LEASE_SECONDS),
            **{self.state_field: self.accepted},
        )

    def expired(self, limit: int) -> list[int]:
        """At most ``limit`` jobs whose lease ran out, by their ids, the longest first."""
        lost = self.model._default_manager.filter(lease_expires_at__lte=clock.now())
        ids = lost.order_by("lease_expires_at", "pk").values_list("pk", flat=True)
        return list(ids[:limit])

    def state_of(self, thing: JobT | ReportT) -> str:
        """That of a job, or the one that a report tells of."""
        return str(getattr(thing, self.state_field))

    def move(self, job: JobT, to: str) -> None:
        """Raises InvalidTransition unless the table allows it. The caller saves."""
        state = self.state_of(job)
        if to not in self.moves[state]:
            raise InvalidTransition(f"A {self.noun} that is {state} cannot become {to}.")
        setattr(job, self.state_field, to)

    def enqueue(self, job: JobT, *, delay: float = 0) -> None:
        """Write the job's task to the outbox, to be sent ``delay`` seconds from now."""
        due = clock.seconds_from_now(delay) if delay else None
        queue = queue_for(self.queue, self.engine_of(job))
        # What is tried again has waited already.
        owner_id = self.owner_of(job) if job.attempt == 1 else None
        outbox.enqueue(
            queue,
            self.task_of(job),
            owner_id=owner_id,
            priority=self.priority_of(job),
            available_at=due,
        )

    def enqueue_all(self, jobs: Iterable[JobT]) -> None:
        """Write the tasks of many jobs to the outbox at once."""
        outbox.enqueue_all(
            (
                queue_for(self.queue, self.engine_of(job)),
                self.task_of(job),
                self.owner_of(job),
                self.priority_of(job),
            )
            for job in jobs
        )

    def _lock_current(self, job_id: int, report: ReportT, *, to_complete: bool = False) -> JobT:
        """Lock the job, of whose latest attempt the report has to be."""
        job = self.lock(job_id, to_complete=to_complete)
        if job.task_id != report.task_id or report.attempt < job.attempt:
            raise StaleAttempt
        if report.attempt > job.attempt:
            raise InvalidInput.field("attempt", f"The job is at attempt {job.attempt}.")
        return job

    def _record_progress(self, job: JobT, report: ReportT) -> None:
        begins = self.state_of(job) != self.working
        if begins:
            self.move(job, self.working)
        if report.progress is not None:
            told = report.progress
            job.progress = {name: getattr(told, name) for name in told.__struct_fields__}
        job.lease_expires_at = clock.seconds_from_now(settings.JOB_LEASE_SECONDS)
        self.save_progress(job, begins=begins)

    def _complete(self, job: JobT, result: ResultT) -> None:
        if self.state_of(job) == self.completed and self.has_result(job, result):
            return
        self.move(job, self.completed)
        job.progress = job.lease_expires_at = None
        self.complete(job, result)
        self.forget_attempts(job, job.attempt - 1)

    def _fail(self, job: JobT, reason: str, *, retryable: bool) -> None:
        """Begin the next attempt, or end the job: when the reason is final, or after the last."""
        if self.state_of(job) == self.failed:
            return
        job.progress = job.lease_expires_at = None
        if retryable and job.attempt < settings.JOB_MAX_ATTEMPTS:
            if self.state_of(job) != self.waiting:
                self.move(job, self.waiting)
            job.attempt += 1
            job.save()
            delays = settings.JOB_RETRY_DELAYS
            self.enqueue(job, delay=float(delays[min(job.attempt, len(delays)) - 1]))
            return
        was_waiting = self.state_of(job) == self.waiting
        self.move(job, self.failed)
        job.failure_reason = reason
        self.fail(job)
        if was_waiting:
            self.leave_queue(job)
        if job.attempt > 1:
            self.forget_attempts(job, job.attempt)

    def forget_attempts(self, job: JobT, last: int) -> None:
        """Have deleted what the attempts up to the ``last`` may have stored, once no worker can be
        on its way with it."""
        if last:
            folders = [f"{self.folder}/{job.task_id}/{number}" for number in range(1, last + 1)]
            keys = [f"{folder}/{name}" for folder in folders for name in self.names_of(job)]
            seconds = upload_service.REPLACED_SECONDS
            upload_service.note(user_id=self.owner_of(job), keys=keys, seconds=seconds)


def output_folder(folder: str, attempt: Attempt) -> str:
    """The storage key under which one attempt writes, and nothing else may."""
    return f"{folder}/{attempt.task_id}/{attempt.attempt}"


def reported_key(address: str, folder: str, *, field: str) -> str:
    """The storage key of a file that a worker says it wrote. Raises InvalidInput.

    Looks at the storage, so it is called before any row is locked.
    """
    try:
        key = storage.key_under(address, folder)
    except storage.PathOutside as error:
        raise InvalidInput.field(field, f"The path {error}.") from error
    if len(key) > len(folder) + 1 + MAX_BELOW_FOLDER or len(storage.uri(key)) > MAX_ADDRESS:
        raise InvalidInput.field(
            field,
            f"At most {MAX_BELOW_FOLDER} characters may follow the output path,"
            f" and {MAX_ADDRESS} make the whole address.",
        )
    if not storage.exists(key):
        raise InvalidInput.field(field, "There is no file at this path.")
    return key
