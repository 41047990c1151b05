"""Limits count a buyer's pictures in work, not presses: what is over waits, with a place."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Generation, OutboxMessage
from app.services import operations_service, payment_service
from app.services.orders import admission
from app.tests import ledger
from app.tests.api import Answer, Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order, order_of, report
from protocol import decode_task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(settings) -> None:
    settings.MAX_IN_WORK, settings.MAX_IN_WORK_PAID, settings.MAX_WAITING = 2, 3, 6
    settings.INTERNAL_API_TOKENS = ["worker-token"]


def place(client: Api, count: int, price: int = 1) -> Answer:
    # An item has at most eight.
    counts = [8] * (count // 8) + [count % 8] * bool(count % 8)
    style = StyleFactory(price=price)
    items = [order_of(style, seed=None, count=each) for each in counts]
    return client.post("/api/orders", {"items": items})


def handed_over() -> list[int]:
    """The numbers of the pictures that workers are told of, in the order of their tasks."""
    bodies = OutboxMessage.objects.order_by("pk").values_list("body", flat=True)
    return [decode_task(bytes(body)).data.generation_id for body in bodies]


def ids() -> list[int]:
    return list(Generation.objects.order_by("pk").values_list("pk", flat=True))


def test_what_is_over_the_limit_waits_and_has_a_place(as_buyer):
    placed = place(as_buyer, 5).data
    assert handed_over() == ids()[:2]
    last = placed["items"][-1]["generation_id"]
    assert as_buyer.get(f"/api/images/{last}/status").data["queue_position"] == 5
    assert admission.hand_over() == 0


def test_what_our_staff_retries_is_not_handed_over_a_second_time(as_buyer):
    place(as_buyer, 3)
    first, _, held = Generation.objects.order_by("pk")
    operations_service.retry_generation(held)
    as_buyer.post(f"/api/images/{first.pk}/cancel")
    assert admission.hand_over() == 0
    held.refresh_from_db()
    assert (held.attempt, held.is_held) == (2, False)
    assert OutboxMessage.objects.filter(task_id=held.task_id).count() == 1


def test_when_one_has_ended_the_next_is_handed_over_once(as_buyer):
    place(as_buyer, 5)
    worker = Api(authorization="Bearer worker-token")
    first, second, *_ = Generation.objects.order_by("pk")
    report(worker, first, "completed")
    assert [admission.hand_over(), admission.hand_over()] == [1, 0]
    report(worker, second, "failed")
    assert admission.hand_over() == 1
    assert handed_over() == ids()[:4]
    ledger.assert_right()


def test_what_somebody_else_handed_over_or_canceled_meanwhile_is_left_out(as_buyer):
    place(as_buyer, 5)
    _, _, third, fourth, fifth = ids()
    as_buyer.post(f"/api/images/{fifth}/cancel")
    # Read as held before that, by another relay and by this one.
    assert [admission._hand_over([third, fourth, fifth]) for _ in range(2)] == [2, 0]
    assert handed_over() == ids()[:4]
    assert Generation.objects.get(pk=fifth).status == "canceled"


def test_what_cannot_be_paid_writes_nothing(as_buyer):
    with CaptureQueriesContext(connection) as captured:
        # Each of them could be paid alone.
        refused = place(as_buyer, 5, price=300)
    assert refused.refusal == (402, "INSUFFICIENT_TOKENS")
    sent = [query["sql"].lstrip() for query in captured.captured_queries]
    assert not [sql for sql in sent if sql.startswith("INSERT") and "app_generation" in sql]
    assert not [sql for sql in sent if sql.startswith("UPDATE app_user")]
    # Nor is it a matter of how many may wait.
    assert place(as_buyer, 9, price=300).refusal == (402, "INSUFFICIENT_TOKENS")


def test_single_orders_wait_as_well_and_are_not_refused(as_buyer):
    style = StyleFactory(price=1)
    assert [order(as_buyer, style).status for _ in range(4)] == [202] * 4
    assert handed_over() == ids()[:2]
    as_buyer.post(f"/api/images/{ids()[0]}/cancel")
    assert admission.hand_over() == 1
    assert handed_over() == ids()[:3]


def test_of_single_orders_no_more_wait_than_may(as_buyer, buyer):
    style = StyleFactory(price=1)
    assert [order(as_buyer, style).status for _ in range(8)] == [202] * 8
    refused = order(as_buyer, style)
    assert refused.refusal == (429, "QUOTA_EXCEEDED")
    assert refused.details == {"limit": 6, "waiting": 6, "room": 0}
    assert Generation.objects.count() == 8
    assert ledger.balance_of(buyer) == 992
    ledger.assert_right()


def test_what_is_canceled_while_it_waits_is_never_handed_over(as_buyer, buyer):
    placed = place(as_buyer, 5).data
    as_buyer.post(f"/api/images/{ids()[2]}/cancel")
    as_buyer.post(f"/api/orders/{placed['id']}/cancel")
    assert admission.hand_over() == 0
    assert handed_over() == ids()[:2]
    assert ledger.balance_of(buyer) == 1000
    ledger.assert_right()


def test_who_has_bought_tokens_may_have_more_in_work(as_buyer, buyer):
    payment = payment_service.Payment("test", "one")
    bought = {"amount": 100, "payment_method": "card", "payment": payment}
    payment_service.record_purchase(user=buyer, **bought)
    place(as_buyer, 5)
    assert handed_over() == ids()[:3]


def test_each_buyer_has_a_limit_of_their_own(as_buyer):
    place(as_buyer, 4)
    place(Api(UserFactory(tokens=10)), 2)
    assert handed_over() == ids()[:2] + ids()[4:]


def test_more_than_may_wait_is_refused_whole(as_buyer, buyer):
    place(as_buyer, 5)
    before = ledger.snapshot()
    refused = place(as_buyer, 4)
    assert refused.refusal == (429, "QUOTA_EXCEEDED")
    assert refused.details == {"limit": 6, "waiting": 3, "room": 3}
    assert len(ids()) == 5
    assert ledger.snapshot()[0][: len(before[0])] == before[0]
    assert place(as_buyer, 3).status == 202


def test_errors_and_replays_do_not_count(as_buyer, settings):
    style = StyleFactory(price=1)
    body, key = {"items": [order_of(style)]}, {"Idempotency-Key": "k"}
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "orders": "2/60"}
    for _ in range(3):
        assert as_buyer.post("/api/orders", {"items": [order_of(style, style_id=10**9)]}).status
        assert as_buyer.post("/api/orders", {**body, "expected_cost": 9}).status == 409
        assert as_buyer.post("/api/orders", body, headers=key).status == 202
    assert as_buyer.post("/api/orders", body).status == 202
    assert as_buyer.post("/api/orders", body).refusal == (429, "RATE_LIMITED")
