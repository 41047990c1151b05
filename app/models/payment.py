"""Money that comes in: purchases of tokens, refunds of them, and disputes.

Prices are whole numbers of the smallest unit of their currency: cents of a dollar, won.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast

from app.models.user import User


def own_name() -> models.CharField[Any, Any]:
    """What we call a row at the provider, in names and in idempotency keys. Ids come again after a
    backup was restored, and the provider would answer with what it did for another row; this never
    does. Rows from before there was such a name keep their number, by which the provider knows
    them."""
    return models.CharField(
        max_length=36,
        editable=False,
        db_default=Cast(RandomUUID(), models.CharField()),
        help_text="What we call it at the provider.",
    )


class PurchaseStatus(models.TextChoices):
    PENDING = "pending", "Waits for the payment"
    PAID = "paid", "Paid"
    EXPIRED = "expired", "Not paid in time"
    FAILED = "failed", "The payment failed"
    REFUNDED = "refunded", "Refunded"
    PARTLY_REFUNDED = "partly_refunded", "Refunded in part"
    DISPUTED = "disputed", "Disputed"
    WON = "won", "Disputed, and the platform won"
    LOST = "lost", "Disputed, and the platform lost"


# The tokens of all others were given.
NOT_PAID = (PurchaseStatus.PENDING, PurchaseStatus.EXPIRED, PurchaseStatus.FAILED)


class Purchase(models.Model):
    """Tokens bought through the payment gateway.

    ``gateway_reference`` is ours where the gateway asks the buyer to pay on a page of its own, and
    the gateway's otherwise.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="purchases")
    amount = models.PositiveIntegerField(help_text="Tokens.")
    payment_method = models.CharField(max_length=30)
    gateway = models.CharField(max_length=30)
    gateway_reference = models.CharField(max_length=100)
    # The versions before know only purchases that are paid.
    status = models.CharField(
        max_length=15,
        choices=PurchaseStatus.choices,
        default=PurchaseStatus.PAID,
        db_default=PurchaseStatus.PAID,
    )
    price = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="In the currency's smallest unit; null: no money."
    )
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    session_id = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="Where the buyer pays."
    )
    payment_id = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="The gateway's payment."
    )
    checkout_url = models.TextField(blank=True, default="", db_default="")
    refunded_amount = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Tokens whose money went back."
    )
    paid_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the gateway was last asked about it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="purchase_amount_in_range",
                condition=Q(amount__gte=100, amount__lte=1_000_000),
            ),
            models.CheckConstraint(
                name="purchase_refunded_in_range",
                condition=Q(refunded_amount__lte=F("amount")),
            ),
            models.UniqueConstraint(
                name="purchase_reference_unique", fields=["gateway", "gateway_reference"]
            ),
            models.UniqueConstraint(
                name="purchase_session_unique", fields=["session_id"], condition=~Q(session_id="")
            ),
            models.UniqueConstraint(
                name="purchase_payment_unique", fields=["payment_id"], condition=~Q(payment_id="")
            ),
        ]
        indexes = [
            models.Index(
                name="purchase_pending", fields=["created_at"], condition=Q(status="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} tokens"

    @property
    def is_paid(self) -> bool:
        return self.status not in NOT_PAID


class MoveStatus(models.TextChoices):
    """Of money that is on its way from the platform to somebody."""

    REQUESTED = "requested", "To be sent"
    SENT = "sent", "On its way"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    REVERSED = "reversed", "Sent back"


# Not at its end.
UNDER_WAY = (MoveStatus.REQUESTED, MoveStatus.SENT)


class PurchaseRefund(models.Model):
    """Unused tokens of a purchase, given back for money. Staff may give money back for used ones:
    then ``amount`` is what of them was left, and ``lost`` what was not: the platform bears it."""

    purchase = models.ForeignKey(Purchase, models.PROTECT, related_name="refunds")
    reference = own_name()
    amount = models.PositiveIntegerField(help_text="Tokens.")
    lost = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Tokens whose money went back although they were spent."
    )
    price = models.PositiveBigIntegerField(help_text="In the currency's smallest unit.")
    status = models.CharField(
        max_length=10, choices=MoveStatus.choices, default=MoveStatus.REQUESTED
    )
    provider_id = models.CharField(max_length=100, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                # No tokens: of money that staff gave back for tokens that were spent.
                name="purchase_refund_positive",
                condition=Q(price__gte=0) & (Q(amount__gt=0) | Q(price__gt=0)),
            ),
            models.UniqueConstraint(name="purchase_refund_reference_unique", fields=["reference"]),
            models.UniqueConstraint(
                name="purchase_refund_provider_unique",
                fields=["provider_id"],
                condition=~Q(provider_id=""),
            ),
            models.UniqueConstraint(
                name="purchase_refund_one_under_way",
                fields=["purchase"],
                condition=Q(status__in=["requested", "sent"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} tokens of purchase {self.purchase_id}"


class DisputeStatus(models.TextChoices):
    OPEN = "open", "Open"
    WON = "won", "The platform won"
    LOST = "lost", "The platform lost"


class Dispute(models.Model):
    """A buyer's bank takes a payment back, at least until the dispute is decided."""

    purchase = models.ForeignKey(Purchase, models.PROTECT, related_name="disputes")
    provider_id = models.CharField(max_length=100, unique=True)
    amount = models.PositiveIntegerField(help_text="Tokens that the disputed money bought.")
    price = models.PositiveBigIntegerField(help_text="In the currency's smallest unit.")
    reason = models.CharField(max_length=100, blank=True)
    status = models.CharField(
        max_length=10, choices=DisputeStatus.choices, default=DisputeStatus.OPEN
    )
    taken = models.PositiveIntegerField(default=0, help_text="Tokens that were taken back.")
    to_revoke = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Tokens whose licences are still to be revoked."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="dispute_taken_in_range", condition=Q(taken__lte=F("amount"))
            ),
        ]

    def __str__(self) -> str:
        return f"dispute of purchase {self.purchase_id}"


class PaymentEvent(models.Model):
    """What a gateway told, once each. Written in the transaction of its effect."""

    gateway = models.CharField(max_length=30)
    event_id = models.CharField(max_length=100)
    type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(help_text="By the gateway's clock.")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="payment_event_unique", fields=["gateway", "event_id"]),
        ]
        indexes = [models.Index(name="payment_event_received", fields=["received_at"])]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class AccountStatus(models.TextChoices):
    """Of an artist's account at the gateway, which pays them."""

    NONE = "none", "Not begun"
    ONBOARDING = "onboarding", "Begun"
    ENABLED = "enabled", "Ready"
    RESTRICTED = "restricted", "Something is missing"
    REJECTED = "rejected", "Refused by the gateway"


class PaymentProfile(models.Model):
    """What a gateway knows somebody by: as a buyer, and as an artist who is paid."""

    user = models.ForeignKey(User, models.PROTECT, related_name="payment_profiles")
    gateway = models.CharField(max_length=30)
    reference = own_name()
    customer_id = models.CharField(max_length=100, blank=True)
    account_id = models.CharField(max_length=100, blank=True)
    account_status = models.CharField(
        max_length=10, choices=AccountStatus.choices, default=AccountStatus.NONE
    )
    account_note = models.CharField(
        max_length=300, blank=True, help_text="What the gateway still asks for."
    )
    pays_monthly = models.BooleanField(
        default=False, help_text="What is payable is paid out on the first of each month."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_profile_once", fields=["user", "gateway"]),
            models.UniqueConstraint(name="payment_profile_reference_unique", fields=["reference"]),
            models.UniqueConstraint(
                name="payment_profile_account_unique",
                fields=["gateway", "account_id"],
                condition=~Q(account_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.gateway}"
