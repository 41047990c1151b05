"""Orders of several pictures: one charge, a job and a refund for each picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import (
    Generation,
    GenerationTag,
    IdempotencyKey,
    Order,
    OrderWebhook,
    OutboxMessage,
    Style,
    Transaction,
    User,
)
from app.serializers.order import OrderCreateSerializer
from app.services import generation_service, style_service
from app.services.orders import placing
from app.tests import ledger
from app.tests.api import Answer, Api
from app.tests.factories import StyleFactory, UserFactory, give_tokens
from app.tests.ordering import report
from app.utils import clock
from protocol import decode_task

pytestmark = pytest.mark.django_db
ORDERS, QUOTES = "/api/orders", "/api/quotes"
WORKER = "development-internal-token"


def item(style: Style, **changes: Any) -> dict[str, Any]:
    return {"style_id": style.pk, "prompt_tags": ["castle"], "aspect_ratio": "1:1", **changes}


def place(client: Api, items: list[dict[str, Any]], *, key: str = "", **more: Any) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(ORDERS, {"items": items, **more}, headers=headers)


def statements(act: Callable[[], Answer]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert act().status < 300
    control = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
    return sum(not query["sql"].startswith(control) for query in queries.captured_queries)


class TestPlacing:
    def test_each_picture_is_a_job_of_its_own_and_all_are_one_charge(self, as_buyer, buyer):
        first, second = StyleFactory(price=7, tags=("castle",)), StyleFactory(price=10)
        items = [item(first, seed=3), item(second, count=3, aspect_ratio="2:2")]
        answer = place(as_buyer, items)
        assert answer.status == 202
        assert (answer.data["cost"], answer.data["balance"]) == (52, 948)
        assert answer.data["item_count"] == 4
        assert [each["cost"] for each in answer.data["items"]] == [7, 15, 15, 15]
        pictures = Generation.objects.order_by("pk")
        assert [each.pk for each in pictures] == [
            each["generation_id"] for each in answer.data["items"]
        ]
        seeds = [each.seed for each in pictures]
        assert seeds[0] == 3
        assert len(set(seeds)) == 4
        assert len({each.licence_number for each in pictures}) == 4
        tasks = [
            decode_task(bytes(each.body)).data for each in OutboxMessage.objects.order_by("pk")
        ]
        assert [task.generation_id for task in tasks] == [each.pk for each in pictures]
        assert [(task.width, task.height) for task in tasks] == [(512, 512)] + [(1024, 1024)] * 3
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 52)]
        charge = Transaction.objects.get(type="consume")
        assert (charge.order_id, charge.generation_id) == (answer.data["id"], None)
        tagged = GenerationTag.objects.order_by("generation_id").values_list("generation", "tag")
        assert [picture_id for picture_id, _ in tagged] == [each.pk for each in pictures]
        ledger.assert_right()

    def test_a_part_that_fails_is_refunded_by_itself(self, as_buyer, buyer):
        placed = place(as_buyer, [item(StyleFactory(), count=3)])
        worker = Api(authorization=f"Bearer {WORKER}")
        done, failed, _ = Generation.objects.order_by("pk")
        assert report(worker, done, "completed").status == 200
        assert report(worker, failed, "failed").status == 200
        assert ledger.entries_of(buyer)[1:] == [("consume", 30), ("refund", 10)]
        shown = as_buyer.get(f"{ORDERS}/{placed.data['id']}").data
        assert (shown["cost"], shown["refunded"]) == (30, 10)
        assert shown["counts"] == {
            "queued": 1,
            "processing": 0,
            "completed": 1,
            "failed": 1,
            "canceled": 0,
        }
        rows = shown["items"]["results"]
        assert [row["status"] for row in rows] == ["completed", "failed", "queued"]
        assert rows[0]["licence"]["number"] == done.licence_number
        assert rows[1]["failure_reason"]
        ledger.assert_right()

    def test_its_pictures_come_in_pages(self, as_buyer):
        placed = place(as_buyer, [item(StyleFactory(price=1), count=8)])
        page = as_buyer.get(f"{ORDERS}/{placed.data['id']}", limit=5).data["items"]
        rest = as_buyer.follow_link(page["next"]).data["items"]
        found = [row["id"] for row in page["results"] + rest["results"]]
        assert found == [each["generation_id"] for each in placed.data["items"]]
        assert rest["next"] is None

    def test_orders_are_listed_newest_first(self, as_buyer):
        style = StyleFactory()
        ids = [place(as_buyer, [item(style)]).data["id"] for _ in range(3)]
        assert as_buyer.get(ORDERS).ids == ids[::-1]
        assert Api(UserFactory()).get(ORDERS).ids == []

    def test_bad_items_are_all_named_and_nothing_is_made(self, as_buyer):
        good, hidden = StyleFactory(), StyleFactory(is_active=False)
        before = ledger.snapshot()
        refused = place(as_buyer, [item(good), item(hidden), item(good), item(hidden)])
        assert refused.refusal == (400, "VALIDATION_ERROR")
        why = ["There is no such style."]
        assert refused.details == {"items.1.style_id": why, "items.3.style_id": why}
        items = [item(good), item(good, prompt_tags=[]), item(good, aspect_ratio="9:1")]
        refused = place(as_buyer, [*items, item(good, seed=4, count=2)])
        assert refused.refusal == (400, "VALIDATION_ERROR")
        wrong = ["items.1.prompt_tags", "items.2.aspect_ratio", "items.3.count"]
        assert list(refused.details) == wrong
        assert ledger.snapshot() == before
        assert not Order.objects.exists()

    @pytest.mark.parametrize("items", [[], [8] * 63, [1] * 501])
    def test_an_order_has_1_to_500_pictures(self, as_buyer, items):
        style = StyleFactory(price=1)
        refused = place(as_buyer, [item(style, count=count) for count in items])
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert list(refused.details) == ["items"]

    def test_who_has_too_little_gets_nothing_of_it(self, as_buyer):
        style = StyleFactory(price=334)
        before = ledger.snapshot()
        refused = place(as_buyer, [item(style, count=3)])
        assert refused.refusal == (402, "INSUFFICIENT_TOKENS")
        assert refused.details == {"required": 1002, "available": 1000}
        assert ledger.snapshot() == before
        assert not Generation.objects.exists()

    def test_the_same_key_orders_once(self, as_buyer, buyer):
        items = [item(StyleFactory(), count=2)]
        first, second = (place(as_buyer, items, key="k") for _ in range(2))
        assert first.data == second.data
        assert second.headers["Idempotent-Replayed"] == "true"
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 20)]
        assert place(as_buyer, items * 2, key="k").code == "IDEMPOTENCY_KEY_REUSED"

    def test_with_the_same_key_it_is_the_same_order_whatever_is_expected_now(self, as_buyer):
        style = StyleFactory()
        items = [item(style, count=2)]
        quoted = as_buyer.post("/api/quotes", {"items": items}).data["id"]
        seen = {"expected_cost": 20, "expected_terms": "commercial/1", "quote_id": quoted}
        first = place(as_buyer, items, key="k", **seen)
        assert first.status == 202
        Style.objects.filter(pk=style.pk).update(price=11, is_active=False)
        for expected in ({"expected_cost": 22}, {"quote_id": "none"}, {}):
            assert place(as_buyer, items, key="k", **expected).data == first.data
        assert place(as_buyer, items, key="other", quote_id="none").status == 400
        assert Order.objects.count() == 1

    def test_an_order_of_the_version_before_is_known_by_its_key(self, as_buyer):
        items = [item(StyleFactory(), count=2)]
        place(as_buyer, items, key="k", expected_cost=20)
        # That one took what is expected for a part of the meaning.
        body = {"items": items, "expected_cost": 20, "expected_terms": None, "quote_id": None}
        said = orjson.dumps(
            OrderCreateSerializer(data=body).run_validation(body), option=orjson.OPT_SORT_KEYS
        )
        before = hashlib.sha256(f"POST {ORDERS}\n".encode() + said).hexdigest()
        assert IdempotencyKey.objects.exclude(fingerprint=before).update(fingerprint=before) == 1
        again = place(as_buyer, items, key="k", expected_cost=20)
        assert again.headers["Idempotent-Replayed"] == "true"

    def test_another_price_or_other_terms_are_told(self, as_buyer, buyer):
        style = StyleFactory()
        refused = place(as_buyer, [item(style, count=2)], expected_cost=10)
        assert refused.refusal == (409, "PRICE_CHANGED")
        assert refused.details == {"expected": 10, "cost": 20}
        refused = place(as_buyer, [item(style)], expected_terms="personal/1")
        assert refused.refusal == (409, "TERMS_CHANGED")
        assert ledger.entries_of(buyer) == [("earn", 1000)]
        seen = {"expected_cost": 20, "expected_terms": "commercial/1"}
        assert place(as_buyer, [item(style, count=2)], **seen).status == 202

    def test_statements_do_not_grow_with_its_pictures(self, as_buyer, buyer):
        give_tokens(buyer, 1000)
        style = StyleFactory(price=1, tags=("castle", "sea"))
        hook = {"webhook_url": "https://hooks.example.com/orders"}
        place(as_buyer, [item(style)], **hook)
        few = statements(lambda: place(as_buyer, [item(style)] * 2, **hook))
        many = statements(lambda: place(as_buyer, [item(style, count=8)] * 60, **hook))
        assert few == many <= 18
        assert OrderWebhook.objects.count() == 483
        shown = f"{ORDERS}/{Order.objects.earliest('pk').pk}", f"{ORDERS}/{Order.objects.last().pk}"
        assert len({statements(lambda path=path: as_buyer.get(path)) for path in shown}) == 1

    def test_a_style_that_is_withdrawn_meanwhile_is_not_sold(self, as_buyer, monkeypatch):
        style = StyleFactory()
        before = ledger.snapshot()
        drafts = placing._drafts

        def withdraw_first(buyer: User, wanted: Any) -> Any:
            Style.objects.filter(pk=style.pk).update(is_active=False)
            return drafts(buyer, wanted)

        monkeypatch.setattr(placing, "_drafts", withdraw_first)
        assert place(as_buyer, [item(style)]).refusal == (422, "STYLE_NOT_READY")
        assert ledger.snapshot() == before


class TestCanceling:
    def test_what_is_queued_is_refunded_and_the_rest_goes_on(self, as_buyer, buyer):
        placed = place(as_buyer, [item(StyleFactory(), count=4)])
        worker = Api(authorization=f"Bearer {WORKER}")
        begun = Generation.objects.order_by("pk").first()
        report(worker, begun, "processing")
        path = f"{ORDERS}/{placed.data['id']}/cancel"
        answer = as_buyer.post(path).data
        assert (answer["counts"]["canceled"], answer["counts"]["processing"]) == (3, 1)
        assert answer["refunded"] == 30
        assert as_buyer.post(path).data == answer
        assert ledger.entries_of(buyer)[1:] == [("consume", 40)] + [("refund", 10)] * 3
        ledger.assert_right()

    def test_a_single_picture_of_it_can_be_canceled(self, as_buyer, buyer):
        placed = place(as_buyer, [item(StyleFactory(), count=2)])
        picture_id = placed.data["items"][0]["generation_id"]
        generation_service.cancel(user=buyer, generation_id=picture_id)
        assert as_buyer.get(f"{ORDERS}/{placed.data['id']}").data["refunded"] == 10
        ledger.assert_right()

    def test_statements_do_not_grow_with_its_pictures(self, as_buyer):
        style = StyleFactory(price=1)
        orders = [place(as_buyer, [item(style, count=1)] * count).data["id"] for count in (2, 90)]
        few, many = (
            statements(lambda order=order: as_buyer.post(f"{ORDERS}/{order}/cancel"))
            for order in orders
        )
        assert few == many
        ledger.assert_right()


class TestQuotes:
    def test_a_quote_names_price_place_and_wait(self, as_buyer):
        style = StyleFactory(price=7)
        items = [item(style, prompt_tags=["zorblax"]), item(style, count=3)]
        told = as_buyer.post(QUOTES, {"items": items}).data
        assert (told["cost"], told["balance_after"], told["place"]) == (28, 972, 1)
        assert told["expected_seconds"] > 0
        assert told["is_realistic"] is None
        assert [each["cost"] for each in told["items"]] == [7, 21]
        assert told["items"][0]["unknown_words"] == ["zorblax"]
        assert not Order.objects.exists()

    def test_a_deadline_is_judged(self, as_buyer):
        items = [item(StyleFactory(), count=8)]
        for hours, is_realistic in ((0.0001, False), (24, True)):
            deadline = (clock.now() + timedelta(hours=hours)).isoformat()
            told = as_buyer.post(QUOTES, {"items": items, "deadline": deadline}).data
            assert told["is_realistic"] is is_realistic

    def test_its_id_buys_at_its_price_and_no_other(self, as_buyer, buyer):
        style = StyleFactory(price=7)
        items = [item(style, count=2)]
        told = as_buyer.post(QUOTES, {"items": items}).data
        style_service.update_style(user=style.artist.user, style_id=style.pk, price=6)
        refused = place(as_buyer, items, quote_id=told["id"])
        assert refused.refusal == (409, "PRICE_CHANGED")
        assert refused.details == {"expected": 14, "cost": 12}
        style_service.update_style(user=style.artist.user, style_id=style.pk, price=7)
        assert place(as_buyer, items, quote_id=told["id"]).data["cost"] == 14
        assert ledger.balance_of(buyer) == 986

    def test_it_holds_the_terms(self, as_buyer):
        style = StyleFactory()
        items = [item(style)]
        told = as_buyer.post(QUOTES, {"items": items}).data
        Style.objects.filter(pk=style.pk).update(terms_id="personal/1")
        refused = place(as_buyer, items, quote_id=told["id"])
        assert refused.refusal == (409, "TERMS_CHANGED")
        assert refused.details == {"expected": "commercial/1", "terms": "personal/1"}

    def test_it_is_for_these_items_and_this_buyer_and_ten_minutes(self, as_buyer, monkeypatch):
        items = [item(StyleFactory())]
        told = as_buyer.post(QUOTES, {"items": items}).data
        other = Api(UserFactory(tokens=100))
        now = clock.now()

        def refused(client: Api, given: list[dict[str, Any]], quote_id: str) -> bool:
            answer = place(client, given, quote_id=quote_id)
            return answer.status == 400 and list(answer.details) == ["quote_id"]

        assert refused(as_buyer, items * 2, told["id"])
        assert refused(other, items, told["id"])
        assert refused(as_buyer, items, told["id"] + "x")
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=11))
        assert refused(as_buyer, items, told["id"])
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=9))
        assert place(as_buyer, items, quote_id=told["id"]).status == 202
