"""A hundred clients order at once, one picture and several, and repeat what they have sent."""

from __future__ import annotations

import os
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from django.db import connection

from app.models import Generation, Order, OutboxMessage, Style, Transaction, TransactionType, User
from app.services import api_key_service
from app.tests import ledger
from app.tests.factories import StyleFactory, UserFactory
from tests.system import System

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BUYERS, CLIENTS_EACH = 20, 5
# What the clients of one buyer order costs 250. Every fourth buyer cannot pay for all of it.
RICH, POOR = 1000, 110
PRICE = 10
SECONDS = 60.0


@dataclass(frozen=True)
class Sent:
    buyer_id: int
    key: str
    cost: int
    status: int
    body: dict[str, Any]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """The web server that production runs, over the database of this test."""
    address = urlsplit(os.environ["DATABASE_URL"])
    of_test = urlunsplit(address._replace(path=f"/{connection.settings_dict['NAME']}"))
    limits = {"RATE_LIMIT_ORDERS": ""}
    system = System(tmp_path / "system", {"DATABASE_URL": of_test, **limits})
    try:
        system.start(workers=0, relays=0, web_processes=2, threads=4)
        yield system
    finally:
        system.stop()


def requests_of(style: Style) -> list[tuple[str, dict[str, Any], int]]:
    """Where to, what, and what it costs: an order of four pictures, and one picture."""
    words = {"style_id": style.pk, "aspect_ratio": "1:1"}
    items = [
        {**words, "prompt_tags": ["castle"], "count": 2},
        {**words, "prompt_tags": ["sea", "night"], "seed": 7},
        {**words, "prompt_tags": ["boat"]},
    ]
    one = {**words, "prompt_tags": ["cat"]}
    return [
        ("/api/orders", {"items": items, "expected_cost": 4 * PRICE}, 4 * PRICE),
        ("/api/images/generate", {**one, "expected_cost": PRICE}, PRICE),
    ]


def test_all_is_right_and_nobody_is_charged_twice(system: System) -> None:
    style = StyleFactory(price=PRICE)
    buyers = [UserFactory(tokens=RICH if n % 4 else POOR) for n in range(BUYERS)]
    keys = {
        buyer.pk: api_key_service.create_key(user=buyer, name="k", scopes=["generate"]).secret
        for buyer in buyers
    }
    start = threading.Barrier(BUYERS * CLIENTS_EACH)

    def be_client(number: int) -> list[Sent]:
        buyer = buyers[number % BUYERS]
        mine = [(str(uuid.uuid4()), *each) for each in requests_of(style)]
        # Half begin with the single picture. Then the first is sent again, as after an answer that
        # was lost.
        mine = mine[:: 1 if number % 2 else -1]
        mine.append(mine[0])
        sent = []
        headers = {"Authorization": f"Bearer {keys[buyer.pk]}"}
        with httpx.Client(base_url=system.url, timeout=SECONDS, headers=headers) as client:
            start.wait(SECONDS)
            for key, path, body, cost in mine:
                answer = client.post(path, json=body, headers={"Idempotency-Key": key})
                sent.append(Sent(buyer.pk, key, cost, answer.status_code, answer.json()))
        return sent

    with ThreadPoolExecutor(BUYERS * CLIENTS_EACH) as threads:
        sent = [each for of in threads.map(be_client, range(BUYERS * CLIENTS_EACH)) for each in of]

    assert len(sent) == 3 * BUYERS * CLIENTS_EACH
    assert {each.status for each in sent} == {202, 402}
    poor = {buyer.pk for buyer in buyers[::4]}
    assert {each.buyer_id for each in sent if each.status == 402} == poor
    accepted = {each.key: each for each in sent if each.status == 202}
    # The second answer of a key is its first.
    for each in sent:
        if each.status == 202:
            assert each.body["data"] == accepted[each.key].body["data"]
    paid = Counter[int]()
    for each in accepted.values():
        paid[each.buyer_id] += each.cost
    for buyer in buyers:
        given = POOR if buyer.pk in poor else RICH
        assert ledger.balance_of(buyer) == given - paid[buyer.pk] >= 0
        assert given == POOR or paid[buyer.pk] == CLIENTS_EACH * 5 * PRICE
        # What was refused could not be paid.
        assert given == RICH or ledger.balance_of(buyer) < 4 * PRICE
    charges = Transaction.objects.filter(type=TransactionType.CONSUME)
    assert charges.count() == len(accepted)
    assert Order.objects.count() == sum(each.cost > PRICE for each in accepted.values())
    pictures = sum(each.cost // PRICE for each in accepted.values())
    assert Generation.objects.count() == OutboxMessage.objects.count() == pictures
    assert User.objects.filter(token_balance__lt=0).count() == 0
    ledger.assert_right()
