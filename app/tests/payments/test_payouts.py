"""Artists are paid: once, whatever is lost, and the tokens come back if the money does."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from app.exceptions import DomainError, PayoutTooSmall, PayoutUnderWay
from app.models import Notification, Payout, User, WebhookDelivery
from app.services.payments import payouts
from app.services.payments.gateways.outcomes import NotYet
from app.services.token_service import TokenService
from app.services.webhooks import endpoints
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import ArtistFactory, GenerationFactory, StyleFactory, UserFactory
from app.tests.payments.paying_artists import PRICE, after, earner, enable, requested, sell
from app.tests.together import all_at_once
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def left(artist: User) -> tuple[int, int]:
    """Balance, and what of it could be paid out."""
    artist.refresh_from_db()
    return artist.token_balance, artist.earned_balance


@pytest.fixture
def told_of(django_capture_on_commit_callbacks):
    """The types of what an artist's endpoint is told."""

    def types(artist: User) -> list[str]:
        rows = WebhookDelivery.objects.filter(endpoint__user=artist).order_by("pk")
        return list(rows.values_list("type", flat=True))

    return types


def test_the_whole_way(provider, told_of):
    artist = earner(provider)
    endpoints.create(user=artist, url="https://hooks.example.com/")
    answer = Api(artist).post("/api/payouts", HTTP_IDEMPOTENCY_KEY="once")
    assert (answer.status, answer.data["status"], answer.data["amount"]) == (
        201,
        "requested",
        PRICE,
    )
    again = Api(artist).post("/api/payouts", HTTP_IDEMPOTENCY_KEY="once")
    assert again.data["id"] == answer.data["id"]
    payout = Payout.objects.get(pk=answer.data["id"])
    assert (payout.price, payout.currency, left(artist)) == (1000, "usd", (0, 0))
    payouts.sweep()
    assert after(payout).status == "sent"
    [transfer] = provider.transfers_of(payout)
    assert (transfer.amount, transfer.destination) == (1000, payout.account_id)
    provider.bank(payout, "paid")
    payouts.settle(payout.pk)
    assert (after(payout).status, left(artist)) == ("paid", (0, 0))
    payouts.settle(payout.pk)
    assert told_of(artist) == ["payout.sent", "payout.paid"]
    note = Notification.objects.get(recipient=artist, type="payout_paid")
    assert "10.00 USD has arrived" in note.message
    assert Api(artist).get("/api/payouts").ids == [payout.pk]
    ledger.assert_right()


@pytest.mark.parametrize("is_late", [False, True])
def test_a_bank_that_sends_it_back(provider, told_of, is_late):
    artist = earner(provider)
    endpoints.create(user=artist, url="https://hooks.example.com/")
    payout = requested(artist)
    payouts.settle(payout.pk)
    if is_late:
        provider.bank(payout, "paid")
        payouts.settle(payout.pk)
    provider.bank(payout, "failed")
    payouts.settle(payout.pk)
    payouts.settle(payout.pk)
    ended = after(payout)
    assert (ended.status, ended.failure) == ("failed", "The bank account has been closed.")
    assert left(artist) == (PRICE, PRICE)
    assert [each.reversed for each in provider.transfers_of(payout)] == [True]
    assert told_of(artist)[-1] == "payout.failed"
    assert Notification.objects.filter(recipient=artist, type="payout_failed").count() == 1
    ledger.assert_right()
    # And so it may be asked for again.
    assert requested(artist).pk != payout.pk


def test_a_transfer_that_is_taken_back(provider):
    artist = earner(provider)
    payout = requested(artist)
    provider.fault("lost_request", "POST", "/v1/payouts")
    with pytest.raises(NotYet):
        payouts.settle(payout.pk)
    [transfer] = provider.transfers_of(payout)
    provider.api.v1.transfers.reversals.create(transfer.id)
    payouts.settle(payout.pk)
    assert (after(payout).status, left(artist)) == ("reversed", (PRICE, PRICE))
    assert provider.bank_payments_of(payout) == []
    ledger.assert_right()


