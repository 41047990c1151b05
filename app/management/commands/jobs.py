"""``manage.py jobs``: list queued, running and stuck jobs, oldest first."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from app.services import operations_service


class Command(BaseCommand):
    help = "List the jobs that have not ended; --stuck only those whose lease ran out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stuck", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        jobs = operations_service.jobs_under_way(only_stuck=options["stuck"])
        for job in jobs:
            self.stdout.write(
                f"{job.kind:8} {job.id:>8}  {job.state:10}{' STUCK' if job.is_stuck else ''}"
                f"  attempt {job.attempt}  {_age(job.age_seconds):>9}  {job.request_id}"
            )
        counts = Counter(f"{job.kind}s {job.state}" for job in jobs)
        counts.update(f"{job.kind}s stuck" for job in jobs if job.is_stuck)
        summary = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        self.stdout.write(summary or "Nothing is under way.")


def _age(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}"
