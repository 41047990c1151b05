"""A buyer's bank takes a payment back: what is left goes with it, the platform bears the rest."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db.models import Sum
from structlog.testing import capture_logs

from app.models import (
    Dispute,
    Generation,
    LicenceState,
    Notification,
    PaymentEvent,
    Purchase,
    Transaction,
    User,
)
from app.models.ledger import LedgerLine
from app.services.licences import states
from app.services.payments import disputes, revoking, sweeping
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory
from app.tests.payments.buyers import Provider, bought, buy, deliver

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def purchase(stripe: Provider, as_buyer: Api) -> Purchase:
    """Of 500 tokens for 5.00 USD, paid."""
    return bought(stripe, as_buyer)


def state(purchase: Purchase, buyer: User) -> tuple[str, int, bool]:
    """The purchase's state, the buyer's balance, and whether nothing may be spent."""
    ledger.assert_right()
    purchase.refresh_from_db()
    buyer.refresh_from_db()
    return purchase.status, buyer.token_balance, buyer.spending_frozen_at is not None


def lost() -> int:
    return Transaction.objects.filter(type="loss").total()


@pytest.mark.parametrize("end", ["won", "lost"])
@pytest.mark.parametrize("spent", [0, 350, 500])
def test_before_and_after_spending(
    stripe: Provider,
    as_buyer: Api,
    buyer: User,
    purchase: Purchase,
    spent: int,
    end: str,
) -> None:
    if spent:
        TokenService.consume_tokens(buyer.pk, spent, "generation")
    opened = stripe.dispute(purchase)
    stripe.deliver()
    # Free tokens stay: only bought ones are taken.
    assert state(purchase, buyer) == ("disputed", 1000, True)
    assert Dispute.objects.get().taken == 500 - spent
    order = {"amount": 100, "payment_method": "card"}
    refused = as_buyer.post("/api/tokens/purchase", order)
    assert refused.refusal == (403, "PAYMENT_DISPUTED")
    refund = as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund")
    assert refund.refusal == (403, "PAYMENT_DISPUTED")
    stripe.act("disputes", id=opened, status=end)
    for _ in range(2):
        stripe.deliver()
    back = 500 - spent if end == "won" else 0
    assert state(purchase, buyer) == (end, 1000 + back, False)
    assert lost() == (spent if end == "lost" else 0)


class TestAnAppeal:
    """The bank gives the money back after it was lost: the buyer has paid after all."""

    @pytest.mark.parametrize("spent", [0, 350, 500])
    def test_what_was_lost_comes_back(
        self, stripe: Provider, buyer: User, purchase: Purchase, spent: int
    ) -> None:
        if spent:
            TokenService.consume_tokens(buyer.pk, spent, "generation")
        opened = stripe.dispute(purchase)
        for status in ("lost", "won"):
            stripe.act("disputes", id=opened, status=status)
            for _ in range(2):
                stripe.deliver()
        assert state(purchase, buyer) == ("won", 1500 - spent, False)
        assert LedgerLine.objects.filter(account="loss").aggregate(s=Sum("amount"))["s"] in (
            None,
            0,
        )
        told = Notification.objects.filter(recipient=buyer, type="dispute_ended").order_by("pk")
        assert [(each.parameters or {}).get("is_lost", False) for each in told] == [True, False]

    def test_licences_that_are_not_revoked_yet_stay(
        self, stripe: Provider, buyer: User, purchase: Purchase, settings: Any
    ) -> None:
        settings.DISPUTE_REVOKES_LICENCES = True
        pictures = [GenerationFactory(user=buyer) for _ in range(2)]
        opened = stripe.dispute(purchase)
        stripe.act("disputes", id=opened, status="lost")
        stripe.deliver()
        assert Dispute.objects.get().to_revoke == 20
        stripe.act("disputes", id=opened, status="won")
        stripe.deliver()
        assert revoking.sweep() == 0
        assert all(Generation.objects.get(pk=each.pk).licence.is_valid for each in pictures)
        ledger.assert_right()

    def test_nobody_told_of_it(
        self, stripe: Provider, buyer: User, purchase: Purchase, monkeypatch: Any
    ) -> None:
        opened = stripe.dispute(purchase)
        stripe.act("disputes", id=opened, status="lost")
        stripe.deliver()
        stripe.act("disputes", id=opened, status="won")
        monkeypatch.setattr(disputes, "_next_round_at", 0.0)
        ask_all()
        assert state(purchase, buyer) == ("won", 1500, False)

    def test_what_was_won_is_not_lost_later(
        self, stripe: Provider, buyer: User, purchase: Purchase
    ) -> None:
        opened = stripe.dispute(purchase)
        stripe.act("disputes", id=opened, status="lost")
        told = stripe.events("charge.dispute")
        stripe.act("disputes", id=opened, status="won")
        stripe.deliver()
        # What is told late changes nothing.
        assert deliver({**told[-1], "id": "evt_late"}).status == 200
        assert state(purchase, buyer) == ("won", 1500, False)


def test_events_in_any_order_before_the_payment_is_known(
    stripe: Provider, as_buyer: Api, buyer: User
) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "pay")
    session = stripe.session_of(purchase)
    purchase.payment_id = session["payment_intent"]
    opened = stripe.dispute(purchase)
    stripe.act("disputes", id=opened, status="lost")
    told = stripe.events("checkout.session.completed", "charge.dispute")
    assert len(told) == 4
    for event in reversed(told):
        assert deliver(event).status == 200
        assert state(purchase, buyer) == ("lost", 1000, False)
    for order in itertools.islice(itertools.permutations(told), 0, None, 5):
        PaymentEvent.objects.all().delete()
        for event in order:
            assert deliver(event).status == 200
        assert state(purchase, buyer) == ("lost", 1000, False)
    assert Dispute.objects.get().amount == 500


def test_after_a_part_was_given_back(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    TokenService.consume_tokens(buyer.pk, 200, "generation")
    assert as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund").data["amount"] == 300
    opened = stripe.dispute(purchase)
    stripe.act("disputes", id=opened, status="lost")
    stripe.deliver()
    dispute = Dispute.objects.get()
    assert (dispute.amount, dispute.price, dispute.taken) == (200, 200, 0)
    assert lost() == 200
    assert state(purchase, buyer) == ("lost", 1000, False)


def test_two_disputes_of_the_same_buyer(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    second = bought(stripe, as_buyer, 300)
    opened = [stripe.dispute(each) for each in (purchase, second)]
    stripe.deliver()
    assert state(purchase, buyer) == ("disputed", 1000, True)
    stripe.act("disputes", id=opened[0], status="won")
    stripe.deliver()
    assert state(purchase, buyer) == ("won", 1500, True)
    stripe.act("disputes", id=opened[1], status="lost")
    stripe.deliver()
    assert state(second, buyer) == ("lost", 1500, False)


def test_others_are_not_touched(
    stripe: Provider, as_buyer: Api, as_artist: Api, artist: User, purchase: Purchase
) -> None:
    bought(stripe, as_artist, 100)
    stripe.dispute(purchase)
    stripe.deliver()
    artist.refresh_from_db()
    assert (artist.bought_balance, artist.spending_frozen_at) == (100, None)
    ledger.assert_right()


class TestLicences:
    """Those bought with the money stay, unless the platform says otherwise."""

    def lose(self, stripe: Provider, buyer: User, purchase: Purchase) -> list[str]:
        pictures = [GenerationFactory(user=buyer) for _ in range(2)]
        opened = stripe.dispute(purchase)
        stripe.act("disputes", id=opened, status="lost")
        stripe.deliver()
        ledger.assert_right()
        assert lost() == 20
        found = Generation.objects.filter(pk__in=[each.pk for each in pictures])
        return sorted(found.values_list("licence__state", flat=True))

    def test_they_stay(self, stripe: Provider, buyer: User, purchase: Purchase) -> None:
        assert self.lose(stripe, buyer, purchase) == ["active", "active"]

    def test_they_end(
        self, stripe: Provider, buyer: User, purchase: Purchase, settings: Any
    ) -> None:
        settings.DISPUTE_REVOKES_LICENCES = True
        assert self.lose(stripe, buyer, purchase) == ["active", "active"]
        # Bought with other money, after the bank had taken this back.
        later = GenerationFactory(user=buyer)
        assert (revoking.sweep(), revoking.sweep()) == (2, 0)
        told = Notification.objects.filter(type__in=["licence_revoked", "sale_revoked"])
        assert {(each.type, "Our staff" in each.message) for each in told} == {
            ("licence_revoked", False),
            ("sale_revoked", False),
        }
        states = Generation.objects.filter(user=buyer).exclude(pk=later.pk)
        assert set(states.values_list("licence__state", flat=True)) == {"revoked"}
        assert Generation.objects.get(pk=later.pk).licence.is_valid

    @pytest.mark.parametrize("revokes", [True, False])
    def test_who_wins_late_hears_what_stays_revoked(
        self, stripe: Provider, buyer: User, purchase: Purchase, settings: Any, revokes: bool
    ) -> None:
        settings.DISPUTE_REVOKES_LICENCES = revokes
        self.lose(stripe, buyer, purchase)
        revoking.sweep()
        with capture_logs() as logs:
            stripe.act("disputes", id=Dispute.objects.get().provider_id, status="won")
            stripe.deliver()
        told = Notification.objects.filter(recipient=buyer, type="dispute_ended").latest("pk")
        assert ("licences that were revoked for it stay revoked" in told.message) is revokes
        named = [each["licences"] for each in logs if each["event"] == "dispute_won_after_revoking"]
        assert named == ([2] if revokes else [])

    def test_no_more_than_was_lost(
        self, stripe: Provider, buyer: User, purchase: Purchase, settings: Any
    ) -> None:
        settings.DISPUTE_REVOKES_LICENCES = True
        self.lose(stripe, buyer, purchase)
        Dispute.objects.update(to_revoke=10)
        assert revoking.sweep() == 1
        assert Dispute.objects.get().to_revoke == 0

    def test_one_that_staff_ended_first_is_left_alone(
        self, stripe: Provider, buyer: User, purchase: Purchase, settings: Any
    ) -> None:
        settings.DISPUTE_REVOKES_LICENCES = True
        self.lose(stripe, buyer, purchase)
        first = Generation.objects.filter(user=buyer).order_by("pk")[0]
        states.end(first, LicenceState.REFUNDED, "By hand")
        assert revoking.sweep() == 1
        assert Generation.objects.get(pk=first.pk).licence.state == "refunded"


class TestTheSweep:
    """Asks what nobody told."""

    def test_a_dispute_that_nobody_told_of_and_its_end(
        self, stripe: Provider, buyer: User, purchase: Purchase, monkeypatch: Any
    ) -> None:
        opened = stripe.dispute(purchase)
        assert disputes.sweep() == 0
        monkeypatch.setattr(disputes, "_next_round_at", 0.0)
        ask_all()
        assert state(purchase, buyer) == ("disputed", 1000, True)
        stripe.act("disputes", id=opened, status="won")
        # Not before an hour has passed.
        assert disputes.sweep() == 0
        monkeypatch.setattr(disputes, "_next_round_at", 0.0)
        ask_all()
        assert state(purchase, buyer) == ("won", 1500, False)

    def test_the_provider_is_away(
        self, stripe: Provider, buyer: User, purchase: Purchase, monkeypatch: Any
    ) -> None:
        stripe.dispute(purchase)
        monkeypatch.setattr(disputes, "_next_round_at", 0.0)
        stripe.fail("lost_request", "/v1/disputes")
        assert sweeping.sweep() == 0
        assert sweeping._away_until > 0
        assert state(purchase, buyer) == ("paid", 1500, False)


def ask_all() -> None:
    """About those of other tests as well, some in each round."""
    for _ in range(100):
        if not disputes.sweep():
            return
    raise AssertionError("there is always one more")
