"""A style on hold sells nothing, and what it earned waits; nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from app.exceptions import PayoutTooSmall
from app.models import Generation, PaymentProfile, Style, Transaction, User
from app.services import earnings
from app.services.payments import payouts
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.tests.ordering import order, order_of, report
from app.tests.safety.staff import act

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_other_hold(settings: Any) -> None:
    settings.EARNINGS_HOLD_DAYS = 0
    settings.PAYOUT_MINIMUM = 1
    settings.TOKEN_VALUE = 100


@pytest.fixture
def style(artist: User) -> Style:
    PaymentProfile.objects.create(user=artist, gateway="test", account_status="enabled")
    return StyleFactory(artist=artist.artist, price=10)


def sell(style: Style) -> Generation:
    """A picture that was paid for with money."""
    buyer = UserFactory()
    Api(buyer).post("/api/tokens/purchase", {"amount": 100, "payment_method": "card"})
    return GenerationFactory(user=buyer, style=style)


def paid_out(artist: User) -> int:
    """What a payout takes now."""
    made = payouts.request(artist)
    payouts.settle(made.pk)
    return made.amount


def payable(style: Style) -> tuple[int, int]:
    """What is on hold, and what can be paid out."""
    found = earnings.of(User.objects.get(pk=style.artist_id))
    return found.on_hold, found.payable


class TestSelling:
    def test_nothing_is_sold_by_any_door(self, style, as_buyer, buyer):
        act("style", style.pk, "hold")
        items = {"items": [order_of(style)]}
        for answer in (
            order(as_buyer, style),
            as_buyer.post("/api/orders", items),
            as_buyer.post("/api/quotes", items),
            Api(style.artist.user).post("/api/images/generate", order_of(style)),
        ):
            assert answer.refusal == (422, "STYLE_ON_HOLD")
        buyer.refresh_from_db()
        assert (buyer.token_balance, Generation.objects.count()) == (1000, 0)
        assert as_buyer.get(f"/api/models/{style.pk}").status == 404
        assert Api().get("/api/models").ids == []

    def test_its_artist_cannot_offer_it(self, style, as_artist):
        act("style", style.pk, "hold")
        path = f"/api/models/{style.pk}"
        assert as_artist.patch(path, {"is_active": True}).refusal == (409, "INVALID_TRANSITION")
        assert as_artist.post(f"{path}/offer").refusal == (409, "INVALID_TRANSITION")

    def test_what_was_ordered_before_is_made(self, style, as_worker):
        picture = GenerationFactory(style=style, status="queued")
        act("style", style.pk, "hold")
        assert report(as_worker, picture, "completed").status == 200
        ledger.assert_right()

    def test_restored_it_sells_again(self, style, as_buyer):
        act("style", style.pk, "hold")
        act("style", style.pk, "restore")
        assert order(as_buyer, style).status == 202

    def test_the_version_before_ends_a_hold_by_the_reason_alone(self, style, as_buyer):
        act("style", style.pk, "hold")
        Style.objects.filter(pk=style.pk).update(withdrawn_reason="", is_active=True)
        assert order(as_buyer, style).status == 202
        assert payable(style) == (0, 0)


class TestEarning:
    def test_what_it_earned_waits_and_is_not_lost(self, style, artist):
        other = StyleFactory(artist=artist.artist, price=10)
        sell(style)
        sell(other)
        assert payable(style) == (0, 20)
        act("style", style.pk, "hold")
        assert payable(style) == (10, 10)
        assert paid_out(artist) == 10
        assert payable(style) == (10, 0)
        with pytest.raises(PayoutTooSmall):
            payouts.request(artist)
        act("style", style.pk, "restore")
        assert payable(style) == (0, 10)
        assert paid_out(artist) == 10
        ledger.assert_right()

    def test_what_was_paid_out_before_is_not_held_twice(self, style, artist):
        sell(style)
        paid_out(artist)
        act("style", style.pk, "hold")
        sell(StyleFactory(artist=artist.artist, price=10))
        assert payable(style) == (0, 10)

    def test_what_a_payout_left_out_is_held_a_second_time(self, style, artist):
        other = StyleFactory(artist=artist.artist, price=10)
        sell(style)
        act("style", style.pk, "hold")
        sell(other)
        assert paid_out(artist) == 10
        act("style", style.pk, "restore")
        assert payable(style) == (0, 10)
        lists = {which: earnings.sales(artist, which) for which in ("payable", "paid")}
        found = {which: [one.generation.style_id for one in lists[which]] for which in lists}
        assert found == {"payable": [style.pk], "paid": [other.pk]}
        act("style", style.pk, "hold")
        assert payable(style) == (10, 0)
        with pytest.raises(PayoutTooSmall):
            payouts.request(artist)
        act("style", style.pk, "restore")
        assert paid_out(artist) == 10
        act("style", style.pk, "hold")
        assert payable(style) == (0, 0)
        ledger.assert_right()

    def test_what_is_reversed_meanwhile_is_not_held(self, style, artist):
        first, _ = sell(style), sell(style)
        act("style", style.pk, "hold")
        assert payable(style) == (20, 0)
        act("picture", first.pk, "refund", ground="fraud")
        assert payable(style) == (10, 0)
        act("style", style.pk, "withdraw")
        assert payable(style) == (0, 10)
        assert Transaction.objects.filter(type="reversal").count() == 1
        ledger.assert_right()

    def test_the_lists_say_the_same(self, style, artist):
        sell(style)
        sell(StyleFactory(artist=artist.artist, price=10))
        act("style", style.pk, "hold")
        held, free = (earnings.sales(artist, which) for which in ("hold", "payable"))
        assert [entry.generation.style_id for entry in held] == [style.pk]
        assert style.pk not in [entry.generation.style_id for entry in free]
        assert len(free) == 1

    def test_a_suspended_artist_is_paid_nothing_and_loses_nothing(self, style, artist):
        sell(style)
        act("profile", artist.pk, "suspend")
        assert payable(style) == (10, 0)
        act("profile", artist.pk, "restore")
        assert payable(style) == (0, 10)
        ledger.assert_right()
