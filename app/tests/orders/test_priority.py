"""Whoever pays more goes earlier; it costs what is quoted, and is given back whole."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.models import Generation, OutboxMessage, Priority, QueueClock, Turn
from app.services import generation_service, pricing
from app.services.generation_service import GENERATIONS
from app.services.orders import admission, contents, placing, waits
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order, order_of, report
from protocol import GENERATION_QUEUE
from protocol.formats import OF_STYLENET

QUEUE = GENERATION_QUEUE
HIGH_LANE = f"{QUEUE}:high"
PICTURE = 1000

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def priority(settings) -> None:
    settings.PRIORITY_PRICE_FACTOR, settings.PRIORITY_WEIGHT = Decimal("1.5"), 4
    settings.INTERNAL_API_TOKENS = ["worker-token"]


class TestPrice:
    @given(price=st.integers(1, 10_000), ratio=st.sampled_from(list(OF_STYLENET)))
    @hypothesis_settings(deadline=None, max_examples=50)
    def test_it_is_the_factor_of_what_is_shown_rounded_up(self, price: int, ratio: str) -> None:
        usual = pricing.cost_of(price, ratio)
        assert pricing.cost_of(price, ratio, Priority.HIGH) == usual + -(-usual // 2)

    def test_a_single_order_costs_it_and_what_was_seen_is_compared_with_it(self, as_buyer, buyer):
        style = StyleFactory(price=7)
        refused = order(as_buyer, style, priority="high", expected_cost=7)
        assert refused.refusal == (409, "PRICE_CHANGED")
        assert refused.details == {"expected": 7, "cost": 11}
        answer = order(as_buyer, style, priority="high", expected_cost=11)
        assert (answer.data["cost"], answer.data["balance"]) == (11, 989)
        shown = as_buyer.get(f"/api/images/{answer.data['generation_id']}").data
        assert (shown["cost"], shown["priority"]) == (11, "high")
        as_buyer.post(f"/api/images/{shown['id']}/cancel")
        assert ledger.balance_of(buyer) == 1000
        ledger.assert_right()

    def test_an_order_costs_its_quote_and_each_picture_is_refunded_what_it_cost(
        self, as_buyer, buyer
    ):
        style = StyleFactory(price=7)
        items = [order_of(style, seed=None, count=3)]
        quote = as_buyer.post("/api/quotes", {"items": items, "priority": "high"}).data
        assert (quote["priority"], quote["cost"]) == ("high", 33)
        body = {"items": items, "priority": "high", "quote_id": quote["id"]}
        placed = as_buyer.post("/api/orders", body)
        assert (placed.status, placed.data["cost"], placed.data["balance"]) == (202, 33, 967)
        worker = Api(authorization="Bearer worker-token")
        first, second, _ = Generation.objects.order_by("pk")
        report(worker, first, "failed")
        report(worker, second, "completed")
        assert ledger.balance_of(buyer) == 978
        assert ledger.balance_of(style.artist.user) == 11
        as_buyer.post(f"/api/orders/{placed.data['id']}/cancel")
        assert ledger.balance_of(buyer) == 989
        ledger.assert_right()

    @pytest.mark.parametrize(("quoted", "ordered"), [("high", "normal"), ("normal", "high")])
    def test_a_quote_is_for_its_priority_alone(self, as_buyer, buyer, quoted, ordered):
        items = [order_of(StyleFactory(price=7))]
        quote = as_buyer.post("/api/quotes", {"items": items, "priority": quoted}).data
        body = {"items": items, "priority": ordered, "quote_id": quote["id"]}
        refused = as_buyer.post("/api/orders", body)
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert refused.details == {"quote_id": ["This quote is for another priority."]}
        assert ledger.balance_of(buyer) == 1000

    def test_without_one_it_is_normal_and_the_same_order_as_before(self, as_buyer):
        style = StyleFactory(price=7)
        first = order(as_buyer, style, key="k")
        again = order(as_buyer, style, key="k", priority="normal")
        assert first.data == again.data
        assert Generation.objects.get().priority == Priority.NORMAL
        assert order(as_buyer, style, key="k", priority="high").refusal == (
            422,
            "IDEMPOTENCY_KEY_REUSED",
        )

    @pytest.mark.parametrize("wrong", ["urgent", "", None, 1, ["high"]])
    def test_others_are_refused(self, as_buyer, wrong):
        refused = order(as_buyer, StyleFactory(), priority=wrong)
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert set(refused.details) == {"priority"}


def place(buyer, style, count=1, priority=Priority.NORMAL):
    items = [{**order_of(style), "seed": None, "count": count}]
    return placing.place(user=buyer, items=items, priority=priority)


def single(buyer, style, priority=Priority.NORMAL) -> Generation:
    given = {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}
    return generation_service.request_generation(user=buyer, priority=priority, **given)


def turn_of(picture: Generation) -> int | None:
    return OutboxMessage.objects.get(task_id=picture.task_id).turn


def finishes(buyer) -> dict[str, int]:
    return dict(Turn.objects.filter(user=buyer).values_list("queue", "finish"))


class TestTurns:
    def test_it_begins_one_picture_earlier_and_counts_for_a_part(self) -> None:
        QueueClock.objects.create(queue=QUEUE, virtual_time=50_000)
        buyer, style = UserFactory(tokens=1000), StyleFactory(price=1)
        assert [turn_of(single(buyer, style)) for _ in range(2)] == [50_000, 51_000]
        high = [turn_of(single(buyer, style, Priority.HIGH)) for _ in range(5)]
        assert high == [49_000, 49_250, 49_500, 49_750, 50_000]
        assert finishes(buyer) == {QUEUE: 52_000, HIGH_LANE: 51_250}

    def test_single_orders_and_those_of_several_have_the_same_turns(self) -> None:
        buyer, other, style = UserFactory(tokens=99), UserFactory(tokens=99), StyleFactory(price=1)
        singly = [turn_of(single(buyer, style, Priority.HIGH)) for _ in range(3)]
        together = [turn_of(each) for each in place(other, style, 3, Priority.HIGH).items.all()]
        assert sorted(together) == [turn + 1 for turn in singly]
        assert finishes(buyer) == finishes(other) == {HIGH_LANE: 750}

    def test_no_warm_style_lets_others_pass(self) -> None:
        # Those of the same virtual time are a picture behind: see ``turns.choose``.
        buyer, other, style = UserFactory(tokens=99), UserFactory(tokens=99), StyleFactory(price=1)
        usual = turn_of(single(other, style))
        assert usual - turn_of(single(buyer, style, Priority.HIGH)) >= PICTURE

    def test_what_is_canceled_gives_back_what_it_took(self) -> None:
        buyer, style = UserFactory(tokens=99), StyleFactory(price=1)
        single(buyer, style)
        before = finishes(buyer)
        alone = single(buyer, style, Priority.HIGH)
        several = place(buyer, style, 3, Priority.HIGH)
        assert finishes(buyer) == {**before, HIGH_LANE: PICTURE}
        placing.cancel(user=buyer, order_id=several.pk)
        assert finishes(buyer) == {**before, HIGH_LANE: 250}
        generation_service.cancel(user=buyer, generation_id=alone.pk)
        assert finishes(buyer) == {**before, HIGH_LANE: 0}

    def test_of_what_is_held_it_goes_first_and_in_its_lane(self, settings) -> None:
        settings.MAX_IN_WORK = 1
        buyer, style = UserFactory(tokens=99), StyleFactory(price=1)
        first, usual = place(buyer, style, 2).items.order_by("pk")
        [high] = place(buyer, style, 1, Priority.HIGH).items.all()
        assert [usual.is_held, high.is_held] == [True, True]
        generation_service.cancel(user=buyer, generation_id=first.pk)
        assert admission.hand_over() == 1
        high.refresh_from_db()
        assert not high.is_held
        assert finishes(buyer)[HIGH_LANE] == 250

    def test_another_attempt_keeps_it(self) -> None:
        buyer, style = UserFactory(tokens=99), StyleFactory(price=1)
        picture = single(buyer, style, Priority.HIGH)
        GENERATIONS.end(picture, "The worker died.")
        picture.refresh_from_db()
        assert (picture.attempt, picture.priority) == (2, Priority.HIGH)

    def test_a_quote_tells_the_place_that_is_paid_for(self) -> None:
        buyer, style = UserFactory(tokens=99), StyleFactory(price=1)
        for _ in range(5):
            single(UserFactory(tokens=9), style)
        place(buyer, style, 3)

        def told(priority: str) -> waits.Expected:
            item = contents.Item(style, ["sea"], "", "1:1", None, 1, 1, priority)
            return waits.expected(buyer, [item])

        assert (told(Priority.NORMAL).place, told(Priority.HIGH).place) == (9, 1)
        assert told(Priority.HIGH).seconds < told(Priority.NORMAL).seconds
