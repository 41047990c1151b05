"""Tokens that come back, and money that staff give back, while a payment is disputed or refunded:
nobody ends with both."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from app.models import Dispute, GenerationStatus, Purchase, PurchaseRefund, Transaction, User
from app.models.ledger import LedgerLine
from app.services.payments import sweeping
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, bring_to
from app.tests.payments.buyers import Provider, bought, deliver

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

REFUNDS = "/v1/refunds"


@pytest.fixture
def purchase(stripe: Provider, as_buyer: Api) -> Purchase:
    """Of 500 tokens for 5.00 USD, paid."""
    return bought(stripe, as_buyer)


def state(purchase: Purchase, buyer: User) -> tuple[str, int, int]:
    """The purchase's state, the buyer's balance, and the bought tokens of it."""
    ledger.assert_right()
    purchase.refresh_from_db()
    buyer.refresh_from_db()
    return purchase.status, buyer.token_balance, buyer.bought_balance


def by_hand(stripe: Provider, purchase: Purchase, price: int = 500) -> None:
    """Staff give money back at the provider's own site."""
    stripe.call("POST", REFUNDS, payment_intent=purchase.payment_id, amount=str(price))


def accounts() -> dict[str, int]:
    """Those of money: what came in at the gateway is below zero, as a loss is."""
    lines = LedgerLine.objects.filter(account__in=["gateway:stripe", "loss"])
    return dict(lines.values_list("account").annotate(Sum("amount")).order_by("account"))


class TestMoneyForSpentTokens:
    def test_it_is_written_down_and_takes_no_other_purchases_tokens(
        self, stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
    ) -> None:
        TokenService.consume_tokens(buyer.pk, 500, "generation")
        by_hand(stripe, purchase)
        told = stripe.events("refund")
        stripe.deliver()
        row = PurchaseRefund.objects.get()
        assert (row.amount, row.lost, row.price, row.status) == (0, 500, 500, "paid")
        assert state(purchase, buyer) == ("refunded", 1000, 0)
        assert accounts() == {"gateway:stripe": 0, "loss": -500}
        other = bought(stripe, as_buyer, 300)
        # One more event of the same refund.
        assert deliver({**told[0], "id": "evt_another"}).status == 200
        assert state(other, buyer) == ("paid", 1300, 300)
        assert PurchaseRefund.objects.count() == 1
        assert accounts() == {"gateway:stripe": -300, "loss": -500}

    def test_nor_does_it_when_the_other_was_bought_before_the_event(
        self, stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
    ) -> None:
        TokenService.consume_tokens(buyer.pk, 400, "generation")
        other = bought(stripe, as_buyer, 300)
        by_hand(stripe, purchase)
        stripe.deliver()
        row = PurchaseRefund.objects.get()
        assert (row.amount, row.lost) == (100, 400)
        assert state(other, buyer) == ("paid", 1300, 300)
        assert state(purchase, buyer)[0] == "refunded"
        assert accounts() == {"gateway:stripe": -300, "loss": -400}

    def test_it_may_fail_as_well(self, stripe: Provider, buyer: User, purchase: Purchase) -> None:
        TokenService.consume_tokens(buyer.pk, 500, "generation")
        by_hand(stripe, purchase)
        stripe.deliver()
        (sent,) = stripe.refunds_of(purchase)
        stripe.act("refunds", id=sent["id"], status="failed")
        for _ in range(2):
            stripe.deliver()
        assert PurchaseRefund.objects.get().status == "failed"
        assert state(purchase, buyer) == ("paid", 1000, 0)
        assert accounts() == {"gateway:stripe": -500, "loss": 0}

    def test_what_is_left_of_the_price_may_be_disputed(
        self, stripe: Provider, buyer: User, purchase: Purchase
    ) -> None:
        TokenService.consume_tokens(buyer.pk, 400, "generation")
        by_hand(stripe, purchase, 300)
        stripe.deliver()
        opened = stripe.dispute(purchase)
        stripe.act("disputes", id=opened, status="lost")
        stripe.deliver()
        row = PurchaseRefund.objects.get()
        assert (row.amount, row.lost) == (100, 200)
        dispute = Dispute.objects.get()
        assert (dispute.amount, dispute.taken) == (200, 0)
        assert state(purchase, buyer) == ("lost", 1000, 0)
        assert accounts() == {"gateway:stripe": 0, "loss": -400}


def test_a_dispute_while_a_refund_is_to_be_sent(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    """The bank takes the whole price, so the buyer keeps none of the tokens."""
    stripe.fail("lost_request", REFUNDS, method="POST")
    answer = as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund")
    assert answer.data["status"] == "requested"
    opened = stripe.dispute(purchase)
    stripe.deliver()
    assert PurchaseRefund.objects.get().status == "failed"
    assert Dispute.objects.get().taken == 500
    assert state(purchase, buyer) == ("disputed", 1000, 0)
    sweeping.sweep()
    stripe.act("disputes", id=opened, status="lost")
    stripe.deliver()
    assert state(purchase, buyer) == ("lost", 1000, 0)
    assert Transaction.objects.filter(type="loss").total() == 0


def test_the_dispute_waits_until_it_is_known_what_the_refund_is(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    stripe.fail("lost_request", REFUNDS, method="POST", times=2)
    as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund")
    stripe.dispute(purchase)
    told = stripe.events("charge.dispute.created")
    assert deliver(told[0]).status == 503
    assert not Dispute.objects.exists()
    assert deliver(told[0]).status == 200
    assert state(purchase, buyer) == ("disputed", 1000, 0)


@pytest.mark.parametrize("end", ["won", "lost"])
def test_pictures_that_nobody_has_begun_are_canceled(
    stripe: Provider, buyer: User, purchase: Purchase, end: str
) -> None:
    picture = GenerationFactory(user=buyer, status="queued")
    opened = stripe.dispute(purchase)
    stripe.deliver()
    picture.refresh_from_db()
    assert picture.status == "canceled"
    assert Dispute.objects.get().taken == 500
    assert state(purchase, buyer) == ("disputed", 1000, 0)
    stripe.act("disputes", id=opened, status=end)
    stripe.deliver()
    assert state(purchase, buyer) == (end, *((1500, 500) if end == "won" else (1000, 0)))


def test_what_came_back_meanwhile_is_taken_at_the_end(
    stripe: Provider, buyer: User, purchase: Purchase
) -> None:
    picture = GenerationFactory(user=buyer, status="processing")
    opened = stripe.dispute(purchase)
    stripe.deliver()
    assert Dispute.objects.get().taken == 490
    bring_to(picture, GenerationStatus.FAILED)
    assert state(purchase, buyer) == ("disputed", 1010, 10)
    stripe.act("disputes", id=opened, status="lost")
    for _ in range(2):
        stripe.deliver()
    assert Dispute.objects.get().taken == 500
    assert state(purchase, buyer) == ("lost", 1000, 0)
    assert Transaction.objects.filter(type="loss").total() == 0
