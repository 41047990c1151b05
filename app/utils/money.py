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


def decimals_of(currency: str) -> int:
    return 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def written(price: int, currency: str) -> str:
    """For people: ``12.50 USD``, ``1,000 KRW``, ``1.230 KWD``."""
    decimals = decimals_of(currency)
    units, rest = divmod(price, 10**decimals)
    cents = f".{rest:0{decimals}d}" if decimals else ""
    return f"{units:,}{cents} {currency.upper()}"
