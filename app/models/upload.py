from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from app.models.style import Style
from app.models.user import User

# The folder of what may be uploaded to.
PLACES = "uploads"


class PendingUploadQuerySet(models.QuerySet["PendingUpload"]):
    def usable(self, now: datetime) -> PendingUploadQuerySet:
        """Places to upload to that nobody has used."""
        waiting = self.filter(expires_at__gt=now, key__startswith=f"{PLACES}/")
        return waiting.exclude(content_type="")


class PendingUpload(models.Model):
    """A storage key that an artist may upload to, until it is used or expires; or, without a type,
    a file that goes when it expires."""

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


class ReviewState(models.TextChoices):
    """Of a style with works that are nearly the same as works or pictures of others."""

    WAITING = "waiting", "Waits for our staff"
    ALLOWED = "allowed", "May be trained on"
    REFUSED = "refused", "Refused"


class Original(models.TextChoices):
    """What a work may be nearly the same as; or that it shows nudity."""

    WORK = "work", "A work of another artist"
    PICTURE = "picture", "A picture made here in another's style"
    NUDITY = "nudity", "Nudity"


class CopyCheckQuerySet(models.QuerySet["CopyCheck"]):
    def due(self, now: datetime) -> CopyCheckQuerySet:
        """Those that somebody may begin, or go on with."""
        return self.filter(due_at__lte=now)

    def unseen(self) -> CopyCheckQuerySet:
        """Those without a finding so far."""
        return self.filter(held_at__isnull=True)

    def held(self) -> CopyCheckQuerySet:
        """Those that wait for our staff, the longest first."""
        wanted = Q(style__is_active=True) | Q(style__is_draft=True)
        return self.filter(wanted, held_at__isnull=False).order_by("held_at", "pk")


class CopyCheck(models.Model):
    """A style that is not trained before its works were compared with those of others. While the
    row is there, nothing trains the style."""

    style = models.OneToOneField(Style, models.CASCADE, related_name="copy_check")
    due_at = models.DateTimeField(
        null=True, help_text="When somebody may do it: the end of a lease. Empty once it is held."
    )
    begun_at = models.DateTimeField(db_default=Now(), editable=False)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, editable=False, help_text="Of this attempt alone.")
    held_at = models.DateTimeField(null=True, help_text="Since when it waits for our staff.")
    found = models.JSONField(default=list, help_text="Which works, and what each is like.")

    objects = CopyCheckQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(name="copy_check_due", fields=["due_at"])]

    def __str__(self) -> str:
        return f"{self.style_id}"

    @property
    def work_count(self) -> int:
        """In how many works something was found."""
        return len({each["work"] for each in self.found})
