"""Deadlines, and the end of an order: each refund and each event happens once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from app.models import (
    Generation,
    GenerationStatus,
    Order,
    OutboxMessage,
    Turn,
    WebhookDelivery,
)
from app.services.generation_service import GENERATIONS, MISSED
from app.services.orders import ending
from app.services.webhooks import endpoints
from app.tests import ledger
from app.tests.api import Answer, Api
from app.tests.factories import StyleFactory
from app.tests.ordering import order_of, report
from app.utils import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(settings) -> Api:
    settings.INTERNAL_API_TOKENS = ["worker-token"]
    return Api(authorization="Bearer worker-token")


def place(client: Api, count: int = 3, **more: Any) -> Answer:
    items = [order_of(StyleFactory(), seed=None, count=count)]
    return client.post("/api/orders", {"items": items, **more})


def in_an_hour() -> str:
    return (clock.now() + timedelta(hours=1)).isoformat()


def later(monkeypatch: pytest.MonkeyPatch, hours: float = 2) -> None:
    now = clock.now() + timedelta(hours=hours)
    monkeypatch.setattr(clock, "now", lambda: now)


def states() -> list[str]:
    return list(Generation.objects.order_by("pk").values_list("status", flat=True))


class TestDeadlines:
    def test_what_misses_it_is_refunded_once(self, as_buyer, buyer, worker, monkeypatch):
        place(as_buyer, deadline=in_an_hour())
        done, begun, _ = Generation.objects.order_by("pk")
        report(worker, done, "completed")
        report(worker, begun, "processing")
        assert ending.end_overdue() == 0
        later(monkeypatch)
        assert [ending.end_overdue(), ending.end_overdue()] == [2, 0]
        assert states() == ["completed", "failed", "failed"]
        assert Generation.objects.latest("pk").failure_reason == MISSED
        assert ledger.entries_of(buyer)[1:] == [("consume", 30), ("refund", 10), ("refund", 10)]
        ledger.assert_right()

    def test_what_was_not_handed_over_leaves_the_queue(self, as_buyer, monkeypatch):
        place(as_buyer, deadline=in_an_hour())
        before = Turn.objects.get().finish
        later(monkeypatch)
        ending.end_overdue()
        assert not OutboxMessage.objects.filter(sent_at=None).exists()
        # Nor does the next order wait for it.
        assert Turn.objects.get().finish < before

    def test_a_report_that_comes_too_late_changes_nothing(
        self, as_buyer, buyer, worker, monkeypatch
    ):
        place(as_buyer, 1, deadline=in_an_hour())
        picture = Generation.objects.get()
        report(worker, picture, "processing")
        later(monkeypatch)
        ending.end_overdue()
        late = report(worker, picture, "completed")
        assert late.refusal == (409, "INVALID_TRANSITION")
        assert states() == ["failed"]
        assert ledger.balance_of(buyer) == 1000
        ledger.assert_right()

    @pytest.mark.parametrize("status", ["processing", "completed", "failed"])
    def test_a_report_after_it_ends_the_picture_whoever_looks_first(
        self, as_buyer, buyer, worker, monkeypatch, status
    ):
        """Where no relay runs, or it has not come by since."""
        place(as_buyer, 1, deadline=in_an_hour())
        picture = Generation.objects.get()
        later(monkeypatch)
        said = {"failure_reason": "It broke.", "retryable": False} if status == "failed" else {}
        late = report(worker, picture, status, **said)
        assert late.status == (200 if status == "failed" else 409)
        picture.refresh_from_db()
        assert picture.status == "failed"
        assert picture.failure_reason == ("It broke." if status == "failed" else MISSED)
        assert ledger.balance_of(buyer) == 1000
        ledger.assert_right()

    def test_a_report_that_comes_first_stays(self, as_buyer, worker, monkeypatch):
        """The sweep has seen the picture under way, and looks again under its lock."""
        place(as_buyer, 1, deadline=in_an_hour())
        picture = Generation.objects.get()
        report(worker, picture, "completed")
        later(monkeypatch)
        assert GENERATIONS.end_late(picture.pk) is False
        assert states() == ["completed"]
        ledger.assert_right()

    def test_without_a_deadline_nothing_is_missed(self, as_buyer, monkeypatch):
        place(as_buyer, 1)
        later(monkeypatch, hours=1000)
        assert ending.end_overdue() == 0

    @pytest.mark.parametrize("deadline", ["2020-01-01T00:00:00Z", "soon", 5])
    def test_a_deadline_is_a_time_to_come(self, as_buyer, deadline):
        refused = place(as_buyer, deadline=deadline)
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert list(refused.details) == ["deadline"]
        assert not Order.objects.exists()


class TestCompleted:
    def events(self) -> list[dict[str, Any]]:
        sent = WebhookDelivery.objects.filter(type="order.completed").order_by("pk")
        return [json.loads(each.body)["data"] for each in sent]

    def test_it_is_told_once_when_every_picture_has_ended(self, as_buyer, buyer, worker):
        endpoints.create(user=buyer, url="https://hooks.example.com/")
        placed = place(as_buyer).data
        done, failed, canceled = Generation.objects.order_by("pk")
        report(worker, done, "completed")
        report(worker, failed, "failed")
        assert ending.tell_of_ended() == 0
        as_buyer.post(f"/api/images/{canceled.pk}/cancel")
        assert [ending.tell_of_ended(), ending.tell_of_ended()] == [1, 0]
        assert self.events() == [
            {
                "order_id": placed["id"],
                "item_count": 3,
                "cost": 30,
                "refunded": 20,
                "counts": {
                    "queued": 0,
                    "processing": 0,
                    "completed": 1,
                    "failed": 1,
                    "canceled": 1,
                },
            }
        ]
        assert as_buyer.get(f"/api/orders/{placed['id']}").data["ended_at"]
        ledger.assert_right()

    def test_the_address_that_the_order_named_is_told(self, as_buyer):
        place(as_buyer, webhook_url="https://hooks.example.com/order")
        place(as_buyer)
        Generation.objects.update(status=GenerationStatus.CANCELED)
        ending.tell_of_ended()
        assert len(self.events()) == 1

    def test_every_event_of_its_pictures_goes_there(self, as_buyer, worker):
        placed = place(as_buyer, webhook_url="https://hooks.example.com/order").data
        report(worker, Generation.objects.earliest("pk"), "completed")
        as_buyer.post(f"/api/orders/{placed['id']}/cancel")
        told = WebhookDelivery.objects.order_by("pk").values_list("type", flat=True)
        assert list(told) == ["generation.completed"] + ["generation.canceled"] * 2
