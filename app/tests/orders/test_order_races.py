"""Orders, hand-overs, cancellations and deadlines from several sides at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.exceptions import DomainError
from app.models import Generation, Order, OutboxMessage, Transaction, User
from app.services.orders import admission, ending, placing
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import report
from app.tests.together import all_at_once
from app.utils import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def place(count: int, user: User | None = None, price: int = 1) -> Order:
    style = StyleFactory(price=price)
    item = {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1", "count": count}
    return placing.place(user=user or UserFactory(tokens=1000), items=[item])


def or_refusal(act: Callable[[], object]) -> str:
    try:
        act()
    except DomainError as error:
        return error.code
    return "done"


def test_only_what_the_balance_allows_is_ordered():
    buyer, style = UserFactory(tokens=1000), StyleFactory(price=20)
    item = {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1", "count": 5}
    orders = [lambda: or_refusal(lambda: placing.place(user=buyer, items=[item]))] * 16
    assert Counter(all_at_once(orders, threads=8)) == {"done": 10, "INSUFFICIENT_TOKENS": 6}
    assert ledger.balance_of(buyer) == 0
    assert Generation.objects.count() == 50
    ledger.assert_right()


def test_four_relays_hand_over_each_picture_once(settings):
    settings.MAX_IN_WORK = 3
    order = place(8)
    for picture in order.items.filter(is_held=False):
        picture.status = "canceled"
        picture.save()
    assert sum(all_at_once([admission.hand_over] * 4)) == 3
    assert Generation.objects.waiting().count() == 2
    assert OutboxMessage.objects.count() == 6


def test_a_cancellation_and_a_hand_over_agree(settings):
    settings.MAX_IN_WORK = 4
    order = place(8)
    order.items.filter(is_held=False).update(status="processing")
    settings.MAX_IN_WORK = 8
    cancel = lambda: placing.cancel(user=order.user, order_id=order.pk).pk  # noqa: E731
    all_at_once([cancel, admission.hand_over, cancel, admission.hand_over])
    assert admission.hand_over() == 0
    states = Counter(order.items.values_list("status", flat=True))
    assert states == {"processing": 4, "canceled": 4}
    refunds = Transaction.objects.filter(type="refund", generation__order=order)
    assert refunds.count() == 4
    ledger.assert_right()


def test_deadlines_and_reports_agree(settings):
    settings.INTERNAL_API_TOKENS = ["worker-token"]
    order = place(6)
    Order.objects.update(deadline=clock.now() + timedelta(seconds=0.05))
    pictures = list(order.items.order_by("pk"))

    def complete(picture: Generation) -> int:
        return report(Api(authorization="Bearer worker-token"), picture, "completed").status

    sides = [lambda picture=picture: complete(picture) for picture in pictures]
    found = all_at_once([*sides[:3], ending.end_overdue, *sides[3:], ending.end_overdue], threads=4)
    answers = Counter(found[:3] + found[4:7])
    ended = Counter(order.items.values_list("status", flat=True))
    assert ended["completed"] == answers[200]
    assert ended["completed"] + answers[409] == 6
    time.sleep(0.1)
    ending.end_overdue()
    assert order.items.filter(status="failed").count() == answers[409]
    assert all_at_once([ending.tell_of_ended] * 2) in ([0, 1], [1, 0])
    ledger.assert_right()
