from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, TruncDate

from app.models.generation import Generation
from app.models.order import Order
from app.models.payment import Dispute, Purchase, PurchaseRefund
from app.models.payout import Payout
from app.models.user import User

WELCOME_BONUS_MEMO = "welcome_bonus"
# That of the entries by which the sale of a completed picture is reversed, and of that by which an
# artist who won an appeal has the share again.
REVERSED_MEMO = "generation_reversed"
# Of what a lost dispute takes at its end: by then the buyer had tokens again.
TAKEN_LATE_MEMO = "dispute_lost"
# The user of a ledger entry: an entry has either a sender or a receiver.
PARTY = Coalesce("sender_id", "receiver_id")


class TransactionType(models.TextChoices):
    """What is stored. The column has ten characters, and is not widened: prepared statements of
    the version before would fail. ``PUBLIC_TYPES`` has what the API says."""

    CONSUME = "consume", "Paid for a picture"
    EARN = "earn", "Earned"
    REFUND = "refund", "Refunded"
    PURCHASE = "purchase", "Bought"
    REVERSAL = "reversal", "Taken back"
    REVERSAL_RETURN = "rev_ret", "Given back after an appeal"
    PAYOUT = "payout", "Paid out"
    PAYOUT_RETURN = "payout_ret", "Payout returned"
    PURCHASE_REFUND = "refund_out", "Purchase refunded"
    REFUND_RETURN = "refund_ret", "Refund returned"
    CHARGEBACK = "chargeback", "Payment disputed"
    CHARGEBACK_RETURN = "charge_ret", "Dispute won"
    LOSS = "loss", "Lost by the platform"
    LOSS_RETURN = "loss_ret", "Loss returned"
    FORFEIT = "forfeit", "Given up"


