"""Buying tokens where money is taken: ``begin`` writes the purchase down, ``open_checkout`` asks
the gateway for its page, ``settle`` gives the tokens once they are paid for.

Whoever notices that something may have happened calls ``settle``: an event, the page to which the
buyer comes back, the sweep. It asks the gateway anew, so it does not matter who comes first, how
often, or in which order.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from app.exceptions import NotFound, PaymentRefused, ServiceUnavailable
from app.models import (
    NotificationType,
    PaymentProfile,
    Purchase,
    PurchaseRefund,
    PurchaseStatus,
    TransactionType,
    User,
)
from app.services import notification_service
from app.services.payments.asking import ask
from app.services.payments.gateways.outcomes import NotYet, Refused
from app.services.payments.gateways.paying import Checkout, Event, Order, PaymentGateway
from app.services.payments.noting import note
from app.services.payments.packs import price_of
from app.services.payments.payment_gateway import STRIPES, gateway
from app.services.pots import Pots
from app.services.token_service import TokenService, lock_buyer, lock_users
from app.utils import clock
from app.utils.money import written

log = structlog.get_logger(__name__)

# The page of the site to which the gateway sends buyers.
RETURN_PATH = "/wallet/purchases/{}"
# Who gets no answer of the gateway tries again, or has given up. Nobody can pay what was not begun.
UNBEGUN = timedelta(hours=1)
# How old a purchase is when the sweep first asks, and how long until it asks again.
FIRST_LOOK, NEXT_LOOK = timedelta(minutes=2), timedelta(minutes=10)
# A bank may take days to answer, and nobody asks for ever.
GIVEN_UP = timedelta(days=15)
# For one round of the sweep, which others wait for.
BATCH = 5
# Whoever has paid gets the tokens, even if we had given the purchase up.
MOVES = {
    PurchaseStatus.PENDING: ("paid", "expired", "failed"),
    PurchaseStatus.EXPIRED: ("paid",),
    PurchaseStatus.FAILED: ("paid",),
}


@transaction.atomic
def begin(*, user: User, amount: int, payment_method: str) -> Purchase:
    """A purchase that waits for its payment. Raises NotAllowed and SpendingFrozen."""
    lock_buyer(user.pk)
    return Purchase.objects.create(
        user=user,
        amount=amount,
        payment_method=payment_method,
        gateway=gateway().name,
        gateway_reference=uuid.uuid4().hex,
        status=PurchaseStatus.PENDING,
        price=price_of(amount),
        currency=settings.CURRENCY,
    )


def open_checkout(purchase: Purchase, *, next_path: str = "") -> Purchase:
    """The purchase with the address at which it is paid. The buyer comes back to the page of the
    purchase, which leads on to ``next_path``. To be called outside of transactions, as often as one
    likes: with the same path it is the same payment.

    Raises PaymentRefused, and ServiceUnavailable: then the same call may succeed later.
    """
    if purchase.status == PurchaseStatus.FAILED:
        raise PaymentRefused
    # One whose bank has to answer has no page any more, and needs no other.
    is_begun = purchase.checkout_url or purchase.session_id
    if purchase.status != PurchaseStatus.PENDING or is_begun:
        return purchase
    taking = gateway(purchase.gateway)
    try:
        begun = _begin(taking, purchase, _order_of(purchase, next_path))
    except Refused as error:
        # Its text may hold what the buyer typed.
        log.warning("checkout_refused", purchase_id=purchase.pk, reason=error.code)
        _take_over(purchase, Checkout("failed", purchase.gateway_reference), None)
        raise PaymentRefused from error
    except NotYet as error:
        # The answer may be lost, and a key keeps that of a failure for a day.
        log.warning("checkout_unanswered", purchase_id=purchase.pk, reason=str(error))
        found = _found(taking, purchase)
        if found is None:
            raise ServiceUnavailable from error
        begun = found
    return _take_over(purchase, begun, None)


def _begin(taking: PaymentGateway, purchase: Purchase, order: Order) -> Checkout:
    try:
        return taking.begin(order)
    except Refused as error:
        if not order.customer_id or error.param != "customer":
            raise
    # Somebody deleted the customer there: the buyer becomes a new one.
    theirs = PaymentProfile.objects.filter(user=purchase.user_id, customer_id=order.customer_id)
    theirs.update(customer_id="")
    return taking.begin(replace(order, customer_id="", is_again=True))


def _found(taking: PaymentGateway, purchase: Purchase) -> Checkout | None:
    try:
        return taking.look_up(
            reference=purchase.gateway_reference, session_id="", since=purchase.created_at
        )
    except NotYet:
        return None


def settle(purchase: Purchase, *, event: Event | None = None) -> Purchase:
    """Take over what the payment has become at the gateway; tokens are given once. To be called
    outside of transactions. Raises NotYet."""
    session_id = purchase.session_id or (event.object_id if event else "")
    found = gateway(purchase.gateway).look_up(
        reference=purchase.gateway_reference,
        session_id=session_id,
        since=purchase.created_at,
    )
    if found is None:
        is_over = purchase.created_at < clock.now() - UNBEGUN
        found = Checkout("expired" if is_over else "pending", purchase.gateway_reference)
    elif found.status == "pending" and found.session_id and purchase.user.is_closed:
        found = gateway(purchase.gateway).expire(found)
    return _take_over(purchase, found, event)


def come_back(user: User, purchase_id: int) -> Purchase:
    """A purchase of the user's, as new as can be: for who comes back from the gateway. Raises
    NotFound."""
    purchase = Purchase.objects.filter(pk=purchase_id, user=user).first()
    if purchase is None:
        raise NotFound("There is no such purchase.")
    if purchase.status != PurchaseStatus.PENDING:
        return purchase
    try:
        return settle(purchase)
    except NotYet:
        # Its event, or the sweep, will say.
        return purchase


def sweep() -> int:
    """Ask about purchases that heard nothing for a while. Returns how many were asked about. Raises
    Away."""
    now = clock.now()
    waiting = Purchase.objects.filter(
        Q(checked_at=None) | Q(checked_at__lt=now - NEXT_LOOK),
        status=PurchaseStatus.PENDING,
        gateway__in=STRIPES,
        created_at__lt=now - FIRST_LOOK,
    ).order_by(F("checked_at").asc(nulls_first=True), "created_at")
    asked = 0
    for purchase in waiting[:BATCH]:
        # Noted first: one that breaks does not keep the others from their turn.
        Purchase.objects.filter(pk=purchase.pk).update(checked_at=clock.now())
        ask("purchases", partial(settle, purchase), purchase_id=purchase.pk)
        if purchase.created_at < now - GIVEN_UP:
            _give_up(purchase)
        asked += 1
    return asked


def _give_up(purchase: Purchase) -> None:
    """Nothing can be learnt of it, or somebody paid another price. If it was paid, reconcile_stripe
    names it."""
    left = _take_over(purchase, Checkout("expired", purchase.gateway_reference), None)
    if left.status == PurchaseStatus.EXPIRED:
        log.error("purchase_given_up", purchase_id=purchase.pk)


def leave(user: User) -> None:
    """The user, who is locked, closes the account: the sweep ends what is not paid yet, so that
    nobody pays for nothing."""
    Purchase.objects.filter(user=user, status=PurchaseStatus.PENDING).update(checked_at=None)


def _order_of(purchase: Purchase, next_path: str) -> Order:
    on = f"?{urlencode({'next': next_path})}" if next_path else ""
    profile = PaymentProfile.objects.filter(user=purchase.user_id, gateway=purchase.gateway).first()
    page = settings.SITE_URL + RETURN_PATH.format(purchase.pk) + on
    return Order(
        reference=purchase.gateway_reference,
        tokens=purchase.amount,
        price=purchase.price or 0,
        currency=purchase.currency,
        email=purchase.user.email,
        customer_id=profile.customer_id if profile else "",
        back=page,
        cancel=page,
    )


def lock_purchase(purchase: Purchase) -> tuple[User, Purchase]:
    """The buyer and the purchase, in the order of all locks, until the transaction ends."""
    user = lock_users(purchase.user_id)[purchase.user_id]
    # A list of one: an event may lock the same purchase twice, which is no query for each row.
    [locked] = Purchase.objects.select_for_update().filter(pk=purchase.pk)
    locked.user = user
    return user, locked


def paid_purchase(gateway_name: str, reference: str) -> Purchase | None:
    """The purchase of a payment that something was done to: it must have been paid before, even if
    nobody told us. None for what is not ours. Raises NotYet."""
    found = Purchase.objects.filter(gateway=gateway_name, gateway_reference=reference).first()
    if found is not None and not found.is_paid:
        found = settle(found)
        if not found.is_paid:
            raise NotYet("Nobody has paid for it yet.")
    return found


@transaction.atomic
def _take_over(purchase: Purchase, found: Checkout, event: Event | None) -> Purchase:
    user, locked = lock_purchase(purchase)
    if not note(event):
        return locked
    if found.session_id and not locked.session_id:
        locked.session_id, locked.expires_at = found.session_id, found.expires_at
    if found.url or (found.session_id and found.status == "pending"):
        # There is none once the buyer has paid, while the bank has still to answer.
        locked.checkout_url = found.url
    if found.status in MOVES.get(PurchaseStatus(locked.status), ()):
        _move(locked, user, found)
    locked.save()
    return locked


def _move(purchase: Purchase, user: User, found: Checkout) -> None:
    if found.status == "paid":
        if (found.price, found.currency) != (purchase.price, purchase.currency):
            # Nobody but a person can say what this is.
            log.error("price_differs", purchase_id=purchase.pk)
            return
        purchase.paid_at, purchase.payment_id = clock.now(), found.payment_id
        TokenService.add_tokens(
            user.pk, purchase.amount, "purchase", locked=user, purchase=purchase
        )
        if found.customer_id:
            PaymentProfile.objects.update_or_create(
                user=user,
                gateway=purchase.gateway,
                defaults={"customer_id": found.customer_id},
            )
    purchase.status = PurchaseStatus(found.status)
    if found.status == "paid" and user.is_closed:
        # Who has left can't use them: the sweep sends the money back.
        purchase.save()
        book_refund(user, purchase, purchase.amount, purchase.price or 0)
    if found.status == "failed" and found.session_id:
        # By a bank that answered later: who was refused at once knows it.
        tell(purchase, NotificationType.PURCHASE_FAILED)


def book_refund(
    buyer: User,
    purchase: Purchase,
    amount: int,
    price: int,
    *,
    provider_id: str = "",
    lost: int = 0,
) -> PurchaseRefund:
    """Take the tokens of a refund; those that are ``lost``, the platform bears. Buyer and purchase
    are locked."""
    refund = PurchaseRefund.objects.create(
        purchase=purchase, amount=amount, lost=lost, price=price, provider_id=provider_id
    )
    if amount:
        TokenService.move_money(
            TransactionType.PURCHASE_REFUND,
            amount,
            locked=buyer,
            moved=Pots(bought=-amount),
            purchase_refund=refund,
        )
    if lost:
        TokenService.book_loss(refund, lost)
    purchase.refunded_amount += amount + lost
    purchase.status = status_of(purchase)
    purchase.save(update_fields=["refunded_amount", "status"])
    return refund


def tell(
    purchase: Purchase, kind: NotificationType, price: int | None = None, **said: object
) -> None:
    """Tell the buyer; ``price`` is that of a part."""
    money = written((purchase.price or 0) if price is None else price, purchase.currency)
    notification_service.tell_of_purchase(purchase, kind, money, **said)


def status_of(purchase: Purchase) -> PurchaseStatus:
    """Of a paid purchase: what its disputes say, or else its refunds."""
    dispute = purchase.disputes.order_by("-pk").first()
    if dispute is not None:
        return {
            "open": PurchaseStatus.DISPUTED,
            "won": PurchaseStatus.WON,
            "lost": PurchaseStatus.LOST,
        }[dispute.status]
    if purchase.refunded_amount == 0:
        return PurchaseStatus.PAID
    is_whole = purchase.refunded_amount == purchase.amount
    return PurchaseStatus.REFUNDED if is_whole else PurchaseStatus.PARTLY_REFUNDED
