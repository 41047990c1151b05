"""What artists have earned, and what of it may be paid out.

Only tokens that a buyer paid for with money can leave, and not before they were on hold for
``EARNINGS_HOLD_DAYS``: until then a sale may be reversed, or its payment disputed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Max, Q, Sum

from app.models import MoveStatus, Payout, Transaction, TransactionType, User
from app.models.token import TransactionQuerySet
from app.services import pots
from app.utils import clock

# Money of these is gone, or on its way.
NOT_RETURNED = ~Q(status__in=[MoveStatus.FAILED, MoveStatus.REVERSED])


@dataclass(frozen=True)
class Earnings:
    """Of one artist, in tokens. ``earned`` is all that their sales earned, and ``paid`` what was
    paid out. ``spendable`` can only be spent."""

    earned: int
    on_hold: int
    payable: int
    paid: int
    spendable: int


def hold_ends() -> datetime:
    """Sales until then are not on hold any more."""
    return clock.now() - timedelta(days=settings.EARNINGS_HOLD_DAYS)


def of(artist: User) -> Earnings:
    """What is so now, of an account as it was read."""
    has = pots.of(artist)
    on_hold = min(_on_hold(artist.pk, hold_ends()), has.earned)
    paid = Payout.objects.filter(NOT_RETURNED, artist=artist).aggregate(sum=Sum("amount"))["sum"]
    return Earnings(
        earned=Transaction.objects.earned_by(artist.pk),
        on_hold=on_hold,
        payable=has.earned - on_hold,
        paid=paid or 0,
        spendable=artist.token_balance - has.earned,
    )


def payable(artist: User, until: datetime) -> int:
    """What may be paid out of sales up to ``until``, of an account that is locked."""
    return max(0, pots.of(artist).earned - _on_hold(artist.pk, until))


def sales(artist: User, which: str) -> TransactionQuerySet:
    """The sales whose money is on ``hold``, ``payable`` or ``paid``, newest first.

    A payout takes all that is payable, so they are parted by time. What was spent or reversed since
    is among them: their sum may be more than what is left.
    """
    limit, paid_until = hold_ends(), _paid_until(artist.pk)
    entries = Transaction.objects.filter(
        receiver=artist, type=TransactionType.EARN, earned__gt=0
    ).select_related("generation__style", "generation__licence")
    if which == "hold":
        entries = entries.filter(created_at__gt=limit)
    elif which == "payable":
        entries = entries.filter(created_at__lte=limit)
        entries = entries.filter(created_at__gt=paid_until) if paid_until else entries
    elif paid_until:
        entries = entries.filter(created_at__lte=paid_until)
    else:
        entries = entries.none()
    return entries.order_by("-created_at", "-pk")


def _on_hold(artist_id: int, until: datetime) -> int:
    """What was earned after ``until``, less what was taken back of that."""
    young = Transaction.objects.filter(
        receiver_id=artist_id, type=TransactionType.EARN, earned__gt=0, created_at__gt=until
    )
    taken_back = Transaction.objects.filter(
        sender_id=artist_id,
        type=TransactionType.REVERSAL,
        generation__transactions__type=TransactionType.EARN,
        generation__transactions__earned__gt=0,
        generation__transactions__created_at__gt=until,
    )
    earned: int = young.aggregate(sum=Sum("earned"))["sum"] or 0
    lost: int = taken_back.aggregate(sum=Sum(F("earned")))["sum"] or 0
    return max(0, earned + lost)


def _paid_until(artist_id: int) -> datetime | None:
    last = Payout.objects.filter(NOT_RETURNED, artist_id=artist_id).aggregate(until=Max("until"))
    until: datetime | None = last["until"]
    return until
