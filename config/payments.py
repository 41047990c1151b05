"""Which settings of payments production may start with."""

from __future__ import annotations

import re

from app.utils.money import chargeable
from config.problems import (
    Environment,
    Problem,
    Rule,
    flag,
    is_true,
    list_of,
    matches,
    number,
    value_of,
)


def _payment_gateway(environment: Environment) -> str:
    gateway = value_of(environment, "PAYMENT_GATEWAY") or "test"
    if gateway == "test":
        is_allowed = is_true(environment, "ALLOW_TEST_GATEWAY")
        return "" if is_allowed else "is the test gateway, which gives tokens away"
    if gateway == "stripe-fake":
        return "is the fake provider of developers, at which nobody pays"
    return "" if gateway == "stripe" else "is neither stripe nor test"


def _for_stripe(problem: Problem) -> Problem:
    return lambda environment: (
        problem(environment) if value_of(environment, "PAYMENT_GATEWAY") == "stripe" else ""
    )


def _stripe_key(environment: Environment) -> str:
    key = value_of(environment, "STRIPE_SECRET_KEY")
    if not key:
        return "is missing"
    if "_test_" in key:
        return "is a key of the test mode, by which nobody pays"
    return "" if re.match(r"(sk|rk)_live_\w", key) else "is no secret key of Stripe"


def _stripe_secrets(environment: Environment) -> str:
    secrets = list_of(environment, "STRIPE_WEBHOOK_SECRET")
    if not secrets:
        return "is missing: events could not be told from forged ones"
    are_secrets = all(re.match(r"whsec_\w", secret) for secret in secrets)
    return "" if are_secrets else "has no whsec_ at the beginning"


def _stripe_address(environment: Environment) -> str:
    return "is not Stripe's own" if value_of(environment, "STRIPE_API_BASE") else ""


def _token_value(environment: Environment) -> str:
    """Whoever buys the cheapest tokens, and spends them on a friend, must not gain by it."""
    value = _number(environment, "TOKEN_VALUE", 100)
    asked = _number(environment, "TOKEN_PRICE", 100)
    # The smallest purchase: any other is rounded down less. One of nothing is told of as such.
    prices = [chargeable(asked, _currency(environment))] if asked else []
    for pack in list_of(environment, "TOKEN_PACKS"):
        tokens, _, price = pack.partition(":")
        if tokens.strip().isdigit() and price.strip().isdigit() and int(tokens) * int(price):
            charged = chargeable(int(price), _currency(environment))
            prices.append(charged * 100 // int(tokens))
    return "is more than what tokens cost" if value > min(prices, default=value) else ""


def _currency(environment: Environment) -> str:
    return value_of(environment, "CURRENCY") or "usd"


def _number(environment: Environment, name: str, usual: int) -> int:
    given = value_of(environment, name)
    return int(given) if given.isdigit() else usual


VALUES = (
    number("TOKEN_PRICE", 1, None),
    number("TOKEN_VALUE", 1, None),
    number("PAYOUT_MINIMUM", 1, None),
    number("REFUND_DAYS", 0, 365),
    matches("CURRENCY", "[a-z]{3}", "three small letters"),
    matches(
        "TOKEN_PACKS",
        r"[1-9]\d*00:[1-9]\d*(\s*,\s*[1-9]\d*00:[1-9]\d*)*",
        "a list such as 500:450,1000:800: hundreds of tokens and their price",
    ),
    # What Stripe lets statements say.
    matches("STATEMENT_DESCRIPTOR", r"[A-Za-z0-9 .-]{0,10}", "at most ten letters or digits"),
    *map(flag, ("STRIPE_AUTOMATIC_TAX", "DISPUTE_REVOKES_LICENCES")),
)

RULES = (
    Rule(
        "PAYMENT_GATEWAY",
        "Set stripe, or set ALLOW_TEST_GATEWAY=1 if tokens shall cost nothing here.",
        _payment_gateway,
    ),
    Rule(
        "STRIPE_SECRET_KEY",
        "Set the secret key of Stripe's live mode, which its dashboard shows.",
        _for_stripe(_stripe_key),
    ),
    Rule(
        "STRIPE_WEBHOOK_SECRET",
        "Set the secret of each webhook endpoint, parted by commas. Stripe's dashboard shows it.",
        _for_stripe(_stripe_secrets),
    ),
    Rule(
        "TOKEN_VALUE",
        "Pay out no more for 100 tokens than the cheapest ones cost.",
        _for_stripe(_token_value),
    ),
    Rule("STRIPE_API_BASE", "Leave it out.", _stripe_address),
)
