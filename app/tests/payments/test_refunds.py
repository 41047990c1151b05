"""Tokens that were bought and not used go back for their price, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.models import Dispute, Notification, Purchase, PurchaseRefund, Transaction, User
from app.services.payments import refunds, sweeping
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.api import Api
from app.tests.payments.buyers import Provider, bought, deliver
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

REFUNDS = "/v1/refunds"


@pytest.fixture
def purchase(stripe: Provider, as_buyer: Api) -> Purchase:
    """Of 500 tokens for 5.00 USD, paid."""
    return bought(stripe, as_buyer)


def give_back(client: Api, purchase: Purchase) -> Any:
    return client.post(f"/api/tokens/purchases/{purchase.pk}/refund")


def state(purchase: Purchase, buyer: User) -> tuple[str, int, int]:
    """The purchase's state, the buyer's balance, and the bought tokens of it."""
    ledger.assert_right()
    purchase.refresh_from_db()
    buyer.refresh_from_db()
    return purchase.status, buyer.token_balance, buyer.bought_balance


def test_all_of_it(stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase) -> None:
    answer = give_back(as_buyer, purchase)
    assert (answer.status, answer.data["status"]) == (200, "paid")
    assert (answer.data["amount"], answer.data["price"]) == (500, 500)
    assert answer.data["purchase"]["status"] == "refunded"
    assert state(purchase, buyer) == ("refunded", 1000, 0)
    stripe.deliver()
    assert state(purchase, buyer) == ("refunded", 1000, 0)
    assert [each["amount"] for each in stripe.refunds_of(purchase)] == [500]
    assert give_back(as_buyer, purchase).refusal == (409, "NOT_REFUNDABLE")
    row = as_buyer.get("/api/tokens/transactions").results[0]
    assert (row["type"], row["amount"], row["direction"]) == ("purchase_refund", 500, "outgoing")


def test_what_is_not_used(stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase) -> None:
    TokenService.consume_tokens(buyer.pk, 333, "generation")
    assert give_back(as_buyer, purchase).data["price"] == 167
    assert state(purchase, buyer) == ("partly_refunded", 1000 - 0, 0)
    assert [each["amount"] for each in stripe.refunds_of(purchase)] == [167]


def test_what_was_bought_first_is_used_first(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    second = bought(stripe, as_buyer, 300)
    TokenService.consume_tokens(buyer.pk, 450, "generation")
    buyer.refresh_from_db()
    offers = refunds.refundable(buyer)
    assert {pk: (each.amount, each.price) for pk, each in offers.items()} == {
        second.pk: (300, 300),
        purchase.pk: (50, 50),
    }
    for each in (purchase, second):
        assert give_back(as_buyer, each).status == 200
    assert state(purchase, buyer) == ("partly_refunded", 1000, 0)


def test_nothing_that_is_used_up_or_too_old(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    TokenService.consume_tokens(buyer.pk, 500, "generation")
    assert give_back(as_buyer, purchase).refusal == (409, "NOT_REFUNDABLE")
    TokenService.refund_tokens(buyer.pk, 500, "gift")
    assert give_back(as_buyer, purchase).refusal == (409, "NOT_REFUNDABLE")
    other = bought(stripe, as_buyer)
    Purchase.objects.filter(pk=other.pk).update(paid_at=clock.now() - timedelta(days=15))
    assert give_back(as_buyer, other).refusal == (409, "NOT_REFUNDABLE")
    assert not PurchaseRefund.objects.exists()
    ledger.assert_right()


def test_parts_add_up_to_the_price(
    stripe: Provider, as_buyer: Api, buyer: User, settings: Any
) -> None:
    """However it is rounded, no more than was paid goes back."""
    settings.TOKEN_PRICE = 99
    purchase = bought(stripe, as_buyer, 300)
    TokenService.consume_tokens(buyer.pk, 1, "generation")
    assert give_back(as_buyer, purchase).data["price"] == 296
    assert sum(each["amount"] for each in stripe.refunds_of(purchase)) == 296
    ledger.assert_right()


@pytest.mark.parametrize(("answer", "expected"), [("succeeded", "paid"), ("failed", "failed")])
def test_the_bank_decides_later(
    stripe: Provider,
    as_buyer: Api,
    buyer: User,
    purchase: Purchase,
    answer: str,
    expected: str,
) -> None:
    stripe.act("refunds", next="pending")
    assert give_back(as_buyer, purchase).data["status"] == "sent"
    assert state(purchase, buyer) == ("refunded", 1000, 0)
    (sent,) = stripe.refunds_of(purchase)
    stripe.act("refunds", id=sent["id"], status=answer)
    for _ in range(2):
        stripe.deliver()
    assert PurchaseRefund.objects.get().status == expected
    left = ("refunded", 1000, 0) if answer == "succeeded" else ("paid", 1500, 500)
    assert state(purchase, buyer) == left


def test_the_bank_sends_back_what_it_had_taken(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    give_back(as_buyer, purchase)
    (sent,) = stripe.refunds_of(purchase)
    stripe.act("refunds", id=sent["id"], status="failed")
    # In reverse, and each twice.
    for event in [*reversed(stripe.events("refund")), *stripe.events("refund")]:
        assert deliver(event).status == 200
    assert state(purchase, buyer) == ("paid", 1500, 500)
    # The tokens can be given back again.
    assert give_back(as_buyer, purchase).data["status"] == "paid"
    assert state(purchase, buyer) == ("refunded", 1000, 0)


@pytest.mark.parametrize("kind", ["lost_answer", "late_api_error"])
def test_a_lost_answer_is_looked_up(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase, kind: str
) -> None:
    stripe.fail(kind, REFUNDS, method="POST")
    assert give_back(as_buyer, purchase).data["status"] == "paid"
    assert len(stripe.refunds_of(purchase)) == 1
    assert state(purchase, buyer) == ("refunded", 1000, 0)


@pytest.mark.parametrize("kind", ["lost_request", "rate_limit"])
def test_what_was_not_sent_is_sent_by_the_sweep(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase, kind: str
) -> None:
    stripe.fail(kind, REFUNDS, method="POST")
    assert give_back(as_buyer, purchase).data["status"] == "requested"
    # Meanwhile nobody spends the tokens, and nobody asks again.
    assert state(purchase, buyer) == ("refunded", 1000, 0)
    assert give_back(as_buyer, purchase).refusal == (409, "NOT_REFUNDABLE")
    assert stripe.refunds_of(purchase) == []
    assert sweeping.sweep() == 1
    assert PurchaseRefund.objects.get().status == "paid"
    assert len(stripe.refunds_of(purchase)) == 1
    assert sweeping.sweep() == 0
    assert state(purchase, buyer) == ("refunded", 1000, 0)


def test_it_was_done_and_nobody_knows_it(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    """Neither the answer nor the look at it comes; later the sweep finds it, and sends no other."""
    stripe.fail("lost_answer", REFUNDS, method="POST")
    stripe.fail("lost_request", REFUNDS, method="GET")
    assert give_back(as_buyer, purchase).data["status"] == "requested"
    assert sweeping.sweep() == 1
    assert PurchaseRefund.objects.get().status == "paid"
    assert len(stripe.refunds_of(purchase)) == 1
    assert state(purchase, buyer) == ("refunded", 1000, 0)


def test_the_provider_refuses(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    """The payment is disputed there, which we have not heard of yet."""
    opened = stripe.dispute(purchase)
    assert give_back(as_buyer, purchase).data["status"] == "failed"
    assert state(purchase, buyer) == ("paid", 1500, 500)
    # It would each time.
    assert give_back(as_buyer, purchase).refusal == (409, "NOT_REFUNDABLE")
    assert as_buyer.get(f"/api/tokens/purchases/{purchase.pk}").data["refundable"] is None
    stripe.deliver()
    stripe.act("disputes", id=opened, status="won")
    stripe.deliver()
    assert state(purchase, buyer) == ("won", 1500, 500)
    # Once the platform has the money again, it can be given back.
    assert give_back(as_buyer, purchase).data["status"] == "paid"
    assert state(purchase, buyer) == ("won", 1000, 0)
    assert give_back(as_buyer, purchase).refusal == (409, "NOT_REFUNDABLE")


def test_staff_give_money_back_at_the_providers_own_site(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    stripe.call("POST", REFUNDS, payment_intent=purchase.payment_id, amount="200")
    for _ in range(2):
        stripe.deliver()
    assert state(purchase, buyer) == ("partly_refunded", 1300, 300)
    assert give_back(as_buyer, purchase).data["price"] == 300
    assert state(purchase, buyer) == ("refunded", 1000, 0)
    stripe.deliver()
    assert Transaction.objects.filter(type="refund_out").count() == 2
    assert state(purchase, buyer) == ("refunded", 1000, 0)


def set_back(purchase: Purchase, days: int) -> None:
    Purchase.objects.filter(pk=purchase.pk).update(paid_at=clock.now() - timedelta(days=days))


def test_the_days_run_anew_from_a_refund_that_did_not_arrive(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    give_back(as_buyer, purchase)
    set_back(purchase, 16)
    (sent,) = stripe.refunds_of(purchase)
    stripe.act("refunds", id=sent["id"], status="failed")
    stripe.deliver()
    assert state(purchase, buyer) == ("paid", 1500, 500)
    buyer.refresh_from_db()
    until = refunds.refundable(buyer)[purchase.pk].until
    assert until.date() == (clock.now().astimezone(clock.HOME_ZONE) + timedelta(days=14)).date()
    told = Notification.objects.get(recipient=buyer, type="refund_failed")
    assert told.message.endswith(f" You may ask for it again until {until.date()}.")
    PurchaseRefund.objects.update(ended_at=clock.now() - timedelta(days=15))
    assert give_back(as_buyer, purchase).refusal == (409, "NOT_REFUNDABLE")
    PurchaseRefund.objects.update(ended_at=clock.now() - timedelta(days=13))
    assert give_back(as_buyer, purchase).data["status"] == "paid"


def test_the_days_run_anew_from_the_end_of_a_freeze(
    stripe: Provider, as_buyer: Api, buyer: User, purchase: Purchase
) -> None:
    """Of one that began while they ran."""
    late = bought(stripe, as_buyer, 300)
    TokenService.consume_tokens(buyer.pk, 500, "generation")
    opened = stripe.dispute(purchase)
    stripe.deliver()
    stripe.act("disputes", id=opened, status="won")
    stripe.deliver()
    set_back(late, 20)
    buyer.refresh_from_db()
    for began, is_offered in ((10, True), (3, False)):
        Dispute.objects.update(created_at=clock.now() - timedelta(days=began))
        assert (late.pk in refunds.refundable(buyer)) is is_offered
