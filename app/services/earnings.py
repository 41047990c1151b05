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

    A payout takes all that is payable, so they are parted by time, and what a payout left out by
    style. What was spent or reversed since
    is among them: their sum may be more than what is left.
    """
    limit, is_paid, is_held = hold_ends(), _is_paid(artist.pk), _is_held(artist.pk)
    entries = Transaction.objects.filter(
        receiver=artist, type=TransactionType.EARN, generation__isnull=False, earned__gt=0
    ).select_related("generation__style", "generation__licence")
    if which == "hold":
        entries = entries.filter(Q(created_at__gt=limit) | is_held)
        return entries.order_by("-created_at", "-pk")
    entries = entries.exclude(is_held)
    if which == "payable":
        entries = entries.filter(created_at__lte=limit).exclude(is_paid)
    else:
        entries = entries.filter(is_paid)
    return entries.order_by("-created_at", "-pk")


def _on_hold(artist_id: int, until: datetime) -> int:
    """What was earned after ``until``, less what was taken back of that and not given back."""
    young = Transaction.objects.filter(
        receiver_id=artist_id, type=TransactionType.EARN, earned__gt=0, created_at__gt=until
    )
    taken_back = Transaction.objects.taken_back_from(artist_id).filter(
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
    of_artist = Transaction.objects.taken_back_from(artist_id)
    taken_back = of_artist.filter(generation__in=list(earned))
    lost: int = taken_back.aggregate(sum=Sum("earned"))["sum"] or 0
    return max(0, sum(earned.values()) + lost)


def _is_held(artist_id: int) -> Q:
    """Which entries are of a style on hold, and were not paid out before that."""
    held = Style.objects.on_hold().filter(artist_id=artist_id)
    is_held = NOTHING
    for style_id, held_at in held.values_list("pk", "held_at"):
        since = _paid_until(artist_id, style_id=style_id, before=held_at)
        of_style = Q(generation__style_id=style_id)
        is_held |= of_style & Q(created_at__gt=since) if since else of_style
    return is_held


def lock_held_styles(artist_id: int) -> list[int]:
    """Which styles of an artist are on hold, for whom a payout is made: until the transaction ends,
    none is held or given back."""
    styles = Style.objects.filter(artist_id=artist_id).order_by("pk")
    list(styles.select_for_update(no_key=True).values_list("pk", flat=True))
    return list(styles.on_hold().values_list("pk", flat=True))


def _is_paid(artist_id: int) -> Q:
    """Which entries were paid out."""
    last = _paid_until(artist_id)
    if last is None:
        return NOTHING
    payouts = Payout.objects.filter(NOT_RETURNED, artist_id=artist_id, held_styles__isnull=False)
    lists = payouts.values_list("held_styles", flat=True)
    left_out = {style_id for each in lists for style_id in each or ()}
    is_paid = Q(created_at__lte=last) & ~Q(generation__style_id__in=left_out)
    for style_id in left_out:
        if until := _paid_until(artist_id, style_id=style_id):
            is_paid |= Q(generation__style_id=style_id, created_at__lte=until)
    return is_paid


def _paid_until(
    artist_id: int, *, style_id: int | None = None, before: datetime | None = None
) -> datetime | None:
    """Up to when sales were paid out; those in a style, which a payout may have left out."""
    paid = Payout.objects.filter(NOT_RETURNED, artist_id=artist_id)
    if style_id is not None:
        paid = paid.exclude(held_styles__contains=[style_id])
    paid = paid if before is None else paid.filter(created_at__lt=before)
    last = paid.aggregate(until=Max("until"))
    until: datetime | None = last["until"]
    return until
