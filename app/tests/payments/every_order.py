"""``make payments`` runs this, and ``make test`` does not: it takes minutes."""

from __future__ import annotations

from typing import Any

import pytest

from app.tests.payments.six_events import ORDERS, STORIES, new_world, wrong_orders

pytestmark = [pytest.mark.django_db, pytest.mark.time_limit(3600)]


@pytest.mark.parametrize("name", STORIES)
def test_every_order(settings: Any, monkeypatch: Any, name: str) -> None:
    world = new_world(settings, monkeypatch)
    every = [(name, order) for order in ORDERS]
    assert list(wrong_orders(world, every, seed=0)) == []