# The public name of each type, and what it is called.
PUBLIC_TYPES = {kind.value: kind.name.lower() for kind in TransactionType}
PUBLIC_CHOICES = [(kind.name.lower(), kind.label) for kind in TransactionType]
# Taken from its sender; given to its receiver.
TAKEN = ["consume", "reversal", "payout", "refund_out", "chargeback", "forfeit"]
GIVEN = ["earn", "refund", "purchase", "payout_ret", "refund_ret", "charge_ret", "rev_ret"]
# Of a sale that was reversed.
OF_REVERSALS = ["refund", "reversal", "rev_ret"]
# The platform's alone: of a dispute, or of a refund.
LOSSES = ["loss", "loss_ret"]
# These name what they are of.
OF_MONEY = [
    *("payout", "payout_ret", "refund_out", "refund_ret", "chargeback", "charge_ret"),
    *LOSSES,
]


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def of(self, user: User) -> TransactionQuerySet:
        """The user's history, newest first."""
        return self.alias(party=PARTY).filter(party=user.pk).order_by("-created_at", "-pk")

    def with_style(self) -> TransactionQuerySet:
        """With the style of the generation that the entry is for, or the order, if any."""
        return self.select_related("generation__style", "order")

    def bought(self, pk: int, balance: int | None = None) -> Transaction:
        """A purchase with its buyer, who had ``balance`` afterwards."""
        purchase = self.select_related("receiver").get(pk=pk)
        if balance is not None and purchase.receiver:
            purchase.receiver.token_balance = balance
        return purchase

    def of_type(self, kind: str) -> TransactionQuerySet:
        """Only entries of the type with this public name; all if ``kind`` is empty."""
        return self.filter(type=TransactionType[kind.upper()]) if kind else self

    def of_generation(self, generation_id: int) -> TransactionQuerySet:
        """All entries of one generation, oldest first."""
        return self.filter(generation_id=generation_id).order_by("created_at", "pk")

    def earned_daily(self, user_id: int, since: datetime, zone: tzinfo = UTC) -> dict[date, int]:
        """Tokens that the artist's styles have earned for each day in ``zone``; days without
        earnings are missing. What was taken back is left out on the day of its sale.
        """
        days = (
            self.filter(
                receiver_id=user_id,
                type=TransactionType.EARN,
                generation__isnull=False,
                created_at__gte=since,
            )
            .order_by()
            .annotate(day=TruncDate("created_at", tzinfo=zone))
            .values("day")
            .annotate(total=models.Sum("amount"))
        )
        earned = {row["day"]: row["total"] for row in days}
        taken_back = (
            self.taken_back_from(user_id)
            .filter(
                generation__transactions__type=TransactionType.EARN,
                generation__transactions__created_at__gte=since,
            )
            .annotate(day=TruncDate("generation__transactions__created_at", tzinfo=zone))
        )
        for day, kind, amount in taken_back.values_list("day", "type", "amount"):
            earned[day] += amount if kind == TransactionType.REVERSAL_RETURN else -amount
        return earned

    def sold_between(self, begin: datetime, end: datetime) -> models.QuerySet[Any, Any]:
        """What each style sold and earned, by artist, the best first.

        A sale is a payout that was not reversed; an order is sold when it is delivered.
        Artists sell nothing to themselves, and those who have left are left out.
        """
        payouts = self.filter(
            type=TransactionType.EARN,
            generation__isnull=False,
            created_at__gte=begin,
            created_at__lt=end,
            receiver__closed_at=None,
        ).exclude(generation__user=F("receiver"))
        payouts = payouts.exclude(generation__transactions__memo=REVERSED_MEMO)
        style = {"style_id": F("generation__style_id"), "name": F("generation__style__name")}
        sums = {"count": models.Count("pk"), "earned": models.Sum("amount")}
        by_style: Any = payouts.order_by().values("receiver_id", **style).annotate(**sums)
        sold: models.QuerySet[Any, Any] = by_style.order_by("receiver_id", "-earned", "style_id")
        return sold

    def earned_by(self, user_id: int) -> int:
        """Tokens that the artist's styles have earned in total, without what was taken back."""
        earned = self.filter(
            receiver_id=user_id, type=TransactionType.EARN, generation__isnull=False
        )
        taken_back = self.taken_back_from(user_id).order_by().values_list("type")
        sums: dict[str, int] = dict(taken_back.annotate(models.Sum("amount")))
        lost = sums.get(TransactionType.REVERSAL, 0) - sums.get(TransactionType.REVERSAL_RETURN, 0)
        return earned.total() - lost

    def taken_back_from(self, user_id: int) -> TransactionQuerySet:
        """The reversals of the artist's sales, and those given back: few, and found by the index of
        a party's types."""
        kinds = [TransactionType.REVERSAL, TransactionType.REVERSAL_RETURN]
        return self.alias(party=PARTY).filter(party=user_id, type__in=kinds)

    def total(self) -> int:
        return self.aggregate(total=models.Sum("amount"))["total"] or 0


