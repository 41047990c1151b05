"""Money that goes out: what artists are paid, and the platform's fee."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from app.models.payment import MoveStatus, own_name
from app.models.user import User


class Payout(models.Model):
    """All that was payable to an artist at one time. At most one is under way for each artist.

    Prices are whole numbers of the smallest unit of their currency.
    """

    artist = models.ForeignKey(User, models.PROTECT, related_name="payouts", db_index=False)
    amount = models.PositiveIntegerField(help_text="Tokens.")
    price = models.PositiveBigIntegerField(help_text="In the currency's smallest unit.")
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=10, choices=MoveStatus.choices, default=MoveStatus.REQUESTED
    )
    until = models.DateTimeField(help_text="Sales up to then were no longer on hold.")
    held_styles = ArrayField(
        models.BigIntegerField(),
        null=True,
        blank=True,
        help_text="Styles on hold at that time: nothing of what they earned is in it.",
    )
    is_monthly = models.BooleanField(default=False)
    gateway = models.CharField(max_length=30)
    reference = own_name()
    account_id = models.CharField(max_length=100, blank=True)
    transfer_id = models.CharField(max_length=100, blank=True)
    payout_id = models.CharField(max_length=100, blank=True, help_text="To the artist's bank.")
    failure = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="payout_positive", condition=Q(amount__gt=0, price__gt=0)),
            models.UniqueConstraint(
                name="payout_one_under_way",
                fields=["artist"],
                condition=Q(status__in=["requested", "sent"]),
            ),
            models.UniqueConstraint(name="payout_reference_unique", fields=["reference"]),
            models.UniqueConstraint(
                name="payout_transfer_unique",
                fields=["transfer_id"],
                condition=~Q(transfer_id=""),
            ),
        ]
        indexes = [
            models.Index(
                F("artist"), F("created_at").desc(), F("id").desc(), name="payout_by_artist"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} tokens to {self.artist_id}"


class FeeChange(models.Model):
    """The platform's fee from a day on. Before the first one, it is PLATFORM_FEE_PERCENT."""

    percent = models.PositiveSmallIntegerField()
    announced_at = models.DateTimeField(auto_now_add=True)
    effective_at = models.DateTimeField(unique=True)

    class Meta:
        ordering = ["-effective_at"]
        constraints = [
            models.CheckConstraint(name="fee_change_is_percent", condition=Q(percent__lte=100)),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % from {self.effective_at:%Y-%m-%d}"
