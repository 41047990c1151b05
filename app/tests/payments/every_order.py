"""``make payments`` runs this, and ``make test`` does not: it takes minutes."""

from __future__ import annotations

from typing import Any

import pytest

from app.tests.payments.six_events import ORDERS, STORIES, new_world, wrong_orders

pytestmark = [pytest.mark.django_db, pytest.mark.time_limit(3600)]

# So that each core has its part.
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", STORIES)
def test_every_order(settings: Any, monkeypatch: Any, name: str, part: int) -> None:
    world = new_world(settings, monkeypatch)
    every = [(name, order) for order in ORDERS[part::PARTS]]
    assert list(wrong_orders(world, every, seed=0)) == []
