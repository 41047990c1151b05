"""What a training and a generation have in common: work that a worker does and may fail at."""

import uuid

from django.db import models


class Job(models.Model):
    """A task given to the workers.

    ``task_id`` and ``attempt`` identify one attempt at one task; reports of an older one are stale.
    ``lease_expires_at`` is set while the job is under way: past it, the job is taken to be lost.
    """

    task_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    attempt = models.PositiveSmallIntegerField(default=1)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(null=True, blank=True)
    failure_reason = models.CharField(max_length=1000, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True
