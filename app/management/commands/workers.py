"""``manage.py workers``: which workers live, with what, and what they have done."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from app.models import Worker
from app.services import worker_service
from app.utils import clock


class Command(BaseCommand):
    help = "List the workers that have told of themselves in the last day."

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        for worker in Worker.objects.all():
            state = "lives" if worker_service.is_living(worker) else "gone"
            drawn = " ".join(map(str, worker.warm_styles)) or "none"
            self.stdout.write(
                f"{worker.engine} {worker.engine_version}  {state}"
                f"  seen {(now - worker.seen_at).total_seconds():.0f} s ago"
                f"  since {worker.started_at:%Y-%m-%d %H:%M} UTC"
                f"  done {worker.done_count}  failed {worker.failed_count}"
                f"  device {worker.device or '-'}  base {worker.base_model or '-'}"
                f"  version {worker.version or '-'}  styles {drawn}  {worker.pk}"
            )
        living = worker_service.living_by_engine()
        self.stdout.write(", ".join(f"{count} of {engine}" for engine, count in living.items()))
        if waiting := worker_service.jobs_without_worker():
            jobs = ", ".join(f"{count} for {engine}" for engine, count in waiting.items())
            raise CommandError(f"Jobs wait for an engine that no living worker has: {jobs}.")