class Transaction(models.Model):
    """A ledger entry: one movement of tokens. A null sender or receiver is the platform.

    Entries never change: a database trigger rejects updates and deletes.
    """

    sender = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="sent_transactions"
    )
    receiver = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="received_transactions"
    )
    type = models.CharField(max_length=10, choices=TransactionType.choices)
    amount = models.PositiveIntegerField()
    memo = models.CharField(max_length=100, blank=True)
    generation = models.ForeignKey(
        Generation, models.PROTECT, null=True, blank=True, related_name="transactions"
    )
    # Of the one charge for all its pictures.
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="transactions", db_index=False
    )
    purchase = models.OneToOneField(
        Purchase, models.PROTECT, null=True, blank=True, related_name="transaction"
    )
    payout = models.ForeignKey(
        Payout, models.PROTECT, null=True, blank=True, related_name="transactions", db_index=False
    )
    purchase_refund = models.ForeignKey(
        PurchaseRefund,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="transactions",
        db_index=False,
    )
    dispute = models.ForeignKey(
        Dispute, models.PROTECT, null=True, blank=True, related_name="transactions", db_index=False
    )
    # How the entry changed the pots of its user: more is positive. Null, from the versions before,
    # is nothing.
    bought = models.IntegerField(null=True, blank=True, help_text="Change of the bought tokens.")
    earned = models.IntegerField(null=True, blank=True, help_text="Change of the payable tokens.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TransactionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="transaction_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="transaction_parties_fit_type",
                condition=Q(type__in=TAKEN, sender__isnull=False, receiver__isnull=True)
                | Q(type__in=GIVEN, sender__isnull=True, receiver__isnull=False)
                | Q(type__in=LOSSES, sender__isnull=True, receiver__isnull=True),
            ),
            models.CheckConstraint(
                name="transaction_purchase_fits_type",
                condition=Q(purchase__isnull=True) | Q(type="purchase"),
            ),
            models.CheckConstraint(
                name="transaction_money_fits_type",
                condition=Q(type__in=["payout", "payout_ret"], payout__isnull=False)
                & Q(purchase_refund__isnull=True, dispute__isnull=True)
                | Q(type__in=["refund_out", "refund_ret", *LOSSES], purchase_refund__isnull=False)
                & Q(payout__isnull=True, dispute__isnull=True)
                | Q(type__in=["chargeback", "charge_ret", *LOSSES], dispute__isnull=False)
                & Q(payout__isnull=True, purchase_refund__isnull=True)
                | Q(payout__isnull=True, purchase_refund__isnull=True, dispute__isnull=True)
                & ~Q(type__in=OF_MONEY),
            ),
            models.CheckConstraint(
                name="transaction_order_fits_type",
                condition=Q(order__isnull=True) | Q(type="consume", generation__isnull=True),
            ),
            models.CheckConstraint(
                name="transaction_reversal_fits_type",
                condition=Q(memo=REVERSED_MEMO, type__in=OF_REVERSALS, generation__isnull=False)
                | ~Q(memo=REVERSED_MEMO) & ~Q(type__in=["reversal", "rev_ret"]),
            ),
            # One charge for each generation, then one payout or one refund. A payout may be
            # reversed, once: a refund to the buyer, and a reversal of what the artist has left.
            # That may be given back, once.
            models.UniqueConstraint(
                name="transaction_charge_once",
                fields=["generation"],
                condition=Q(type="consume"),
            ),
            models.UniqueConstraint(
                name="transaction_charge_order_once",
                fields=["order"],
                condition=Q(order__isnull=False),
            ),
            models.UniqueConstraint(
                name="transaction_settle_once",
                fields=["generation"],
                condition=Q(type="earn") | Q(type="refund") & ~Q(memo=REVERSED_MEMO),
            ),
            models.UniqueConstraint(
                name="transaction_reverse_once",
                fields=["generation", "type"],
                condition=Q(memo=REVERSED_MEMO),
            ),
            # What leaves, and what comes back, once each.
            models.UniqueConstraint(
                name="transaction_payout_once",
                fields=["payout", "type"],
                condition=Q(payout__isnull=False),
            ),
            models.UniqueConstraint(
                name="transaction_purchase_refund_once",
                fields=["purchase_refund", "type"],
                condition=Q(purchase_refund__isnull=False),
            ),
            models.UniqueConstraint(
                # What is taken may be taken in two parts: at its begin, and at its end.
                name="transaction_dispute_part_once",
                fields=["dispute", "type", "memo"],
                condition=Q(dispute__isnull=False),
            ),
            models.UniqueConstraint(
                name="transaction_welcome_bonus_once",
                fields=["receiver"],
                condition=Q(memo=WELCOME_BONUS_MEMO, type="earn", generation__isnull=True),
            ),
        ]
        indexes = [
            # For two columns joined by OR, no index has the order.
            models.Index(PARTY, F("created_at").desc(), F("id").desc(), name="transaction_party"),
            models.Index(
                PARTY, "type", F("created_at").desc(), F("id").desc(), name="transaction_party_type"
            ),
            # What was sold on a day: rows are written in the order of time.
            BrinIndex(name="transaction_day", fields=["created_at"]),
            # Earnings are summed from this index alone.
            models.Index(
                name="transaction_earned",
                fields=["receiver", "created_at"],
                include=["amount"],
                condition=Q(type="earn", generation__isnull=False),
            ),
            # What may be paid out one day.
            models.Index(
                name="transaction_payable",
                fields=["receiver", "created_at"],
                include=["earned"],
                condition=Q(type="earn", earned__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.amount}"

    @property
    def public_type(self) -> str:
        return PUBLIC_TYPES[self.type]
