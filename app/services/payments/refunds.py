"""Giving back tokens that were bought and not used, for the money they cost.

The tokens leave with the request, in one transaction, so that nobody spends them while the money is
on its way. If the money comes back, so do they.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Sum

from app.exceptions import NotFound, NotRefundable, SpendingFrozen
from app.models import (
    Dispute,
    DisputeStatus,
    MoveStatus,
    NotificationType,
    Purchase,
    PurchaseRefund,
    PurchaseStatus,
    TransactionType,
    User,
)
from app.models.payment import NOT_PAID, UNDER_WAY
from app.services import pots
from app.services.payments.asking import ask
from app.services.payments.buying import (
    BATCH,
    book_refund,
    lock_purchase,
    paid_purchase,
    status_of,
    tell,
)
from app.services.payments.gateways.outcomes import NotYet, Refused
from app.services.payments.gateways.paying import Event, PaymentGateway, Returned
from app.services.payments.noting import note
from app.services.payments.packs import share_of
from app.services.payments.payment_gateway import STRIPES, gateway
from app.services.pots import Pots
from app.services.token_service import TokenService, lock_open
from app.utils import clock

log = structlog.get_logger(__name__)

REFUNDABLE = (PurchaseStatus.PAID, PurchaseStatus.PARTLY_REFUNDED, PurchaseStatus.WON)
# Their money is ours still, or again.
NOT_SENT = (MoveStatus.FAILED, MoveStatus.REVERSED)
# Between two looks at a refund that is under way.
NEXT_LOOK = timedelta(minutes=10)
MOST_FAILURE = 200
MOVES = {
    MoveStatus.REQUESTED: (MoveStatus.SENT, MoveStatus.PAID, MoveStatus.FAILED),
    MoveStatus.SENT: (MoveStatus.PAID, MoveStatus.FAILED),
    # A bank may send money back that it had taken.
    MoveStatus.PAID: (MoveStatus.FAILED,),
}

TOLD = {
    MoveStatus.PAID: NotificationType.PURCHASE_REFUNDED,
    MoveStatus.FAILED: NotificationType.REFUND_FAILED,
}


@dataclass(frozen=True)
class Refundable:
    """What of a purchase can be given back, until when, for how much."""

    amount: int
    price: int
    until: datetime


def refundable(user: User) -> dict[int, Refundable]:
    """What the user can give back, by the purchase."""
    if user.spending_frozen_at is not None:
        return {}
    left = list(_left_of(user))
    over = _disputes_over(user) if left else []
    offers = ((each, _offer(each, has, over)) for each, has in left)
    return {purchase.pk: offer for purchase, offer in offers if offer}


def _disputes_over(user: User) -> list[Dispute]:
    """Those that froze the user's spending and are decided, oldest first."""
    theirs = Dispute.objects.filter(purchase__user=user, ended_at__isnull=False)
    return list(theirs.order_by("created_at"))


def _left_of(user: User) -> Iterator[tuple[Purchase, int]]:
    """What is left of each purchase, the newest first. Those bought first are used first."""
    left = pots.of(user).bought
    if not left:
        return
    bought = (
        Purchase.objects.filter(user=user)
        .exclude(status__in=NOT_PAID)
        .annotate(disputed=Sum("disputes__taken", filter=~Q(disputes__status="won"), default=0))
        .prefetch_related("refunds")
        .order_by("-created_at", "-pk")
    )
    for purchase in bought:
        has = min(left, max(0, purchase.amount - purchase.refunded_amount - purchase.disputed))
        left -= has
        if has:
            yield purchase, has
        if not left:
            return


def _offer(purchase: Purchase, amount: int, over: list[Dispute]) -> Refundable | None:
    if purchase.status not in REFUNDABLE or not purchase.price or purchase.paid_at is None:
        return None
    # The newest first.
    asked = list(purchase.refunds.all())
    if asked and _is_refused(asked[0], over):
        return None
    failed = (each.ended_at for each in asked if each.status == MoveStatus.FAILED)
    until = _until([purchase.paid_at, *filter(None, failed)], over)
    after = purchase.refunded_amount + amount
    whole = share_of(purchase.price, after, purchase.amount, purchase.currency)
    price = whole - sum(each.price for each in asked if each.status not in NOT_SENT)
    return Refundable(amount, price, until) if until > clock.now() and price > 0 else None


def _is_refused(refund: PurchaseRefund, over: list[Dispute]) -> bool:
    """Whether the provider refused the newest refund of a purchase: it will refuse the next one as
    well, unless the platform has won a dispute since. What a bank sent back has an id there."""
    if refund.status != MoveStatus.FAILED or refund.provider_id:
        return False
    won = (
        each.ended_at
        for each in over
        if each.purchase_id == refund.purchase_id and each.status == DisputeStatus.WON
    )
    return not any(at > refund.ended_at for at in won if at and refund.ended_at)


