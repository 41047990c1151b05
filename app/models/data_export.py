from __future__ import annotations

from django.db import models
from django.db.models import Q

from app.models.user import User


class DataExport(models.Model):
    """All that is kept of a user, in one file that is made for them and deleted a week later."""

    user = models.ForeignKey(User, models.CASCADE, related_name="data_exports")
    asked_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(help_text="When somebody may make it: the end of a lease.")
    attempt = models.PositiveSmallIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    key = models.CharField(max_length=100, blank=True, help_text="Storage key.")
    size = models.BigIntegerField(null=True, blank=True, help_text="Bytes.")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="data_export_one_under_way",
                fields=["user"],
                condition=Q(ready_at=None, failed_at=None),
            ),
            models.CheckConstraint(
                name="data_export_ready_has_file",
                condition=Q(ready_at=None) | (~Q(key="") & Q(expires_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                name="data_export_due",
                fields=["due_at"],
                condition=Q(ready_at=None, failed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"export of user {self.user_id}"