def test_an_account_that_was_restricted_meanwhile(provider):
    artist = earner(provider)
    payout = requested(artist)
    provider.door.post("accounts", id=payout.account_id, status="restricted")
    payouts.settle(payout.pk)
    assert (after(payout).status, left(artist)) == ("failed", (PRICE, PRICE))
    assert provider.transfers_of(payout) == []
    ledger.assert_right()


@pytest.mark.parametrize("kind", ["lost_answer", "lost_request", "late_api_error", "rate_limit"])
@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/payouts"])
def test_an_answer_that_was_lost_is_looked_up(provider, kind, path):
    artist = earner(provider)
    payout = requested(artist)
    provider.fault(kind, "POST", path)
    with pytest.raises(NotYet):
        payouts.settle(payout.pk)
    payouts.settle(payout.pk)
    assert after(payout).status == "sent"
    assert (len(provider.transfers_of(payout)), len(provider.bank_payments_of(payout))) == (1, 1)


def test_a_day_later_nothing_is_sent_twice(provider):
    """The idempotency key is forgotten then."""
    artist = earner(provider)
    payout = requested(artist)
    provider.fault("lost_answer", "POST", "/v1/transfers")
    with pytest.raises(NotYet):
        payouts.settle(payout.pk)
    provider.door.advance(2 * 86_400)
    payouts.settle(payout.pk)
    assert len(provider.transfers_of(payout)) == 1


def test_an_event_before_the_answer(provider):
    """It asks, and finds what was sent; the answer changes nothing any more."""
    artist = earner(provider)
    payout = requested(artist)
    provider.fault("lost_answer", "POST", "/v1/transfers")
    with pytest.raises(NotYet):
        payouts.settle(payout.pk)
    stale = payouts.payout_gateway().find_transfer(reference=payout.reference)
    payouts.settle(payout.pk)
    payouts._move(payout, payouts.MoveStatus.SENT, transfer_id=stale.id)
    assert (after(payout).status, len(provider.transfers_of(payout))) == ("sent", 1)


class Crash(BaseException):
    pass


@pytest.mark.parametrize(
    ("outcome", "step"),
    [*(("paid", step) for step in range(8)), *(("failed", step) for step in range(10))],
)
def test_a_crash_at_every_write(provider, monkeypatch, step, outcome):
    """Before the write that it breaks off at, or after it; the next look goes on."""
    artist = earner(provider)
    payout = requested(artist)
    doors = [
        (payouts, "_move"),
        (payouts, "_end"),
        (type(payouts.payout_gateway()), "transfer"),
        (type(payouts.payout_gateway()), "pay"),
        (type(payouts.payout_gateway()), "take_back"),
    ]
    calls = iter(range(100))

    def crashing(act, *args, **named):
        number = next(calls)
        if number * 2 == step:
            raise Crash
        result = act(*args, **named)
        if number * 2 + 1 == step:
            raise Crash
        return result

    for place, name in doors:
        act = getattr(place, name)
        monkeypatch.setattr(
            place, name, lambda *args, act=act, **named: crashing(act, *args, **named)
        )
    crashed = 0
    for _ in range(4):
        try:
            payouts.settle(payout.pk)
        except Crash:
            crashed += 1
        if len(provider.bank_payments_of(payout)) == 1 and after(payout).status == "sent":
            status = provider.bank_payments_of(payout)[0].status
            if status == "pending":
                provider.bank(payout, outcome)
    assert crashed == 1
    assert after(payout).status == outcome
    assert left(artist)[0] == (0 if outcome == "paid" else PRICE)
    assert (len(provider.transfers_of(payout)), len(provider.bank_payments_of(payout))) == (1, 1)
    ledger.assert_right()


def test_too_little_money_at_the_provider_waits(provider, settings):
    settings.TOKEN_VALUE = 9_000_000
    artist = earner(provider)
    payout = requested(artist)
    with pytest.raises(NotYet, match="balance_insufficient"):
        payouts.settle(payout.pk)
    assert (after(payout).status, provider.transfers_of(payout)) == ("requested", [])


def test_what_breaks_keeps_no_other_from_its_turn(provider, monkeypatch):
    first, second = requested(earner(provider)), requested(earner(provider))
    settle = payouts.settle

    def broken(payout_id):
        if payout_id == first.pk:
            raise ValueError
        settle(payout_id)

    monkeypatch.setattr(payouts, "settle", broken)
    assert payouts.sweep() == 2
    assert (after(first).status, after(second).status) == ("requested", "sent")


