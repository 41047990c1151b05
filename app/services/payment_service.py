"""Purchases of tokens: a gateway takes the money, then the ledger gets its entry."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from app.exceptions import PaymentRefused, ServiceUnavailable
from app.models import Purchase, Transaction, User
from app.services.payments.gateways.outcomes import NotYet, Refused
from app.services.payments.gateways.paying import Order
from app.services.payments.packs import price_of
from app.services.payments.payment_gateway import gateway
from app.services.token_service import TokenService


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
