"""The wallet: balance, purchases, history."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from app.models import Purchase, Transaction
from app.services import payment_service
from app.services.payments.gateways.outcomes import Refused
from app.services.payments.gateways.test import TestGateway
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db

BALANCE, PURCHASE, TRANSACTIONS = (
    *("/api/tokens/balance", "/api/tokens/purchase", "/api/tokens/transactions"),
)


class TestBalance:
    def test_a_user_has_tokens(self, as_buyer):
        assert as_buyer.get(BALANCE).data == {"balance": 1000}

    def test_an_artist_also_sees_what_the_styles_earned(self, as_artist, artist):
        TokenService.grant_welcome_bonus(artist.pk, 100)
        style = StyleFactory(artist=artist.artist, price=10)
        GenerationFactory(style=style)
        GenerationFactory(style=style, aspect_ratio="1:2")
        GenerationFactory(style=style, status="failed")
        assert as_artist.get(BALANCE).data == {"balance": 122, "earned": 22}

    @pytest.mark.parametrize("path", [BALANCE, TRANSACTIONS])
    def test_who_is_not_signed_in_has_no_wallet(self, as_anyone, path):
        assert as_anyone.get(path).refusal == (401, "UNAUTHENTICATED")


class TestPurchase:
    def buy(self, client, amount=300, payment_method="card"):
        return client.post(PURCHASE, {"amount": amount, "payment_method": payment_method})

    def test_tokens_are_bought_and_entered(self, as_buyer, buyer):
        answer = self.buy(as_buyer)
        assert answer.status == 201
        entry = Transaction.objects.get(type="purchase")
        assert answer.data["balance"] == 1300
        shown = answer.data["transaction"]
        assert shown.pop("created_at").endswith("Z")
        assert shown == {
            "id": entry.pk,
            "type": "purchase",
            "amount": 300,
            "direction": "incoming",
            "memo": "purchase",
            "generation_id": None,
            "order_id": None,
            "style_name": None,
        }
        purchase = Purchase.objects.get()
        assert (purchase.user, purchase.amount, purchase.payment_method) == (buyer, 300, "card")
        assert purchase.gateway == "test"
        ledger.assert_right()

    @pytest.mark.parametrize("amount", [100, 1_000_000])
    def test_from_a_hundred_to_a_million(self, as_buyer, amount):
        assert self.buy(as_buyer, amount).data["balance"] == 1000 + amount

    @pytest.mark.parametrize("amount", [0, -100, 99, 150, 1_000_100, 10**30])
    def test_other_amounts_are_not_sold(self, as_buyer, amount):
        before = ledger.snapshot()
        answer = self.buy(as_buyer, amount)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["amount"]
        assert ledger.snapshot() == before
        assert not Purchase.objects.exists()

    def test_who_is_not_signed_in_buys_nothing(self, as_anyone):
        assert self.buy(as_anyone).refusal == (401, "UNAUTHENTICATED")
        assert not Purchase.objects.exists()

    def test_a_refused_payment_gives_no_tokens(self, as_buyer, monkeypatch):
        class RefusingGateway(TestGateway):
            def begin(self, order):
                raise Refused

        monkeypatch.setattr(payment_service, "gateway", RefusingGateway)
        before = ledger.snapshot()
        assert self.buy(as_buyer).refusal == (402, "PAYMENT_REFUSED")
        assert ledger.snapshot() == before

    @pytest.mark.parametrize(
        ("setting", "value"), [("ALLOW_TEST_GATEWAY", False), ("PAYMENT_GATEWAY", "stripe")]
    )
    def test_the_test_gateway_gives_nothing_away_unasked(self, settings, setting, value):
        setattr(settings, setting, value)
        with pytest.raises(ImproperlyConfigured):
            payment_service.gateway()


class TestHistory:
    def test_every_movement_with_its_direction_the_newest_first(self, as_artist, artist):
        TokenService.grant_welcome_bonus(artist.pk, 100)
        style = StyleFactory(artist=artist.artist, name="Ink")
        GenerationFactory(style=style)
        as_artist.post(PURCHASE, {"amount": 100, "payment_method": "card"})
        mine = GenerationFactory(user=artist, style=StyleFactory(name="Wash"), status="failed")
        rows = as_artist.get(TRANSACTIONS).results
        seen = [
            (row["type"], row["amount"], row["direction"], row["memo"], row["style_name"])
            for row in rows
        ]
        assert seen == [
            ("refund", 10, "system", "generation_failed", "Wash"),
            ("consume", 10, "outgoing", "generation", "Wash"),
            ("purchase", 100, "incoming", "purchase", None),
            ("earn", 10, "incoming", "generation", "Ink"),
            ("earn", 100, "system", "welcome_bonus", None),
        ]
        assert rows[1]["generation_id"] == mine.pk

    def test_one_type(self, as_buyer, buyer):
        GenerationFactory(user=buyer)
        for kind in ("consume", "earn", "purchase", "refund"):
            rows = as_buyer.get(TRANSACTIONS, type=kind).results
            assert {row["type"] for row in rows} <= {kind}
            assert len(rows) == {"consume": 1, "earn": 1, "purchase": 0, "refund": 0}[kind]
        answer = as_buyer.get(TRANSACTIONS, type="gift")
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["type"]

    def test_in_pages(self, as_buyer, buyer):
        for _ in range(24):
            TokenService.add_tokens(buyer.pk, 1, "gift")
        first = as_buyer.get(TRANSACTIONS)
        assert len(first.results) == 20
        second = as_buyer.follow_link(first.data["next"])
        assert len(second.results) == 5
        assert second.data["next"] is None
        assert first.ids + second.ids == sorted(first.ids + second.ids, reverse=True)

    def test_nobody_sees_anothers(self, as_buyer):
        other = UserFactory(tokens=77)
        assert [row["amount"] for row in as_buyer.get(TRANSACTIONS).results] == [1000]
        assert [row["amount"] for row in Api(other).get(TRANSACTIONS).results] == [77]
