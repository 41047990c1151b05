"""What artists have earned, and what of it may be paid out.

Only tokens that a buyer paid for with money can leave, and not before they were on hold for
``EARNINGS_HOLD_DAYS``: until then a sale may be reversed, or its payment disputed. What a style
earned that our staff has put on hold is on hold as long as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Max, Q, Sum

from app.models import MoveStatus, Payout, Style, Transaction, TransactionType, User
from app.models.token import TransactionQuerySet
from app.services import pots
from app.utils import clock

NOTHING = Q(pk__in=[])
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
    until = hold_ends()
    on_hold = min(_on_hold(artist.pk, until) + _held(artist.pk, until), has.earned)
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
    on_hold = _on_hold(artist.pk, until) + _held(artist.pk, until)
    return max(0, pots.of(artist).earned - on_hold)


def sales(artist: User, which: str) -> TransactionQuerySet:
    """The sales whose money is on ``hold``, ``payable`` or ``paid``, newest first.

    A payout takes all that is payable, so they are parted by time. What was spent or reversed since
    is among them: their sum may be more than what is left.
    """
    limit, paid_until, is_held = hold_ends(), _paid_until(artist.pk), _is_held(artist.pk)
    entries = Transaction.objects.filter(
        receiver=artist, type=TransactionType.EARN, earned__gt=0
    ).select_related("generation__style", "generation__licence")
    if which == "hold":
        entries = entries.filter(Q(created_at__gt=limit) | is_held)
        return entries.order_by("-created_at", "-pk")
    entries = entries.exclude(is_held)
    if which == "payable":
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


def _held(artist_id: int, until: datetime) -> int:
    """What was earned up to ``until`` in styles that are on hold, less what was taken back of it,
    and less what was paid out before the hold."""
    is_held = _is_held(artist_id)
    if is_held == NOTHING:
        return 0
    sales = Transaction.objects.filter(
        is_held, receiver_id=artist_id, type=TransactionType.EARN, created_at__lte=until
    )
    found = sales.filter(earned__gt=0).values_list("generation_id", "earned")
    earned = {pk: amount or 0 for pk, amount in found}
    taken_back = Transaction.objects.filter(
        sender_id=artist_id, type=TransactionType.REVERSAL, generation__in=list(earned)
    )
    lost: int = taken_back.aggregate(sum=Sum("earned"))["sum"] or 0
    return max(0, sum(earned.values()) + lost)


def _is_held(artist_id: int) -> Q:
    """Which entries are of a style on hold, and were not paid out before that."""
    held = Style.objects.on_hold().filter(artist_id=artist_id)
    is_held = NOTHING
    for style_id, held_at in held.values_list("pk", "held_at"):
        since = _paid_until(artist_id, before=held_at)
        of_style = Q(generation__style_id=style_id)
        is_held |= of_style & Q(created_at__gt=since) if since else of_style
    return is_held


def _paid_until(artist_id: int, before: datetime | None = None) -> datetime | None:
    paid = Payout.objects.filter(NOT_RETURNED, artist_id=artist_id)
    paid = paid if before is None else paid.filter(created_at__lt=before)
    last = paid.aggregate(until=Max("until"))
    until: datetime | None = last["until"]
    return until
