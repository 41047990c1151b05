"""Amounts of money: whole numbers of the smallest unit of a currency."""

from __future__ import annotations

# All others have two.
NO_DECIMALS = frozenset(
    [
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
    ]
)
THREE_DECIMALS = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


# What the provider moves in larger steps than the smallest unit. With three decimals, the last one
# is a zero; some currencies have decimals that nobody uses, when charged or when paid out.
_CHARGE_STEPS = dict.fromkeys(THREE_DECIMALS, 10) | dict.fromkeys(("isk", "ugx"), 100)
_PAYOUT_STEPS = _CHARGE_STEPS | dict.fromkeys(("huf", "twd"), 100)


def chargeable(price: int, currency: str) -> int:
    """``price``, down to what buyers can be charged."""
    return price - price % _CHARGE_STEPS.get(currency, 1)


def payable(price: int, currency: str) -> int:
    """``price``, down to what can be sent to a bank."""
    return price - price % _PAYOUT_STEPS.get(currency, 1)


def decimals_of(currency: str) -> int:
    return 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def written(price: int, currency: str) -> str:
    """For people: ``12.50 USD``, ``1,000 KRW``, ``1.230 KWD``."""
    decimals = decimals_of(currency)
    units, rest = divmod(price, 10**decimals)
    cents = f".{rest:0{decimals}d}" if decimals else ""
    return f"{units:,}{cents} {currency.upper()}"
