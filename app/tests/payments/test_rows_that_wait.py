"""Purchases, refunds and customers of which the provider knows no good answer: each waits or ends
by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.models import PaymentProfile, Purchase, PurchaseRefund, User
from app.services.payments import buying, refunds, sweeping
from app.services.payments.gateways import stripe_client
from app.services.payments.gateways.outcomes import NotYet
from app.tests import ledger
from app.tests.api import Api
from app.tests.payments.buyers import Provider, bought, buy
from app.tests.safety.staff import act
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SESSIONS = "/v1/checkout/sessions"


def age(purchase: Purchase, **by: int) -> None:
    moment = clock.now() - timedelta(**by)
    Purchase.objects.filter(pk=purchase.pk).update(created_at=moment, checked_at=None)


def state(purchase: Purchase) -> str:
    ledger.assert_right()
    purchase.refresh_from_db()
    return purchase.status


@pytest.mark.parametrize("trouble", [ValueError, NotYet])
def test_one_purchase_holds_up_no_other(
    stripe: Provider, as_buyer: Api, monkeypatch: Any, trouble: type[Exception]
) -> None:
    first, second = buy(as_buyer), buy(as_buyer, 300)
    stripe.press(second, "pay")
    age(first, minutes=4)
    age(second, minutes=3)
    settle = buying.settle

    def broken(purchase: Purchase, **how: Any) -> Purchase:
        if purchase.pk == first.pk:
            raise trouble
        return settle(purchase, **how)

    monkeypatch.setattr(buying, "settle", broken)
    assert sweeping.sweep() == 2
    assert (state(first), state(second)) == ("pending", "paid")


@pytest.mark.parametrize("trouble", [ValueError, NotYet])
def test_one_refund_holds_up_no_other(
    stripe: Provider, as_buyer: Api, monkeypatch: Any, trouble: type[Exception]
) -> None:
    both = [bought(stripe, as_buyer), bought(stripe, as_buyer, 300)]
    stripe.fail("lost_request", "/v1/refunds", method="POST", times=2)
    for each in both:
        as_buyer.post(f"/api/tokens/purchases/{each.pk}/refund")
    settle = refunds.settle

    def broken(refund: PurchaseRefund) -> PurchaseRefund:
        if refund.purchase_id == both[0].pk:
            raise trouble
        return settle(refund)

    monkeypatch.setattr(refunds, "settle", broken)
    assert sweeping.sweep() == 2
    assert [state(each) for each in both] == ["refunded", "refunded"]
    rows = PurchaseRefund.objects.order_by("created_at")
    assert list(rows.values_list("status", flat=True)) == ["requested", "paid"]


def test_what_differs_is_left_to_people_one_day(
    stripe: Provider, as_buyer: Api, buyer: User
) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "pay")
    Purchase.objects.filter(pk=purchase.pk).update(price=499)
    age(purchase, days=14)
    assert sweeping.sweep() == 1
    assert state(purchase) == "pending"
    age(purchase, days=16)
    with capture_logs() as logs:
        assert sweeping.sweep() == 1
    assert {"price_differs", "purchase_given_up"} <= {each["event"] for each in logs}
    assert state(purchase) == "expired"
    assert sweeping.sweep() == 0
    # Somebody mends it: the tokens are given all the same.
    Purchase.objects.filter(pk=purchase.pk).update(price=500)
    buying.settle(Purchase.objects.get(pk=purchase.pk))
    assert state(purchase) == "paid"


def test_the_log_holds_nothing_that_the_buyer_typed(
    stripe: Provider, as_buyer: Api, monkeypatch: Any
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise stripe_client.Refused("No: ada@example.com", code="email_invalid", param="email")

    monkeypatch.setattr(type(buying.gateway()), "begin", refused)
    order = {"amount": 500, "payment_method": "card"}
    with capture_logs() as logs:
        assert as_buyer.post("/api/tokens/purchase", order).status == 402
    [said] = [each for each in logs if each["event"] == "checkout_refused"]
    assert said["reason"] == "email_invalid"
    assert "example.com" not in str(logs)


def test_a_customer_who_was_deleted_there_buys_again(
    stripe: Provider, as_buyer: Api, buyer: User
) -> None:
    bought(stripe, as_buyer)
    PaymentProfile.objects.filter(user=buyer).update(customer_id="cus_deleted")
    again = bought(stripe, as_buyer, 300)
    assert state(again) == "paid"
    assert PaymentProfile.objects.get(user=buyer).customer_id not in ("", "cus_deleted")


def test_a_suspended_buyer_loses_none_of_the_days(
    stripe: Provider, as_buyer: Api, buyer: User
) -> None:
    purchase = bought(stripe, as_buyer)
    act("profile", buyer.pk, "suspend")
    answer = as_buyer.post(f"/api/tokens/purchases/{purchase.pk}/refund")
    assert (answer.status, answer.data["status"]) == (200, "paid")
    assert state(purchase) == "refunded"


def test_the_last_day_is_a_whole_day(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = bought(stripe, as_buyer)
    shown = refunds.refundable(User.objects.get(pk=buyer.pk))[purchase.pk].until
    Purchase.objects.filter(pk=purchase.pk).update(paid_at=clock.now() - timedelta(days=14))
    buyer.refresh_from_db()
    assert purchase.pk in refunds.refundable(buyer)
    assert shown.astimezone(clock.HOME_ZONE).hour == 23
    Purchase.objects.filter(pk=purchase.pk).update(paid_at=clock.now() - timedelta(days=15))
    assert purchase.pk not in refunds.refundable(buyer)


def test_after_a_dispute_was_won_it_may_be_given_back(
    stripe: Provider, as_buyer: Api, buyer: User
) -> None:
    purchase = bought(stripe, as_buyer)
    opened = stripe.dispute(purchase)
    stripe.act("disputes", id=opened, status="won")
    stripe.deliver()
    assert state(purchase) == "won"
    buyer.refresh_from_db()
    assert refunds.refundable(buyer)[purchase.pk].amount == 500


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("appeal_needs_response", "lost"),
        ("appeal_under_review", "lost"),
        ("prevented", ""),
        ("warning_closed", ""),
    ],
)
def test_what_a_disputes_state_means(told: str, status: str) -> None:
    with capture_logs() as logs:
        assert stripe_client.dispute_status(told) == status
    assert logs == []


def test_a_state_that_nobody_knows_is_said() -> None:
    with capture_logs() as logs:
        assert stripe_client.dispute_status("something_new") == ""
    assert logs[0]["event"] == "dispute_status_unknown"
