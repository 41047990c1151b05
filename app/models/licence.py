"""Licences: the right to use one picture, which anybody can check."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from app.exceptions import NotFound
from app.models.generation import Generation
from app.models.user import User


class LicenceState(models.TextChoices):
    ACTIVE = "active", "Valid"
    REFUNDED = "refunded", "Refunded"
    REVOKED = "revoked", "Revoked"


class LicenceQuerySet(models.QuerySet["Licence"]):
    def with_picture(self) -> LicenceQuerySet:
        """With all that a certificate says."""
        return self.select_related("generation__user", "generation__style__artist")

    def numbered(self, number: str) -> Licence:
        """Raises NotFound, also for a number whose picture is not completed."""
        found = self.with_picture().filter(number=number).first()
        if found is None:
            raise NotFound("There is no licence with this number.")
        return found

    def ended(self) -> LicenceQuerySet:
        return self.exclude(state=LicenceState.ACTIVE)

    def of(self, user: User) -> LicenceQuerySet:
        """The licences that ``user`` bought, newest first."""
        return self.filter(generation__user_id=user.pk).order_by("-issued_at", "-pk")


class Licence(models.Model):
    """The licence of a completed picture, written in the transaction that pays its artist.

    Terms, price, buyer and style are those of the order, and are kept there. What is known of the
    file is null where the worker did not tell.
    """

    generation = models.OneToOneField(
        Generation, models.PROTECT, primary_key=True, related_name="licence"
    )
    number = models.CharField(max_length=17, unique=True)
    file_sha256 = models.CharField(max_length=64, null=True, blank=True)
    preview_sha256 = models.CharField(max_length=64, null=True, blank=True)
    pdq = models.BinaryField(max_length=32, null=True, help_text="A fingerprint of 256 bits.")
    bands = ArrayField(
        models.IntegerField(), size=16, null=True, help_text="The fingerprint in 16 parts."
    )
    features = models.BinaryField(max_length=160, null=True)
    issued_at = models.DateTimeField()
    booked_at = models.DateTimeField(
        db_default=Now(),
        editable=False,
        help_text="When the row was written, by the database's clock: its day in the books.",
    )
    state = models.CharField(
        max_length=10, choices=LicenceState.choices, default=LicenceState.ACTIVE
    )
    state_reason = models.CharField(max_length=500, blank=True)
    state_changed_at = models.DateTimeField(null=True, blank=True)
    buyer_is_named = models.BooleanField(default=False, help_text="Whether the buyer wants that.")

    objects = LicenceQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-pk"]
        indexes = [
            GinIndex(fields=["bands"], name="licence_bands"),
            # Rows are written in the order of time.
            BrinIndex(fields=["booked_at"], name="licence_booked"),
        ]
        constraints = [
            models.CheckConstraint(
                name="licence_state_known", condition=Q(state__in=LicenceState.values)
            ),
            models.CheckConstraint(
                name="licence_change_has_time",
                condition=Q(state=LicenceState.ACTIVE) | Q(state_changed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def user_id(self) -> int:
        """Who bought it."""
        return self.generation.user_id

    @property
    def is_valid(self) -> bool:
        return self.state == LicenceState.ACTIVE


class SigningKey(models.Model):
    """The public part of a key that certificates were signed with. It stays published after another
    took its place, so that what it signed can still be checked."""

    kid = models.CharField(max_length=43, primary_key=True, help_text="RFC 7638 thumbprint.")
    jwk = models.JSONField()
    first_used_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["first_used_at", "pk"]

    def __str__(self) -> str:
        return self.kid
