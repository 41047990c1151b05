from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models.functions import Now

from app.models.style import Style
from app.models.user import User

# The folder of what may be uploaded to.
PLACES = "uploads"


class PendingUploadQuerySet(models.QuerySet["PendingUpload"]):
    def usable(self, user: User, now: datetime) -> PendingUploadQuerySet:
        return self.filter(user=user, expires_at__gt=now, key__startswith=f"{PLACES}/")


class PendingUpload(models.Model):
    """A storage key that an artist may upload to, until it is used or expires; or a file that goes
    when it expires, outside of PLACES."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200, unique=True, help_text="Storage key.")
    content_type = models.CharField(max_length=30)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PendingUploadQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(name="pending_upload_expiry", fields=["expires_at"])]

    def __str__(self) -> str:
        return self.key


class UploadCheck(models.Model):
    """Uploads that wait for their check before they become the works of a style."""

    style = models.OneToOneField(Style, models.CASCADE, related_name="+")
    works = models.JSONField(help_text="In their order: the upload's storage key, and its tags.")
    due_at = models.DateTimeField(help_text="When somebody may check it: the end of a lease.")
    begun_at = models.DateTimeField(db_default=Now(), editable=False)
    attempt = models.PositiveSmallIntegerField(default=0)
    folder = models.CharField(max_length=100, blank=True, help_text="Where this attempt stores.")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(name="upload_check_due", fields=["due_at"])]

    def __str__(self) -> str:
        return f"{self.style_id}"
