"""The workers that have told of themselves, and engines that no worker has."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, QuerySet

from app.models import Generation, GenerationStatus, Style, Worker
from app.utils import clock
from protocol.workers import WorkerAnnouncement

# Workers tell of themselves every 30 seconds.
LIVING_SECONDS = 100
KEPT_SECONDS = 86_400
TOLD = (
    *("engine", "engine_version", "base_model", "device", "version", "warm_styles"),
    *("done_count", "failed_count", "started_at", "seen_at"),
)


def note(told: WorkerAnnouncement) -> Worker:
    """Keep what a worker tells of itself, in place of what it told before."""
    now = clock.now()
    worker = Worker(
        id=told.worker_id,
        engine=told.engine,
        engine_version=told.engine_version,
        base_model=told.base_model,
        device=told.device,
        version=told.version,
        warm_styles=told.warm_styles,
        done_count=told.done,
        failed_count=told.failed,
        started_at=now - timedelta(seconds=told.uptime_seconds),
        seen_at=now,
    )
    Worker.objects.bulk_create(
        [worker], update_conflicts=True, unique_fields=["id"], update_fields=TOLD
    )
    return worker


def is_living(worker: Worker) -> bool:
    return worker.seen_at > clock.seconds_from_now(-LIVING_SECONDS)


def _living() -> QuerySet[Worker]:
    return Worker.objects.filter(seen_at__gt=clock.seconds_from_now(-LIVING_SECONDS))


def living_by_engine() -> dict[str, int]:
    """How many workers live, by engine: of those that the site offers, and of all that live."""
    counted = _living().order_by().values_list("engine").annotate(n=Count("pk"))
    return dict.fromkeys(settings.ENGINES, 0) | dict(counted)


def served_engines() -> set[str]:
    """Those that a living worker has, or to whose workers something was given that they may still
    have: not every worker tells of itself."""
    now = clock.now()
    pictures = Generation.objects.filter(lease_expires_at__gt=now).order_by()
    trainings = Style.objects.filter(lease_expires_at__gt=now).order_by()
    found = (
        _living()
        .order_by()
        .values_list("engine")
        .union(pictures.values_list("style__engine"), trainings.values_list("engine"))
    )
    return {engine for (engine,) in found}


def jobs_without_worker() -> dict[str, int]:
    """How many jobs wait for an engine that no living worker has, by engine."""
    queued = Generation.objects.filter(status=GenerationStatus.QUEUED).order_by()
    pictures = queued.values_list("style__engine").annotate(n=Count("pk"))
    trainings = Style.objects.under_way().order_by().values_list("engine").annotate(n=Count("pk"))
    living = living_by_engine()
    waiting: dict[str, int] = {}
    for engine, count in (*pictures, *trainings):
        if not living.get(engine):
            waiting[engine] = waiting.get(engine, 0) + count
    return waiting


def forget_old() -> int:
    """Delete the rows of workers that are gone for a day. Returns how many."""
    return Worker.objects.filter(seen_at__lt=clock.seconds_from_now(-KEPT_SECONDS)).delete()[0]
