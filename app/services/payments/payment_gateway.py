"""Which gateway takes the buyers' money."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from app.services.payments.gateways.paying import PaymentGateway
from app.services.payments.gateways.test import TestGateway

# Stripe, and the fake one of devtools, which speaks as Stripe does.
STRIPES = ("stripe", "stripe-fake")


def gateway(name: str = "") -> PaymentGateway:
    """The gateway in use, or the one called ``name``, of which a purchase may still be from before
    it was changed. Raises ImproperlyConfigured."""
    name = name or settings.PAYMENT_GATEWAY
    if name in STRIPES:
        # Who takes no money needs no library for it.
        from app.services.payments.gateways.stripe_checkout import StripeCheckout
        from app.services.payments.gateways.stripe_client import stripe_client

        return StripeCheckout(stripe_client(), name)
    if name != "test":
        raise ImproperlyConfigured(f"There is no payment gateway {name!r}.")
    if not settings.ALLOW_TEST_GATEWAY:
        raise ImproperlyConfigured(
            "The test gateway gives tokens away. Set ALLOW_TEST_GATEWAY=1 if that is wanted."
        )
    return TestGateway()


def takes_no_money() -> bool:
    """Whether tokens cost nothing here."""
    return settings.PAYMENT_GATEWAY not in STRIPES
