"""The kinds of jobs, the end of attempts whose lease has expired, and of jobs that no worker
takes."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.conf import settings

from app.delivery import outbox
from app.services import guard, measure_service, worker_service
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import JobKind
from app.services.training_service import TRAININGS
from app.utils import clock
from protocol.messages import engine_of

log = structlog.get_logger(__name__)

# By the kind of their tasks.
KINDS: dict[str, JobKind[Any, Any, Any]] = {kind.queue: kind for kind in (TRAININGS, GENERATIONS)}
LOST = "The server that worked on it stopped answering."
NO_WORKER = "No server took it in time."
BATCH = 100
# Until a job that breaks the sweep is looked at again: others get their turn meanwhile.
BROKEN_SECONDS = 60
# Since when this process has found engines without a worker, while tasks wait for them.
_unserved_since: dict[str, datetime] = {}


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


def end_unserved() -> int:
    """End what has waited for as long as all its attempts may wait, for engines that had no worker
    at any sweep of this process in that time. So after an outage of everything, workers have as
    long to come back. Returns how many.
    """
    now = clock.now()
    longest = settings.JOB_MAX_ATTEMPTS * settings.QUEUE_LEASE_SECONDS
    before = clock.seconds_from_now(-longest)
    waiting = {engine_of(queue) for queue in outbox.unsent_queues()}
    unserved = waiting - worker_service.served_engines() if waiting else waiting
    since = {engine: _unserved_since.get(engine, now) for engine in unserved}
    _unserved_since.clear()
    _unserved_since.update(since)
    given_up = [engine for engine in since if since[engine] <= before]
    if not given_up:
        return 0
    ended = 0
    for kind in KINDS.values():
        for job in kind.waiting_since(before, given_up, BATCH):
            end = partial(kind.end, job, NO_WORKER, retryable=False, only_waiting=True)
            if guard.attempt("without worker", end, kind=kind.noun, job_id=job.pk):
                ended += 1
    if ended:
        log.warning("no_worker", jobs=ended, engines=given_up)
    return ended
