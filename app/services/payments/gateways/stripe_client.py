"""The one way to Stripe: a client by the settings, and what its errors mean here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import stripe
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from app.services.payments.gateways.outcomes import Away, Gone, NotYet, Refused

log = structlog.get_logger(__name__)

# To connect, and to answer. Checkout rarely takes more than one.
TIMEOUT = (5.0, 20.0)
# What we may not see any more, or never could.
GONE = frozenset({"resource_missing", "account_invalid"})
# What another time may change, with the same parameters.
_LATER = frozenset({"balance_insufficient", "lock_timeout"})


# What a dispute's state means here. While an appeal lasts, the money is lost.
_DISPUTES = {
    "won": "won",
    "lost": "lost",
    "needs_response": "open",
    "under_review": "open",
    "appeal_needs_response": "lost",
    "appeal_under_review": "lost",
}
# Mere questions, and what never became a dispute: they move no money.
_QUESTIONS = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
)


# How a payment to an artist's bank ended.
BANKS = {"paid": "paid", "failed": "failed", "canceled": "failed"}


def dispute_status(told: str) -> str:
    """``open``, ``won`` or ``lost``; "" where no money moves."""
    if told not in _DISPUTES and told not in _QUESTIONS:
        log.error("dispute_status_unknown", status=told)
    return _DISPUTES.get(told, "")


def stripe_client() -> stripe.StripeClient:
    """Raises ImproperlyConfigured without a key."""
    key = settings.STRIPE_SECRET_KEY
    if not key:
        raise ImproperlyConfigured(
            f"Set STRIPE_SECRET_KEY: PAYMENT_GATEWAY is {settings.PAYMENT_GATEWAY}."
        )
    if "_live_" in key and not settings.STRIPE_WEBHOOK_SECRETS:
        raise ImproperlyConfigured("Set STRIPE_WEBHOOK_SECRET: the key is a live one.")
    return _client(key, settings.STRIPE_API_BASE)


@cache
def _client(key: str, address: str) -> stripe.StripeClient:
    # An answer that was lost is looked up by those who ask; the library repeats nothing by itself.
    return stripe.StripeClient(
        key,
        base_addresses={"api": address} if address else None,
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=TIMEOUT),
    )


def code_of(error: BaseException | None) -> str:
    """Of an error of Stripe's. The library leaves it out where we are not permitted."""
    told = getattr(error, "error", None)
    return getattr(error, "code", None) or getattr(told, "code", None) or ""


@contextmanager
def asking() -> Iterator[None]:
    """What Stripe's errors mean here. What is not certainly refused may have been done.

    Neither keys nor what people typed is logged: the kind of an error says enough.
    """
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        if error.code == "rate_limit":
            raise Away(str(error.code)) from error
        if error.code in _LATER or error.http_status == 409:
            raise NotYet(str(error.code)) from error
        text = str(error.user_message or error.code or "refused")
        raise Refused(text, code=error.code or "refused", param=error.param or "") from error
    except stripe.IdempotencyError as error:
        # Of this one thing: its first request may still run.
        raise NotYet(type(error).__name__) from error
    except stripe.PermissionError as error:
        if code_of(error) in GONE:
            # The account of one artist, which we may not see any more.
            raise NotYet(code_of(error)) from error
        log.error("stripe_refuses_us", kind=type(error).__name__)
        raise Away(type(error).__name__) from error
    except stripe.StripeError as error:
        if isinstance(error, stripe.AuthenticationError):
            # Nobody's luck, but a wrong key.
            log.error("stripe_refuses_us", kind=type(error).__name__)
        raise Away(type(error).__name__) from error


@contextmanager
def asking_only() -> Iterator[None]:
    """For what changes nothing: that it was refused says nothing of what was asked for."""
    try:
        with asking():
            yield
    except Refused as error:
        raise NotYet(error.code) from error


_ACCOUNT_GONE = "The account at the provider is not there any more."


@contextmanager
def to_account() -> Iterator[None]:
    """Around ``asking``, for what is sent to an artist's account. Raises Gone for one that was
    deleted: Stripe's own words have its id."""
    try:
        yield
    except Refused as error:
        if error.param == "destination" and error.code in GONE:
            raise Gone(_ACCOUNT_GONE, code=error.code, param=error.param) from error
        raise


@contextmanager
def of_account() -> Iterator[None]:
    """Around the others, for an artist's account. Raises Gone for one that was deleted: then we may
    not see it."""
    try:
        yield
    except (NotYet, Refused) as error:
        cause = error.__cause__
        # ``asking_only`` has one more around it.
        if "account_invalid" in {code_of(cause), code_of(cause.__cause__ if cause else None)}:
            raise Gone(_ACCOUNT_GONE) from error
        raise
