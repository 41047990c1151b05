"""Which gateway pays artists: the one that takes the buyers' money."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from app.services.payments.gateways.books import ProviderBooks
from app.services.payments.gateways.sending import PayoutGateway, TestPayouts
from app.services.payments.payment_gateway import STRIPES


def payout_gateway(name: str = "") -> PayoutGateway:
    """The gateway in use, or the one called ``name``, of which a payout may still be from before
    it was changed. Raises ImproperlyConfigured."""
    name = name or settings.PAYMENT_GATEWAY
    if name in STRIPES:
        # Who pays no money needs no library for it.
        from app.services.payments.gateways.stripe_client import stripe_client
        from app.services.payments.gateways.stripe_connect import StripeConnect

        return StripeConnect(stripe_client(), name)
    if name != "test":
        raise ImproperlyConfigured(f"There is no payment gateway {name!r}.")
    return TestPayouts()


def provider_books() -> ProviderBooks:
    """Raises ImproperlyConfigured where no money moves."""
    if settings.PAYMENT_GATEWAY not in STRIPES:
        raise ImproperlyConfigured("PAYMENT_GATEWAY is test: there is nothing to compare with.")
    from app.services.payments.gateways.stripe_books import StripeBooks
    from app.services.payments.gateways.stripe_client import stripe_client

    return StripeBooks(stripe_client())
