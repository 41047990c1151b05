"""Balance transactions, and the balances that are their sums."""

from __future__ import annotations

from collections import defaultdict

from devtools.fake_stripe.errors import RefusedError
from devtools.fake_stripe.state import PLATFORM, State, Thing

DAY = 86_400
SETTLES_AFTER = 2 * DAY
"""Seconds until what was charged is available."""

_CATEGORIES = {
    "adjustment": "dispute",
    "payment": "charge",
    "refund_failure": "refund_failure",
    "transfer_refund": "transfer_reversal",
    "payout_failure": "payout_reversal",
}


def charge_fee(amount: int) -> int:
    """What the provider keeps of a charge: 2.9 % rounded up, and 30 of the smallest unit."""
    return min(amount, -(-amount * 29 // 1000) + 30)


def book(
    state: State,
    kind: str,
    amount: int,
    currency: str,
    source: str,
    *,
    fee: int = 0,
    owner: str = PLATFORM,
    available_on: int | None = None,
) -> Thing:
    """Write one balance transaction. ``amount`` is signed; ``net`` is it less the fee."""
    now = state.now()
    fees = [{"amount": fee, "application": None, "currency": currency, "type": "stripe_fee"}]
    entry: Thing = {
        "id": state.new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now if available_on is None else available_on,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [part | {"description": "Processing fee"} for part in fees if fee],
        "net": amount - fee,
        "reporting_category": _CATEGORIES.get(kind, kind),
        "source": source,
        "status": "available",
        "type": kind,
    }
    entry["status"] = "pending" if entry["available_on"] > now else "available"
    return state.add(entry, owner=owner)


def settle(state: State) -> None:
    """Make available what has come due."""
    for entry in state.all("balance_transaction", owner=None):
        if entry["status"] == "pending" and entry["available_on"] <= state.now():
            entry["status"] = "available"


def sums(state: State, owner: str) -> tuple[dict[str, int], dict[str, int]]:
    """What is available and what is pending, by currency."""
    available: dict[str, int] = defaultdict(int)
    pending: dict[str, int] = defaultdict(int)
    for entry in state.all("balance_transaction", owner=owner):
        place = available if entry["status"] == "available" else pending
        place[entry["currency"]] += entry["net"]
    return available, pending


def check_available(state: State, owner: str, amount: int, currency: str) -> None:
    """Raise RefusedError unless the account has ``amount`` available."""
    if sums(state, owner)[0].get(currency, 0) < amount:
        raise RefusedError(
            "You have insufficient available funds in your Stripe account.",
            code="balance_insufficient",
        )


def balance(state: State, owner: str) -> Thing:
    """The balance object of an account."""
    available, pending = sums(state, owner)
    currencies = sorted({*available, *pending}) or ["usd"]

    def parts(amounts: dict[str, int]) -> list[Thing]:
        return [
            {
                "amount": amounts.get(currency, 0),
                "currency": currency,
                "source_types": {"card": amounts.get(currency, 0)},
            }
            for currency in currencies
        ]

    return {
        "object": "balance",
        "available": parts(available),
        "livemode": False,
        "pending": parts(pending),
    }
