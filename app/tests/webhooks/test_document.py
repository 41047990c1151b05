"""docs/webhooks.md says what is sent: every event, and what each has in its ``data``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.models import Order, User, WebhookEvent
from app.models.webhook import TEST_EVENT
from app.services.webhooks import endpoints, events

PAGE = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"
ROW = re.compile(r"^\| (`[a-z]+\.[a-z]+`(?:, `[a-z.]+`)*) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def rows() -> dict[str, str]:
    """What the table says of each event."""
    return {
        name: said
        for names, said in ROW.findall(PAGE.read_text())
        for name in re.findall(r"`([a-z.]+)`", names)
    }


def test_every_event_is_described() -> None:
    assert set(rows()) == {*WebhookEvent.values, TEST_EVENT}


@pytest.mark.django_db
def test_an_order_has_what_the_page_says(buyer: User) -> None:
    endpoint = endpoints.create(user=buyer, url="https://hooks.example.com/")
    order = Order.objects.create(user=buyer, item_count=3, cost=30)
    events.tell_of_order(order, {"counts": {"completed": 3, "failed": 0}, "refunded": 0})
    sent = json.loads(endpoint.deliveries.get().body)["data"]
    assert set(sent) == set(re.findall(r"`(\w+)`", rows()["order.completed"]))
    assert sent["counts"] == {"completed": 3, "failed": 0}