def _until(begun: list[datetime], over: list[Dispute]) -> datetime:
    """The days run from the payment, anew from a refund that did not arrive, and anew from the end
    of a freeze that began while they ran: nobody could ask meanwhile."""
    until = max(map(_last_moment, begun))
    for freeze in over:
        if freeze.ended_at and freeze.created_at <= until:
            until = max(until, _last_moment(freeze.ended_at))
    return until


def _last_moment(begin: datetime) -> datetime:
    """The end of the last day: notices name the day alone."""
    last = (begin + timedelta(days=settings.REFUND_DAYS)).astimezone(clock.HOME_ZONE).date()
    return datetime.combine(last, time.max, clock.HOME_ZONE)


def request(user: User, purchase_id: int) -> PurchaseRefund:
    """Give back all of a purchase that can be. Returns the refund, which may still be under way.

    Raises NotFound, NotAllowed, SpendingFrozen and NotRefundable.
    """
    refund = _take(user, purchase_id)
    try:
        return send(refund)
    except NotYet as error:
        # The sweep goes on with it.
        log.warning("refund_unanswered", refund_id=refund.pk, reason=str(error))
        return refund


@transaction.atomic
def _take(user: User, purchase_id: int) -> PurchaseRefund:
    # Who is suspended loses none of the days.
    buyer = lock_open(user.pk, even_suspended=True)
    if buyer.spending_frozen_at is not None:
        raise SpendingFrozen
    purchase = Purchase.objects.select_for_update().filter(pk=purchase_id, user=user).first()
    if purchase is None:
        raise NotFound("There is no such purchase.")
    offer = refundable(buyer).get(purchase_id)
    if offer is None or purchase.refunds.filter(status__in=UNDER_WAY).exists():
        raise NotRefundable
    return book_refund(buyer, purchase, offer.amount, offer.price)


def send(refund: PurchaseRefund) -> PurchaseRefund:
    """Have the money of a refund sent, unless it was. To be called outside of transactions. Raises
    NotYet."""
    purchase = refund.purchase
    returning = gateway(purchase.gateway)
    try:
        sent = returning.refund(
            reference=refund.reference, payment_id=purchase.payment_id, price=refund.price
        )
    except Refused as error:
        found = _find(returning, refund)
        if found is None:
            # The buyer can't ask again: staff see to it at the provider's own site.
            log.error("refund_refused", purchase_id=purchase.pk, reason=error.code)
            failed = Returned("", refund.reference, "failed", refund.price, str(error))
            ended = take_over(refund, failed)
            _learn(purchase)
            return ended
        sent = found
    except NotYet:
        # It may have been done all the same; a key keeps the answer of a failure for a day.
        found = _find(returning, refund)
        if found is None:
            raise
        sent = found
    return take_over(refund, sent)


def settle(refund: PurchaseRefund) -> PurchaseRefund:
    """Take over what a refund has become; if it was never sent, it is now. Raises NotYet."""
    found = _find(gateway(refund.purchase.gateway), refund)
    return send(refund) if found is None else take_over(refund, found)


def settle_requested(purchase: Purchase) -> None:
    """Send what was to be sent of a purchase, or learn that it can't be any more. Raises NotYet."""
    for refund in purchase.refunds.filter(status=MoveStatus.REQUESTED):
        settle(refund)


def _find(returning: PaymentGateway, refund: PurchaseRefund) -> Returned | None:
    return returning.find_refund(
        reference=refund.reference,
        payment_id=refund.purchase.payment_id,
        provider_id=refund.provider_id,
    )


@transaction.atomic
def take_over(
    refund: PurchaseRefund, found: Returned, event: Event | None = None
) -> PurchaseRefund:
    """Move a refund to what it is at the gateway. Failed ones give the tokens back."""
    buyer, purchase = lock_purchase(refund.purchase)
    locked = PurchaseRefund.objects.select_for_update().get(pk=refund.pk)
    locked.purchase = purchase
    if not note(event):
        return locked
    if found.id and not locked.provider_id:
        locked.provider_id = found.id
    status = MoveStatus(found.status)
    is_moved = status in MOVES.get(MoveStatus(locked.status), ())
    if is_moved:
        locked.status = status
        locked.ended_at = None if status == MoveStatus.SENT else clock.now()
        locked.failure = found.failure[:MOST_FAILURE] if status == MoveStatus.FAILED else ""
    locked.save()
    if is_moved and status == MoveStatus.FAILED:
        _give_back(buyer, purchase, locked)
    if is_moved and locked.amount and (kind := TOLD.get(status)):
        again = _again(buyer, locked) if status == MoveStatus.FAILED else {}
        tell(purchase, kind, locked.price, amount=locked.amount, **again)
    return locked


