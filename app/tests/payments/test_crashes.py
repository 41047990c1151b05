"""The process dies at any of its writes: what is there afterwards is whole, and going on ends
it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from app.models import (
    Decision,
    Dispute,
    Licence,
    Notification,
    Purchase,
    PurchaseRefund,
    User,
)
from app.services.payments import events, refunds, revoking, sweeping
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, UserFactory
from app.tests.payments.buyers import Provider, bought, buy, signed
from app.tests.together import all_at_once
from app.utils import clock

# Their transactions are real: what is written before a crash may stay.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Crash(BaseException):
    """No guard of ours catches it, as none catches a power cut."""


@contextmanager
def crash_at(number: int) -> Iterator[list[int]]:
    """Die before the write with this number; the list has one item for each that was begun."""
    begun: list[int] = []

    def watch(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if str(sql).lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "WITH")):
            if len(begun) == number:
                raise Crash
            begun.append(number)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield begun


def die_everywhere(
    prepare: Callable[[], Any], act: Callable[[Any], None], check: Callable[[Any], None]
) -> int:
    """Let ``act`` die at each of its writes, then do it again and ``check``. Returns how many."""
    number = 0
    while True:
        made = prepare()
        try:
            with crash_at(number):
                act(made)
        except Crash:
            ledger.assert_right()
            act(made)
            check(made)
            number += 1
        else:
            check(made)
            return number


def take_in(stripe: Provider, *kinds: str) -> None:
    for event in stripe.events(*kinds):
        events.take_in(*signed(event))


def test_when_tokens_are_given(stripe: Provider) -> None:
    def prepare() -> Purchase:
        stripe.forget()
        purchase = buy(Api(UserFactory()), 100)
        stripe.press(purchase, "pay")
        return purchase

    def check(purchase: Purchase) -> None:
        purchase.refresh_from_db()
        user = User.objects.get(pk=purchase.user_id)
        assert (purchase.status, user.token_balance, user.bought_balance) == ("paid", 100, 100)
        ledger.assert_right()

    completed = "checkout.session.completed"
    assert die_everywhere(prepare, lambda _: take_in(stripe, completed), check) >= 3


def test_when_they_are_given_back(stripe: Provider) -> None:
    def act(purchase: Purchase) -> None:
        if not PurchaseRefund.objects.filter(purchase=purchase).exists():
            refunds.request(purchase.user, purchase.pk)
        PurchaseRefund.objects.update(checked_at=None)
        sweeping.sweep()

    def check(purchase: Purchase) -> None:
        purchase.refresh_from_db()
        assert purchase.status == "refunded"
        assert ledger.balance_of(purchase.user) == 0
        assert [each["amount"] for each in stripe.refunds_of(purchase)] == [100]
        ledger.assert_right()

    def prepare() -> Purchase:
        stripe.forget()
        return bought(stripe, Api(UserFactory()), 100)

    assert die_everywhere(prepare, act, check) >= 5


def test_when_they_are_disputed(stripe: Provider, settings: Any) -> None:
    settings.DISPUTE_REVOKES_LICENCES = True

    def prepare() -> Purchase:
        stripe.forget()
        purchase = bought(stripe, Api(UserFactory()), 100)
        TokenService.consume_tokens(purchase.user_id, 30, "generation")
        opened = stripe.dispute(purchase)
        stripe.act("disputes", id=opened, status="lost")
        return purchase

    def check(purchase: Purchase) -> None:
        purchase.refresh_from_db()
        assert purchase.status == "lost"
        assert ledger.balance_of(purchase.user) == 0
        # With the loss, so that whoever dies then leaves the licences to the relay.
        assert Dispute.objects.get(purchase=purchase).to_revoke == 30
        ledger.assert_right()

    assert die_everywhere(prepare, lambda _: take_in(stripe, "charge.dispute"), check) >= 5


def test_when_licences_end_after_it_was_lost(stripe: Provider) -> None:
    buyer = UserFactory()
    purchase = bought(stripe, Api(buyer), 100)
    stripe.act("disputes", id=stripe.dispute(purchase), status="lost")
    take_in(stripe, "charge.dispute")
    dispute = Dispute.objects.get(purchase=purchase)

    def prepare() -> list[int]:
        made = []
        for _ in range(2):
            TokenService.add_tokens(buyer.pk, 10, "purchase")
            made.append(GenerationFactory(user=buyer).pk)
        # Of two pictures, whatever they cost.
        Dispute.objects.filter(pk=dispute.pk).update(created_at=clock.now(), to_revoke=11)
        return made

    def check(made: list[int]) -> None:
        assert Dispute.objects.get(pk=dispute.pk).to_revoke == 0
        ended = Licence.objects.filter(pk__in=made, state="revoked")
        decided = Decision.objects.filter(thing_id__in=made, action="revoke")
        told = Notification.objects.filter(target_id__in=made, type="licence_revoked")
        assert (ended.count(), decided.count(), told.count()) == (2, 2, 2)

    assert die_everywhere(prepare, lambda _: revoking.sweep(), check) >= 10


def test_the_same_event_ten_times_at_once(stripe: Provider) -> None:
    purchase = buy(Api(UserFactory()))
    stripe.press(purchase, "pay")
    (event,) = stripe.events("checkout.session.completed")
    calls = [lambda: events.take_in(*signed(event))] * 10
    all_at_once(calls)
    assert ledger.balance_of(purchase.user) == 500
    ledger.assert_right()


def test_ten_refunds_at_once(stripe: Provider) -> None:
    buyer = UserFactory()
    purchase = bought(stripe, Api(buyer))

    def give_back() -> int:
        return Api(buyer).post(f"/api/tokens/purchases/{purchase.pk}/refund").status

    assert sorted(all_at_once([give_back] * 10)) == [200] + [409] * 9
    assert [each["amount"] for each in stripe.refunds_of(purchase)] == [500]
    assert ledger.balance_of(buyer) == 0
    ledger.assert_right()
