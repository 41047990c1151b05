"""What is told of a purchase may come in any order, and twice. ``make payments`` tries them all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.services.payments import refunds
from app.tests.payments.six_events import COUNT, ORDERS, STORIES, new_world, wrong_orders

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SEED = 18
EACH = 20


def test_sixty_orders_of_six_events(settings: Any, monkeypatch: Any) -> None:
    world, rng = new_world(settings, monkeypatch), random.Random(SEED)
    some = [(name, order) for name in STORIES for order in rng.sample(ORDERS, EACH)]
    assert list(wrong_orders(world, some, seed=SEED)) == []


def test_an_order_that_matters_is_seen(settings: Any, monkeypatch: Any) -> None:
    """Without a look at what went back before a dispute, it takes too much."""
    world = new_world(settings, monkeypatch)
    monkeypatch.setattr(refunds, "catch_up", lambda _: None)
    backwards = tuple(reversed(range(COUNT)))
    [wrong] = wrong_orders(world, [("paid out, then lost", backwards)], seed=SEED)
    assert "'disputes': [('lost', 400, 200)]" in wrong