def test_only_what_was_paid_with_money_may_leave(provider):
    artist = ArtistFactory(user__tokens=5000).user
    enable(artist, provider.door)
    TokenService.add_tokens(artist.pk, 3000, "purchase")
    GenerationFactory(
        user=UserFactory(tokens=2000), style=StyleFactory(artist=artist.artist, price=2000)
    )
    # Nor what one buys from oneself.
    GenerationFactory(user=artist, style=StyleFactory(artist=artist.artist, price=2000))
    with pytest.raises(PayoutTooSmall) as refused:
        requested(artist)
    assert refused.value.details == {"payable": 0, "minimum": 1000}
    sell(artist)
    assert requested(artist).amount == PRICE
    ledger.assert_right()


def test_not_before_the_hold_is_over(provider, settings, time_machine):
    settings.EARNINGS_HOLD_DAYS = 7
    artist = earner(provider)
    shown = Api(artist).get("/api/payouts/account").data
    assert (shown["on_hold"], shown["payable"], shown["earned"]) == (PRICE, 0, PRICE)
    with pytest.raises(PayoutTooSmall):
        requested(artist)
    time_machine.move_to(clock.now() + timedelta(days=7, seconds=1))
    shown = Api(artist).get("/api/payouts/account").data
    assert (shown["on_hold"], shown["payable"], shown["payable_price"]) == (0, PRICE, 1000)
    assert requested(artist).amount == PRICE


@pytest.mark.django_db(transaction=True)
def test_two_hundred_at_once_are_one(provider):
    artist = earner(provider)
    artist.refresh_from_db()

    def ask() -> int:
        try:
            return payouts.request(artist).pk
        except PayoutUnderWay:
            return 0

    made = list(filter(None, all_at_once([ask] * 200)))
    assert len(made) == Payout.objects.filter(artist=artist).count() == 1
    # And whoever sends it.
    all_at_once([partial(_settled, made[0])] * 6, threads=6)
    payouts.settle(made[0])
    payout = Payout.objects.get(pk=made[0])
    assert payout.status == "sent"
    assert (len(provider.transfers_of(payout)), len(provider.bank_payments_of(payout))) == (1, 1)
    ledger.assert_right()


def _settled(payout_id: int) -> None:
    try:
        payouts.settle(payout_id)
    except NotYet:
        return


def test_monthly_by_itself(provider, time_machine):
    wants, wants_not = earner(provider), earner(provider)
    assert Api(wants).patch("/api/payouts/account", {"pays_monthly": True}).data["pays_monthly"]
    time_machine.move_to("2027-03-12T00:00:00Z", tick=False)
    assert payouts.pay_monthly() == 0
    time_machine.move_to("2027-04-02T00:00:00Z", tick=False)
    assert (payouts.pay_monthly(), payouts.pay_monthly()) == (1, 0)
    [payout] = Payout.objects.filter(artist__in=[wants, wants_not])
    assert (payout.artist, payout.is_monthly) == (wants, True)
    payouts.settle(payout.pk)
    provider.bank(payout, "paid")
    payouts.settle(payout.pk)
    sell(wants)
    assert payouts.pay_monthly() == 0
    time_machine.move_to("2027-05-01T00:00:00Z", tick=False)
    assert payouts.pay_monthly() == 1


def test_the_test_gateway_pays_at_once_and_says_so(settings, django_capture_on_commit_callbacks):
    settings.EARNINGS_HOLD_DAYS = 0
    artist = ArtistFactory().user
    Api(artist).post("/api/payouts/account")
    sell(artist)
    with django_capture_on_commit_callbacks(execute=True):
        payout = requested(artist)
    assert (after(payout).status, payout.gateway) == ("paid", "test")
    assert "no money was moved" in Notification.objects.get(type="payout_paid").message
    ledger.assert_right()


def test_a_frozen_account_is_not_paid(provider):
    artist = earner(provider)
    User.objects.filter(pk=artist.pk).update(spending_frozen_at="2026-01-01T00:00Z")
    with pytest.raises(DomainError, match="dispute"):
        requested(artist)