def _give_back(buyer: User, purchase: Purchase, refund: PurchaseRefund) -> None:
    if refund.amount:
        TokenService.move_money(
            TransactionType.REFUND_RETURN,
            refund.amount,
            locked=buyer,
            moved=Pots(bought=refund.amount),
            purchase_refund=refund,
        )
    if refund.lost:
        TokenService.book_loss(refund, refund.lost, comes_back=True)
    if refund.amount and buyer.is_closed:
        # Nobody is there to ask for it again: staff give it back at the provider's own site.
        log.error("refund_of_closed_account_failed", purchase_id=purchase.pk)
    purchase.refunded_amount -= refund.amount + refund.lost
    purchase.status = status_of(purchase)
    purchase.save(update_fields=["refunded_amount", "status"])


def _again(buyer: User, refund: PurchaseRefund) -> dict[str, object]:
    """What the buyer hears of asking again for a refund that failed."""
    if not refund.provider_id:
        return {"is_refused": True}
    offer = refundable(buyer).get(refund.purchase_id)
    return {"again_until": offer.until.date().isoformat()} if offer else {}


def on_event(event: Event) -> None:
    """Something happened to a refund. Raises NotYet."""
    found = gateway(event.gateway).find_refund(
        reference="", payment_id="", provider_id=event.object_id
    )
    purchase = paid_purchase(event.gateway, found.purchase) if found else None
    if found is not None and purchase is not None:
        _settle(purchase, found, event)


def catch_up(purchase: Purchase) -> None:
    """Take over every refund of a purchase, whether or not its events have come. Raises NotYet."""
    for found in gateway(purchase.gateway).refunds_of(purchase.payment_id):
        _settle(purchase, found)


def _learn(purchase: Purchase) -> None:
    """A refund was refused: it may have gone back before, by staff, or by a row of ours that was
    lost when a backup was restored."""
    try:
        catch_up(purchase)
    except NotYet as error:
        # reconcile_stripe names what is missing here.
        log.warning("refunds_unanswered", purchase_id=purchase.pk, reason=str(error))


def _settle(purchase: Purchase, found: Returned, event: Event | None = None) -> None:
    refund = (
        PurchaseRefund.objects.select_related("purchase")
        .filter(Q(provider_id=found.id) | Q(reference=found.reference), purchase=purchase)
        .first()
    )
    if refund is not None:
        take_over(refund, found, event)
    elif found.status != "failed":
        _adopt(purchase, found, event)


@transaction.atomic
def _adopt(paid: Purchase, found: Returned, event: Event | None) -> None:
    """Staff gave money back at the provider's own site: its tokens are taken, as far as they are
    left of this purchase, and the platform bears the rest. It is written down even if none are, so
    that nobody takes them later from another. Raises NotYet while a refund of ours is under way."""
    buyer, purchase = lock_purchase(paid)
    if not note(event) or not purchase.price:
        return
    if purchase.refunds.filter(provider_id=found.id).exists():
        # Another of its events was faster.
        return
    if purchase.refunds.filter(status__in=UNDER_WAY).exists():
        raise NotYet("Another refund is under way.")
    left = purchase.amount - purchase.refunded_amount
    wanted = min(left, -(-found.price * purchase.amount // purchase.price))
    has = next((tokens for each, tokens in _left_of(buyer) if each.pk == purchase.pk), 0)
    taken = min(wanted, has)
    lost = wanted - taken
    if lost:
        log.error("refunded_by_hand_what_was_spent", purchase_id=purchase.pk, tokens=lost)
    refund = book_refund(buyer, purchase, taken, found.price, provider_id=found.id, lost=lost)
    take_over(refund, found)


def sweep() -> int:
    """Go on with refunds that are under way. Returns how many. Raises Away."""
    now = clock.now()
    waiting = (
        PurchaseRefund.objects.select_related("purchase")
        .filter(
            Q(checked_at=None) | Q(checked_at__lt=now - NEXT_LOOK),
            status__in=UNDER_WAY,
            purchase__gateway__in=STRIPES,
        )
        .order_by(F("checked_at").asc(nulls_first=True), "created_at")
    )
    done = 0
    for refund in waiting[:BATCH]:
        PurchaseRefund.objects.filter(pk=refund.pk).update(checked_at=clock.now())
        ask("refunds", partial(settle, refund), refund_id=refund.pk)
        done += 1
    return done
