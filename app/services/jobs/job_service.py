"""What trainings and generations have in common: attempts, leases, retries."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from django.conf import settings

from app.exceptions import InvalidInput, StaleAttempt
from app.models.job import Job
from app.services import storage
from app.utils import clock

# How long the names of what a worker writes may be: what follows the attempt's folder, and the
# whole address. The database has room for no more.
MAX_BELOW_FOLDER = 200
MAX_ADDRESS = 500


class Try(Protocol):
    """One attempt at a job: the job itself, a task, a report."""

    @property
    def task_id(self) -> UUID: ...

    @property
    def attempt(self) -> int: ...


def require_current(job: Try, *, task_id: UUID, attempt: int) -> None:
    """Raise StaleAttempt unless the report is of the try that is under way."""
    if job.task_id != task_id or attempt < job.attempt:
        raise StaleAttempt
    if attempt > job.attempt:
        raise InvalidInput.field("attempt", f"The job is at attempt {job.attempt}.")


def is_lost(job: Job) -> bool:
    """Whether the lease of ``job`` ran out, and no report or other relay was faster to end it."""
    return job.lease_expires_at is not None and job.lease_expires_at <= clock.now()


def is_current_attempt(job: Job, *, task_id: UUID, attempt: int) -> bool:
    """Whether this very try is the latest of ``job``."""
    return job.task_id == task_id and job.attempt == attempt


def renew_lease(job: Job) -> None:
    job.lease_expires_at = clock.seconds_from_now(settings.JOB_LEASE_SECONDS)


def may_retry(job: Job) -> bool:
    return job.attempt < settings.JOB_MAX_ATTEMPTS


def start_next_attempt(job: Job) -> float:
    """Move ``job`` to its next attempt. Returns the seconds to wait before it is queued."""
    job.attempt += 1
    job.progress = None
    job.lease_expires_at = None
    delays = settings.JOB_RETRY_DELAYS
    return float(delays[min(job.attempt, len(delays)) - 1])


def output_folder(kind: str, job: Try) -> str:
    """The storage key under which one attempt of ``job`` writes, and nothing else may."""
    return f"{kind}/{job.task_id}/{job.attempt}"


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


def as_progress(progress: Any | None) -> dict[str, Any] | None:
    """A progress of the protocol as it is kept and shown."""
    if progress is None:
        return None
    return {name: getattr(progress, name) for name in progress.__struct_fields__}
