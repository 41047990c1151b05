"""The kinds of jobs, and the end of attempts whose lease has expired."""

from __future__ import annotations

from typing import Any

import structlog

from app.services import measure_service
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import JobKind
from app.services.training_service import TRAININGS

log = structlog.get_logger(__name__)

# By the kind of their tasks.
KINDS: dict[str, JobKind[Any, Any, Any]] = {kind.queue: kind for kind in (TRAININGS, GENERATIONS)}
LOST = "The server that worked on it stopped answering."
BATCH = 100


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
