"""An order of several pictures is one notification, and so are an artist's sales of a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Generation, Notification, Order, Style, User
from app.services import sales_service, user_service
from app.services.orders import ending, placing
from app.tests.api import Api
from app.tests.factories import StyleFactory, finished_file
from app.tests.ordering import order_of, report

pytestmark = pytest.mark.django_db

NOTIFICATIONS = "/api/notifications"
Place = Callable[..., list[Generation]]


@pytest.fixture
def worker(settings) -> Api:
    settings.INTERNAL_API_TOKENS = ["worker-token"]
    return Api(authorization="Bearer worker-token")


@pytest.fixture
def style(artist: User) -> Style:
    return StyleFactory(artist=artist.artist, name="Fog")


@pytest.fixture
def place(as_buyer: Api, style: Style) -> Place:
    def place(*counts: int) -> list[Generation]:
        items = [order_of(style, seed=None, count=count) for count in counts]
        placed = as_buyer.post("/api/orders", {"items": items})
        assert placed.status == 202, placed.data
        return list(Generation.objects.filter(order=placed.data["id"]).order_by("pk"))

    return place


def told(client: Api) -> list[str]:
    return [row["message"] for row in client.get(NOTIFICATIONS).results]


def end(worker: Api, pictures: list[Generation], failed: int = 0) -> None:
    for number, picture in enumerate(pictures):
        report(worker, picture, "failed" if number < failed else "completed")
    ending.tell_of_ended()


def test_thirty_pictures_are_one_line(as_buyer, worker, place):
    pictures = place(8, 8, 8, 6)
    for picture in pictures[:2]:
        report(worker, picture, "failed")
    for picture in pictures[2:29]:
        preview = finished_file(picture, "preview-w640.webp")
        report(worker, picture, "completed", metadata={"preview_path": preview})
    assert ending.tell_of_ended() == 0
    assert told(as_buyer) == []
    report(worker, pictures[29], "completed")
    assert [ending.tell_of_ended(), ending.tell_of_ended()] == [1, 0]
    [row] = as_buyer.get(NOTIFICATIONS).results
    assert row["type"] == "order_ended"
    assert row["message"] == (
        "Ready: 28 of the 30 pictures of your order. You got 20 tokens back for the others."
    )
    said = {"count": 30, "ready": 28, "refunded": 20, "is_short": True}
    assert row["parameters"] == said
    assert row["target"] == {"type": "order", "id": pictures[0].order_id}
    # The first that is ready stands for all.
    assert row["subject"] == "castle, sea"
    assert f"generations/{pictures[2].task_id}/1/preview-w320.webp" in row["thumbnail_url"]


def test_all_of_them(as_buyer, worker, place):
    end(worker, place(3))
    assert told(as_buyer) == ["All 3 pictures of your order are ready."]


def test_an_order_of_one_is_told_as_its_picture(as_buyer, worker, place):
    end(worker, place(1))
    end(worker, place(1), failed=1)
    failed, ready = as_buyer.get(NOTIFICATIONS).results
    assert (ready["type"], failed["type"]) == ("generation_complete", "generation_failed")


def test_nothing_is_shown_of_an_order_without_pictures(as_buyer, worker, place):
    end(worker, place(2), failed=2)
    [row] = as_buyer.get(NOTIFICATIONS).results
    assert row["message"].startswith("Ready: 0 of the 2 pictures of your order. You got 20")
    assert (row["thumbnail_url"], row["subject"]) == (None, "")


def test_a_buyer_who_has_canceled_all_or_has_left_is_told_nothing(worker, buyer, place):
    placing.cancel(user=buyer, order_id=place(2)[0].order_id)
    assert ending.tell_of_ended() == 1
    # Before leaving takes all notices with it.
    assert not Notification.objects.exists()
    left = place(2)
    user_service.close_account(buyer)
    end(worker, left, failed=1)
    assert Order.objects.filter(ended_at=None).count() == 0
    assert not Notification.objects.exists()


@pytest.mark.parametrize("seen", ["order", "picture"])
def test_it_is_read_by_looking_at_the_order_or_at_a_picture(as_buyer, worker, place, seen):
    first, other = place(2), place(2)
    end(worker, first)
    end(worker, other)
    addresses = {
        "order": f"/api/orders/{first[0].order_id}",
        "picture": f"/api/images/{first[1].pk}",
    }
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert as_buyer.get(addresses[seen]).status == 200
        costs.append(sum("UPDATE" in query["sql"] for query in captured.captured_queries))
    assert costs == [1, 0]
    [left] = Notification.objects.unread()
    assert left.target_id == other[0].order_id


def test_a_single_picture_reads_no_order(as_buyer, worker, place, style):
    end(worker, place(2))
    alone = as_buyer.post("/api/images/generate", order_of(style)).data["generation_id"]
    as_buyer.get(f"/api/images/{alone}")
    assert Notification.objects.unread().count() == 1


def test_the_sales_of_thirty_pictures_are_one_line(as_artist, worker, place):
    with time_machine.travel("2026-11-27T03:00:00Z", tick=False) as clock:
        sales_service.tell_of_sales()
        end(worker, place(8, 8, 8, 6))
        clock.shift(timedelta(days=1))
        assert [sales_service.tell_of_sales(), sales_service.tell_of_sales()] == [1, 0]
    said: list[dict[str, Any]] = as_artist.get(NOTIFICATIONS).results
    assert [row["message"] for row in said] == [
        "You sold 30 pictures on 2026-11-27 and earned 300 tokens: Fog."
    ]
