"""What is quoted is charged or nothing is, for any mix of styles, formats, seeds and numbers of
pictures, whatever happens in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.models import Generation, Style, Transaction, User
from app.services import pricing
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from protocol.formats import OF_STYLENET

pytestmark = pytest.mark.django_db

PRICES = (1, 7, 333, 10_000)
ITEM = st.fixed_dictionaries(
    {
        "style": st.integers(0, len(PRICES) - 1),
        "aspect_ratio": st.sampled_from(list(OF_STYLENET)),
        "prompt_tags": st.lists(
            st.sampled_from(["sea", "zorblax", "두 고양이"]), min_size=1, max_size=3
        ),
    },
    optional={"count": st.integers(1, 8), "seed": st.none()},
) | st.fixed_dictionaries(
    {
        "style": st.integers(0, len(PRICES) - 1),
        "aspect_ratio": st.sampled_from(list(OF_STYLENET)),
        "prompt_tags": st.just(["castle"]),
        "seed": st.integers(0, 2**32 - 1),
    }
)
EXAMPLE: dict[str, Any] = {
    "style": 1,
    "aspect_ratio": "1:2",
    "prompt_tags": ["sea"],
    "count": 3,
}


@pytest.fixture
def shop() -> tuple[User, list[int]]:
    return UserFactory(tokens=10_000_000), [StyleFactory(price=price).pk for price in PRICES]


# What happens between the quote and the order.
BETWEEN = st.fixed_dictionaries(
    {
        # New prices of some styles, by their place; of those that are not ordered, too.
        "prices": st.dictionaries(
            st.integers(0, len(PRICES) - 1), st.sampled_from((1, 2, *PRICES)), max_size=2
        ),
        "minutes": st.sampled_from((0, 9, 11)),
        # How many tokens the buyer has more than was quoted.
        "left": st.sampled_from((-1, 0, 5, 1_000_000)),
    }
)
CALM: dict[str, Any] = {"prices": {}, "minutes": 0, "left": 5}


@example(items=[EXAMPLE], by_id=True, between=CALM)
@example(items=[EXAMPLE], by_id=True, between={**CALM, "prices": {1: 8}})
@example(items=[EXAMPLE], by_id=False, between={**CALM, "prices": {1: 8}, "left": -1})
@example(items=[EXAMPLE], by_id=True, between={**CALM, "minutes": 11})
@example(items=[EXAMPLE], by_id=False, between={**CALM, "minutes": 11})
@example(items=[EXAMPLE], by_id=True, between={**CALM, "left": -1})
@given(items=st.lists(ITEM, min_size=1, max_size=6), by_id=st.booleans(), between=BETWEEN)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_quoted_is_charged_or_nothing(
    shop: tuple[User, list[int]],
    items: list[dict[str, Any]],
    by_id: bool,
    between: dict[str, Any],
) -> None:
    buyer, styles = shop
    body = [
        {**{name: value for name, value in item.items() if name != "style"}, "style_id": style}
        for item in items
        for style in [styles[item["style"]]]
    ]
    client = Api(buyer)
    now = datetime.now(UTC)
    with transaction.atomic():
        with time_machine.travel(now, tick=False):
            quoted = client.post("/api/quotes", {"items": body}).data
        assert quoted["cost"] == sum(each["cost"] for each in quoted["items"])
        for place, price in between["prices"].items():
            Style.objects.filter(pk=styles[place]).update(price=price)
        balance = quoted["cost"] + between["left"]
        User.objects.filter(pk=buyer.pk).update(token_balance=balance)
        before = ledger.snapshot()
        prices = {**dict(enumerate(PRICES)), **between["prices"]}
        cost = sum(
            item.get("count", 1) * pricing.cost_of(prices[item["style"]], item["aspect_ratio"])
            for item in items
        )
        seen = {"quote_id": quoted["id"]} if by_id else {"expected_cost": quoted["cost"]}
        with time_machine.travel(now + timedelta(minutes=between["minutes"]), tick=False):
            answer = client.post("/api/orders", {"items": body, **seen})
        if by_id and between["minutes"] > 10:
            assert answer.refusal == (400, "VALIDATION_ERROR")
            assert set(answer.details) == {"quote_id"}
        elif cost != quoted["cost"]:
            assert answer.refusal == (409, "PRICE_CHANGED")
            assert answer.details == {"expected": quoted["cost"], "cost": cost}
        elif between["left"] < 0:
            assert answer.refusal == (402, "INSUFFICIENT_TOKENS")
            assert answer.details == {"required": cost, "available": balance}
        else:
            _require_charged(answer.data, quoted["cost"], balance, buyer)
            made = Generation.objects.filter(order_id=answer.data["id"])
            assert made.count() == sum(item.get("count", 1) for item in items)
            before = ledger.snapshot()
        assert ledger.snapshot() == before
        transaction.set_rollback(True)


def _require_charged(placed: dict[str, Any], cost: int, balance: int, buyer: User) -> None:
    charged = Transaction.objects.get(order_id=placed["id"])
    assert charged.amount == placed["cost"] == cost
    assert placed["balance"] == ledger.balance_of(buyer) == balance - cost
    costs = Generation.objects.filter(order_id=placed["id"]).values_list("cost", flat=True)
    assert sum(costs) == cost
