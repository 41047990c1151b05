"""How amounts of a currency are written: as whole numbers of its smallest unit."""

from __future__ import annotations

from devtools.fake_stripe.errors import InvalidParameterError
from devtools.fake_stripe.forms import Params, integer, required

ZERO_DECIMALS = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
THREE_DECIMALS = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
TWO_DECIMALS = frozenset(
    [
        "aed",
        "aud",
        "brl",
        "cad",
        "chf",
        "cny",
        "czk",
        "dkk",
        "eur",
        "gbp",
        "hkd",
        "huf",
        "ils",
        "inr",
        "mxn",
        "myr",
        "nok",
        "nzd",
        "php",
        "pln",
        "ron",
        "sar",
        "sek",
        "sgd",
        "thb",
        "try",
        "twd",
        "usd",
        "zar",
    ]
)
# The least that can be charged, in the smallest unit. Where none is named it is one unit.
_LEAST = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "krw": 100}
_MOST = 99_999_999


def currency_of(params: Params, name: str = "currency") -> str:
    """The three letters, in lower case. Raises InvalidParameterError."""
    currency = str(required(params, name)).lower()
    if currency not in ZERO_DECIMALS | TWO_DECIMALS | THREE_DECIMALS:
        raise InvalidParameterError(f"Invalid currency: {currency}.", param=name)
    return currency


def check_amount(amount: int, currency: str, *, param: str = "amount") -> int:
    """``amount``, if it can be charged. Raises InvalidParameterError."""
    if amount < _LEAST.get(currency, 1):
        raise InvalidParameterError(
            f"Amount must be at least {_LEAST.get(currency, 1)} {currency}.",
            param=param,
            code="amount_too_small",
        )
    if amount > _MOST:
        raise InvalidParameterError(
            f"Amount must be no more than {_MOST} {currency}.", param=param, code="amount_too_large"
        )
    if currency in THREE_DECIMALS and amount % 10:
        raise InvalidParameterError(
            f"Amounts in {currency} must be a multiple of 10.",
            param=param,
            code="invalid_charge_amount",
        )
    return amount


def amount_of(params: Params, currency: str) -> int:
    """The parameter ``amount``, if it can be charged."""
    return check_amount(integer(params, "amount", least=1), currency)


def written(amount: int, currency: str) -> str:
    """For people: ``12.50 USD``, ``1000 KRW``, ``1.230 KWD``."""
    decimals = 0 if currency in ZERO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    return f"{amount / 10**decimals:.{decimals}f} {currency.upper()}"
