"""What a picture may be shown as, and what checks by machine look at and have found."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from app.models.user import User


class Rating(models.TextChoices):
    """Only what is ``general`` is shown to everybody. What is not rated yet counts as ``mature``;
    what is ``blocked`` is private until our staff has looked at it."""

    UNRATED = "unrated", "Not looked at yet"
    GENERAL = "general", "For everybody"
    MATURE = "mature", "For those who want to see nudity"
    BLOCKED = "blocked", "Held for our staff"


class Looked(models.TextChoices):
    """What a check looks at, besides the works of a style (see CopyCheck)."""

    RESULT = "result", "A picture made here"
    PROFILE = "profile", "A profile picture"
    SIGNATURE = "signature", "A signature"


class CheckOutcome(models.TextChoices):
    WAITING = "waiting", "Not looked at yet"
    FOUND = "found", "Found by the check"
    LIFTED = "lifted", "Lifted by our staff"
    UPHELD = "upheld", "Upheld by our staff"


class PictureCheckQuerySet(models.QuerySet["PictureCheck"]):
    def due(self, now: datetime) -> PictureCheckQuerySet:
        return self.filter(outcome=CheckOutcome.WAITING, due_at__lte=now).order_by("due_at", "pk")

    def held(self) -> PictureCheckQuerySet:
        """Profile pictures and signatures that our staff has to look at, the longest first."""
        kinds = (Looked.PROFILE, Looked.SIGNATURE)
        return self.filter(outcome=CheckOutcome.FOUND, kind__in=kinds).order_by("found_at", "pk")


class PictureCheck(models.Model):
    """A profile picture or signature that waits for its check; or what a check has found, with all
    that explains it. What it finds nothing in leaves no row."""

    kind = models.CharField(max_length=10, choices=Looked.choices)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    picture_id = models.BigIntegerField(null=True, blank=True, help_text="Of a result.")
    key = models.CharField(max_length=300, help_text="Storage key of what was looked at.")
    outcome = models.CharField(
        max_length=10, choices=CheckOutcome.choices, default=CheckOutcome.WAITING
    )
    rating = models.CharField(max_length=10, choices=Rating.choices, blank=True)
    score = models.FloatField(null=True, blank=True, help_text="From 0 to 1, by the checker.")
    checker = models.CharField(max_length=60, blank=True, help_text="Its name and version.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it may be looked at.")
    attempt = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(db_default=Now(), editable=False)
    found_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="Of our staff's decision.")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = PictureCheckQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="picture_check_found_is_explained",
                condition=Q(outcome="waiting")
                | Q(score__isnull=False, found_at__isnull=False) & ~Q(checker="") & ~Q(rating=""),
            ),
        ]
        indexes = [
            models.Index(
                name="picture_check_due", fields=["due_at", "id"], condition=Q(outcome="waiting")
            ),
            models.Index(
                name="picture_check_held", fields=["found_at", "id"], condition=Q(outcome="found")
            ),
            models.Index(name="picture_check_of_picture", fields=["picture_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
