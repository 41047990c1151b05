"""What ends or prolongs attempts from outside: the queue, and the clock."""

from __future__ import annotations

from typing import Any

import structlog

from app.models import OutboxMessage
from app.services import measure_service
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import JobKind
from app.services.training_service import TRAININGS

log = structlog.get_logger(__name__)

KINDS: dict[str, JobKind[Any, Any, Any]] = {kind.queue: kind for kind in (TRAININGS, GENERATIONS)}
LOST = "The server that worked on it stopped answering."
BATCH = 100


def message_accepted(message: OutboxMessage) -> None:
    """The queue has the message: the job may wait there, within its queue lease."""
    KINDS[message.queue].mark_accepted(message)


def message_dead_lettered(message: OutboxMessage, reason: str) -> None:
    """No worker survives the message: the attempt ends now, for good when it was the last."""
    KINDS[message.queue].end(message, reason)


def sweep() -> int:
    """End every attempt whose lease ran out. Returns how many this sweeper ended.

    Any number of sweepers may run at once: each job is judged again under its lock.
    """
    given_up = 0
    for kind in KINDS.values():
        for job_id in kind.expired(BATCH):
            if kind.give_up(job_id, LOST):
                log.warning("lease_expired", kind=kind.noun, job_id=job_id)
                given_up += 1
    if given_up:
        measure_service.count(measure_service.LEASES_EXPIRED, given_up)
    return given_up
