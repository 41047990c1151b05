"""The workers that have told of themselves."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Worker(models.Model):
    """A worker process, as it last told of itself. Rows of those that are gone are deleted after a
    day (``worker_service.forget_old``)."""

    id = models.UUIDField(primary_key=True, help_text="Drawn by the process when it starts.")
    engine = models.CharField(max_length=30)
    engine_version = models.CharField(max_length=50)
    base_model = models.CharField(max_length=200, blank=True)
    device = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=50, blank=True, help_text="That of the program.")
    warm_styles = ArrayField(
        models.BigIntegerField(), help_text="Those whose models it holds, by their ids."
    )
    done_count = models.PositiveIntegerField()
    failed_count = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["engine", "started_at", "pk"]

    def __str__(self) -> str:
        return f"{self.engine} {self.pk}"
