"""Currencies that move in larger steps than their smallest unit."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.payments import packs, payouts
from config.payments import RULES


def problems(**given: str) -> dict[str, str]:
    environment = {"PAYMENT_GATEWAY": "stripe", **given}
    found = {rule.name: rule.problem(environment) for rule in RULES}
    return {name: said for name, said in found.items() if said and name.startswith("TOKEN")}


@pytest.mark.parametrize(
    ("currency", "charged", "paid_out"),
    [
        ("usd", 1005, 1005),
        ("krw", 1005, 1005),
        ("kwd", 1000, 1000),
        ("huf", 1005, 1000),
        ("twd", 1005, 1000),
        ("isk", 1000, 1000),
    ],
)
def test_what_can_be_moved(settings: Any, currency: str, charged: int, paid_out: int) -> None:
    settings.CURRENCY, settings.TOKEN_PRICE, settings.TOKEN_VALUE = currency, 1005, 1005
    assert (packs.price_of(100), payouts.value_of(100)) == (charged, paid_out)


def test_nobody_gains_by_what_is_rounded_down() -> None:
    """Ten purchases of 100 tokens would cost 100, and pay 150."""
    given = {"CURRENCY": "kwd", "TOKEN_PRICE": "15", "TOKEN_VALUE": "15"}
    assert problems(**given) == {"TOKEN_VALUE": "is more than what tokens cost"}
    assert problems(**{**given, "TOKEN_VALUE": "10"}) == {}
    given = {"CURRENCY": "kwd", "TOKEN_PRICE": "20", "TOKEN_VALUE": "15"}
    assert problems(**given, TOKEN_PACKS="1000:155") == {}
    assert list(problems(**given, TOKEN_PACKS="1000:149")) == ["TOKEN_VALUE"]


def test_nothing_is_no_price() -> None:
    given = {"CURRENCY": "kwd", "TOKEN_PRICE": "9", "TOKEN_VALUE": "1"}
    assert list(problems(**given)) == ["TOKEN_VALUE"]
    assert problems(**{**given, "CURRENCY": "usd"}) == {}
