"""Purchases of tokens: a gateway takes the money, then the ledger gets its entry."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from app.models import Purchase, Transaction, User
from app.services.token_service import TokenService


@dataclass(frozen=True)
class Payment:
    """A successful payment: the gateway, and its reference there."""

    gateway: str
    reference: str


class PaymentGateway(Protocol):
    def pay(self, *, user: User, amount: int, payment_method: str) -> Payment:
        """Take the money for ``amount`` tokens. Raises PaymentRefused or ServiceUnavailable."""
        ...


class TestGateway:
    """Takes no money and always succeeds. For development and tests."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    def pay(self, *, user: User, amount: int, payment_method: str) -> Payment:
        return Payment(gateway="test", reference=uuid.uuid4().hex)


def gateway() -> PaymentGateway:
    """The gateway in use. Raises ImproperlyConfigured."""
    if settings.PAYMENT_GATEWAY != "test":
        raise ImproperlyConfigured(f"There is no payment gateway {settings.PAYMENT_GATEWAY!r}.")
    if not settings.ALLOW_TEST_GATEWAY:
        raise ImproperlyConfigured(
            "The test gateway gives tokens away. Set ALLOW_TEST_GATEWAY=1 if that is wanted."
        )
    return TestGateway()


def take_payment(*, user: User, amount: int, payment_method: str) -> Payment:
    """Take the money for ``amount`` tokens. Raises PaymentRefused or ServiceUnavailable."""
    return gateway().pay(user=user, amount=amount, payment_method=payment_method)


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
