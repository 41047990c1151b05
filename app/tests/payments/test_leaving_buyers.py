"""Who closes the account with a payment under way pays for nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.models import Purchase, PurchaseRefund, User
from app.services import user_service
from app.services.payments import buying, sweeping
from app.tests import ledger
from app.tests.api import Api
from app.tests.payments.buyers import Provider, bought, buy, deliver
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def leave(buyer: User) -> None:
    user_service.close_account(buyer)
    # Two minutes later.
    old = clock.now() - timedelta(minutes=3)
    Purchase.objects.filter(user=buyer).update(created_at=old)


def state(purchase: Purchase, buyer: User) -> tuple[str, int]:
    ledger.assert_right()
    purchase.refresh_from_db()
    buyer.refresh_from_db()
    return purchase.status, buyer.bought_balance


def test_the_page_of_the_payment_ends(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = buy(as_buyer)
    # Asked about a moment ago.
    buying.come_back(buyer, purchase.pk)
    Purchase.objects.update(checked_at=clock.now())
    leave(buyer)
    assert sweeping.sweep() == 1
    assert stripe.session_of(purchase)["status"] == "expired"
    assert state(purchase, buyer) == ("expired", 0)


def test_what_is_paid_all_the_same_goes_back(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = buy(as_buyer)
    leave(buyer)
    stripe.press(purchase, "pay")
    stripe.deliver()
    assert state(purchase, buyer) == ("refunded", 0)
    assert sweeping.sweep() == 1
    assert [each["amount"] for each in stripe.refunds_of(purchase)] == [500]
    assert PurchaseRefund.objects.get().status == "paid"
    stripe.deliver()
    assert state(purchase, buyer) == ("refunded", 0)


def test_a_bank_that_answers_later(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "pay_later")
    leave(buyer)
    assert sweeping.sweep() == 1
    assert state(purchase, buyer) == ("pending", 0)
    stripe.act("sessions", id=stripe.session_of(purchase)["id"], act="settle")
    stripe.deliver()
    sweeping.sweep()
    assert PurchaseRefund.objects.get().status == "paid"
    assert state(purchase, buyer) == ("refunded", 0)


def test_a_refund_that_fails_later_is_for_people(
    stripe: Provider, as_buyer: Api, buyer: User
) -> None:
    purchase = bought(stripe, as_buyer)
    as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund")
    user_service.close_account(buyer)
    (sent,) = stripe.refunds_of(purchase)
    stripe.act("refunds", id=sent["id"], status="failed")
    with capture_logs() as logs:
        for event in stripe.events("refund"):
            assert deliver(event).status == 200
    assert "refund_of_closed_account_failed" in [each["event"] for each in logs]
    assert state(purchase, buyer) == ("paid", 500)
    # They send it another way: its tokens go with it.
    stripe.call("POST", "/v1/refunds", payment_intent=purchase.payment_id, amount="500")
    stripe.deliver()
    assert state(purchase, buyer) == ("refunded", 0)
