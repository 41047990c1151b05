"""The kinds of jobs, and the end of attempts whose lease has expired."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog

from app.services import guard, measure_service
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import JobKind
from app.services.training_service import TRAININGS

log = structlog.get_logger(__name__)

# By the kind of their tasks.
KINDS: dict[str, JobKind[Any, Any, Any]] = {kind.queue: kind for kind in (TRAININGS, GENERATIONS)}
LOST = "The server that worked on it stopped answering."
BATCH = 100
# Until a job that breaks the sweep is looked at again: others get their turn meanwhile.
BROKEN_SECONDS = 60


def sweep() -> int:
    """End every attempt whose lease ran out. Returns how many this sweeper ended.

    Any number of sweepers may run at once: each job is judged again under its lock.
    """
    given_up = 0
    for kind in KINDS.values():
        for job_id in kind.expired(BATCH):
            end = partial(kind.give_up, job_id, LOST)
            ended = guard.attempt("leases", end, kind=kind.noun, job_id=job_id)
            if ended:
                log.warning("lease_expired", kind=kind.noun, job_id=job_id)
                given_up += 1
            elif ended is None:
                guard.attempt("leases", partial(kind.put_off, job_id, BROKEN_SECONDS))
    if given_up:
        measure_service.count(measure_service.LEASES_EXPIRED, given_up)
    return given_up
