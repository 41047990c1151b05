"""Purchases of tokens, for views and pages: the one door to ``app/services/payments``.

With the test gateway, ``take_payment`` and ``record_purchase`` make a purchase at once. Where money
is taken, ``begin`` and ``open_checkout`` say where the buyer pays, and events give the tokens.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from app.exceptions import NotFound, PaymentRefused, ServiceUnavailable
from app.models import Purchase, PurchaseRefund, PurchaseStatus, Transaction, User
from app.services.payments import refunds
from app.services.payments.buying import begin, come_back, open_checkout
from app.services.payments.events import take_in
from app.services.payments.gateways.outcomes import NotYet, Refused
from app.services.payments.gateways.paying import Order
from app.services.payments.packs import packs, price_of
from app.services.payments.payment_gateway import gateway, takes_no_money
from app.services.payments.refunds import Refundable
from app.services.token_service import TokenService

__all__ = [
    "Payment",
    "begin",
    "come_back",
    "frozen_by",
    "gateway",
    "open_checkout",
    "packs",
    "purchase_of",
    "record_purchase",
    "refund",
    "refundable",
    "take_in",
    "take_payment",
    "takes_no_money",
]


@dataclass(frozen=True)
class Payment:
    """A successful payment: the gateway, and its reference there."""

    gateway: str
    reference: str


def take_payment(*, user: User, amount: int, payment_method: str) -> Payment:
    """Take the payment for ``amount`` tokens at once, which only the test gateway does.

    Raises PaymentRefused or ServiceUnavailable.
    """
    taking = gateway()
    if not taking.is_test:
        # Where money is taken, the buyer goes to the gateway's page first.
        raise ServiceUnavailable
    order = Order(
        reference=uuid.uuid4().hex,
        tokens=amount,
        price=price_of(amount),
        currency=settings.CURRENCY,
        email=user.email,
        customer_id="",
        back=settings.SITE_URL,
        cancel=settings.SITE_URL,
    )
    try:
        paid = taking.begin(order)
    except Refused as error:
        raise PaymentRefused from error
    except NotYet as error:
        raise ServiceUnavailable from error
    return Payment(gateway=taking.name, reference=paid.reference)


@transaction.atomic(savepoint=False)
def record_purchase(
    *, user: User, amount: int, payment_method: str, payment: Payment
) -> Transaction:
    """Give the tokens that ``payment`` paid for. Returns the ledger entry."""
    purchase = Purchase.objects.create(
        user=user,
        amount=amount,
        payment_method=payment_method,
        gateway=payment.gateway,
        gateway_reference=payment.reference,
    )
    TokenService.add_tokens(user.pk, amount, "purchase", purchase=purchase)
    return Transaction.objects.select_related("receiver").get(purchase=purchase)


def purchase_of(user: User, pk: int) -> Purchase:
    """One of the user's. Raises NotFound."""
    purchase = Purchase.objects.select_related("user").filter(pk=pk, user=user).first()
    if purchase is None:
        raise NotFound("There is no such purchase.")
    return purchase


def frozen_by(user: User) -> list[Purchase]:
    """The purchases that a bank disputes: while there is one, the user can spend nothing."""
    if user.spending_frozen_at is None:
        return []
    return list(Purchase.objects.filter(user=user, status=PurchaseStatus.DISPUTED))


def refundable(user_id: int) -> dict[int, Refundable]:
    """What the user can give back now, by the purchase."""
    return refunds.refundable(User.objects.get(pk=user_id))


def refund(*, user: User, purchase_id: int) -> PurchaseRefund:
    """Give back what is not used of a purchase. Raises NotFound, NotAllowed, SpendingFrozen and
    NotRefundable."""
    return refunds.request(user, purchase_id)
