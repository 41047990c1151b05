"""What is quoted is charged, for any mix of styles, formats, seeds and numbers of pictures."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.models import AspectRatio, Generation, Transaction, User
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory

pytestmark = pytest.mark.django_db

PRICES = (1, 7, 333, 10_000)
ITEM = st.fixed_dictionaries(
    {
        "style": st.integers(0, len(PRICES) - 1),
        "aspect_ratio": st.sampled_from(AspectRatio.values),
        "prompt_tags": st.lists(
            st.sampled_from(["sea", "zorblax", "두 고양이"]), min_size=1, max_size=3
        ),
    },
    optional={"count": st.integers(1, 8), "seed": st.none()},
) | st.fixed_dictionaries(
    {
        "style": st.integers(0, len(PRICES) - 1),
        "aspect_ratio": st.sampled_from(AspectRatio.values),
        "prompt_tags": st.just(["castle"]),
        "seed": st.integers(0, 2**32 - 1),
    }
)


@pytest.fixture
def shop() -> tuple[User, list[int]]:
    return UserFactory(tokens=10_000_000), [StyleFactory(price=price).pk for price in PRICES]


@given(items=st.lists(ITEM, min_size=1, max_size=6), by_id=st.booleans())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_quoted_is_charged(
    shop: tuple[User, list[int]], items: list[dict[str, Any]], by_id: bool
) -> None:
    buyer, styles = shop
    body = [
        {**{name: value for name, value in item.items() if name != "style"}, "style_id": style}
        for item in items
        for style in [styles[item["style"]]]
    ]
    client = Api(buyer)
    with transaction.atomic():
        quoted = client.post("/api/quotes", {"items": body}).data
        seen = {"quote_id": quoted["id"]} if by_id else {"expected_cost": quoted["cost"]}
        placed = client.post("/api/orders", {"items": body, **seen}).data
        charged = Transaction.objects.get(order_id=placed["id"])
        assert charged.amount == placed["cost"] == quoted["cost"]
        assert quoted["cost"] == sum(each["cost"] for each in quoted["items"])
        assert placed["balance"] == quoted["balance_after"] == ledger.balance_of(buyer)
        made = Generation.objects.filter(order_id=placed["id"])
        assert sum(each.cost for each in made) == quoted["cost"]
        assert made.count() == sum(item.get("count", 1) for item in items)
        transaction.set_rollback(True)
