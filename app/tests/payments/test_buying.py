"""From the press to the tokens, whatever gets lost, doubled, late or out of order."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from app.models import PaymentEvent, PaymentProfile, Purchase, Transaction, User
from app.services import payment_service
from app.services.payments import sweeping
from app.tests import ledger
from app.tests.api import Api
from app.tests.payments.buyers import KEY, Provider, bought, buy, deliver
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SESSIONS = "/v1/checkout/sessions"


def age(purchase: Purchase, **by: float) -> None:
    """Let the purchase have been made earlier."""
    then = clock.now() - timedelta(**by)
    Purchase.objects.filter(pk=purchase.pk).update(created_at=then, checked_at=None)


def state(purchase: Purchase) -> str:
    """The purchase's state, once the books are found right, and its tokens given once or never."""
    purchase.refresh_from_db()
    ledger.assert_right()
    given = Transaction.objects.filter(purchase=purchase, type="purchase").count()
    assert given == (purchase.status == "paid")
    return str(purchase.status)


def test_the_buyer_pays_and_has_the_tokens(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    order = {"amount": 500, "payment_method": "card"}
    answer = as_buyer.post("/api/tokens/purchase", order)
    assert answer.status == 202
    shown = answer.data
    assert (shown["status"], shown["price"], shown["price_text"]) == ("pending", 500, "5.00 USD")
    assert shown["checkout_url"].startswith(stripe.url)
    assert shown["refundable"] is None
    assert ledger.balance_of(buyer) == 1000
    purchase = Purchase.objects.get(pk=shown["id"])
    assert stripe.session_of(purchase)["success_url"].endswith(f"/wallet/purchases/{shown['id']}")
    stripe.press(shown["checkout_url"], "pay")
    stripe.deliver()
    assert state(purchase) == "paid"
    assert ledger.balance_of(buyer) == 1500
    shown = as_buyer.get(f"/api/tokens/purchases/{purchase.pk}").data
    assert (shown["status"], shown["checkout_url"]) == ("paid", None)
    assert shown["refundable"]["amount"] == shown["refundable"]["price"] == 500
    assert [row["id"] for row in as_buyer.get("/api/tokens/purchases").results] == [purchase.pk]
    # The next time the provider knows whose payment it is.
    customer = PaymentProfile.objects.get(user=buyer).customer_id
    assert stripe.session_of(buy(as_buyer))["customer"] == customer != ""


def test_others_do_not_see_it(stripe: Provider, as_buyer: Api, as_artist: Api) -> None:
    purchase = buy(as_buyer)
    assert as_artist.get("/api/tokens/purchases").results == []
    for path in ("", "/refund"):
        send = as_artist.post if path else as_artist.get
        assert send(f"/api/tokens/purchases/{purchase.pk}{path}").status == 404


def test_events_come_twice_and_in_any_order(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "pay")
    told = stripe.events("checkout", "payment_intent.succeeded", "charge.succeeded")
    for count, order in enumerate(itertools.permutations(told)):
        PaymentEvent.objects.all().delete()
        for event in (*order, order[0]):
            assert deliver(event).status == 200
        assert state(purchase) == "paid", count
    assert ledger.balance_of(buyer) == 1500
    assert PaymentEvent.objects.count() == len(told)


def test_the_webhook_comes_before_the_answer(stripe: Provider, as_buyer: Api, buyer: User) -> None:
    """Neither the answer nor what was looked for afterwards comes; the event knows the session."""
    stripe.fail("lost_answer", SESSIONS, method="POST")
    stripe.fail("lost_request", SESSIONS, method="GET")
    keyed = {"headers": {"Idempotency-Key": "once"}}
    order = {"amount": 500, "payment_method": "card"}
    answer = as_buyer.post("/api/tokens/purchase", order, **keyed)
    assert answer.refusal == (503, "SERVICE_UNAVAILABLE")
    purchase = Purchase.objects.get()
    assert (purchase.status, purchase.session_id) == ("pending", "")
    stripe.press(stripe.session_of(purchase)["url"], "pay")
    stripe.deliver()
    assert state(purchase) == "paid"
    again = as_buyer.post("/api/tokens/purchase", order, **keyed)
    assert (again.status, again.data["id"], again.data["status"]) == (202, purchase.pk, "paid")
    assert ledger.balance_of(buyer) == 1500


@pytest.mark.parametrize("kind", ["lost_answer", "late_api_error"])
def test_a_lost_answer_is_looked_up(stripe: Provider, as_buyer: Api, kind: str) -> None:
    stripe.fail(kind, SESSIONS, method="POST")
    purchase = buy(as_buyer)
    assert purchase.checkout_url == stripe.session_of(purchase)["url"]


@pytest.mark.parametrize("kind", ["api_error", "rate_limit", "lost_request"])
def test_what_was_not_done_may_be_tried_again(stripe: Provider, as_buyer: Api, kind: str) -> None:
    keyed = {"headers": {"Idempotency-Key": "again"}}
    order = {"amount": 500, "payment_method": "card"}
    stripe.fail(kind, SESSIONS, method="POST")
    assert as_buyer.post("/api/tokens/purchase", order, **keyed).status == 503
    answer = as_buyer.post("/api/tokens/purchase", order, **keyed)
    # The provider keeps its own failure under the key for a day; then the buyer starts anew.
    assert answer.status == (503 if kind == "api_error" else 202)
    assert Purchase.objects.count() == 1
    assert state(Purchase.objects.get()) == "pending"


def test_the_same_key_has_the_same_page(stripe: Provider, as_buyer: Api) -> None:
    keyed = {"headers": {"Idempotency-Key": "same"}}
    first, second = buy(as_buyer, **keyed), buy(as_buyer, **keyed)
    assert first == second
    assert first.checkout_url == second.checkout_url == stripe.session_of(first)["url"]


def test_the_provider_is_away(stripe: Provider, as_buyer: Api, settings: Any) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    order = {"amount": 500, "payment_method": "card"}
    before = ledger.snapshot()
    assert as_buyer.post("/api/tokens/purchase", order).status == 503
    assert ledger.snapshot() == before
    age(Purchase.objects.get(), hours=2)
    assert sweeping.sweep() == 0
    assert state(Purchase.objects.get()) == "pending"
    # For a minute it is left alone.
    settings.STRIPE_API_BASE = stripe.url
    assert sweeping.sweep() == 0
    sweeping._away_until = 0.0
    Purchase.objects.update(checked_at=None)
    assert sweeping.sweep() == 1
    assert state(Purchase.objects.get()) == "expired"


class TestTheSweep:
    """Asks for what never got its event."""

    def test_what_was_paid(self, stripe: Provider, as_buyer: Api, buyer: User) -> None:
        purchase = buy(as_buyer)
        stripe.press(purchase, "pay")
        assert sweeping.sweep() == 0
        age(purchase, minutes=3)
        assert sweeping.sweep() == 1
        assert state(purchase) == "paid"
        assert sweeping.sweep() == 0
        # What comes late changes nothing.
        stripe.deliver()
        assert state(purchase) == "paid"
        assert ledger.balance_of(buyer) == 1500

    def test_what_was_paid_but_never_known_to_have_begun(
        self, stripe: Provider, as_buyer: Api
    ) -> None:
        purchase = buy(as_buyer)
        stripe.press(purchase, "pay")
        Purchase.objects.update(session_id="", checkout_url="")
        age(purchase, hours=2)
        assert sweeping.sweep() == 1
        assert state(purchase) == "paid"

    def test_what_nobody_paid(self, stripe: Provider, as_buyer: Api) -> None:
        purchase = buy(as_buyer)
        stripe.call("POST", f"{SESSIONS}/{purchase.session_id}/expire")
        age(purchase, minutes=3)
        assert sweeping.sweep() == 1
        assert state(purchase) == "expired"

    def test_what_still_waits_is_asked_for_later(self, stripe: Provider, as_buyer: Api) -> None:
        purchase = buy(as_buyer)
        age(purchase, minutes=3)
        assert sweeping.sweep() == 1
        assert sweeping.sweep() == 0
        assert state(purchase) == "pending"


def test_it_expires(stripe: Provider, as_buyer: Api) -> None:
    purchase = buy(as_buyer)
    stripe.call("POST", f"{SESSIONS}/{purchase.session_id}/expire")
    stripe.deliver()
    assert state(purchase) == "expired"


def test_a_declined_card_leaves_the_page_open(stripe: Provider, as_buyer: Api) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "decline")
    stripe.deliver()
    assert state(purchase) == "pending"
    stripe.press(purchase, "pay")
    stripe.deliver()
    assert state(purchase) == "paid"


@pytest.mark.parametrize(("answer", "expected"), [("settle", "paid"), ("fail", "failed")])
def test_a_bank_answers_later(stripe: Provider, as_buyer: Api, answer: str, expected: str) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "pay_later")
    stripe.deliver()
    assert state(purchase) == "pending"
    stripe.act("sessions", id=purchase.session_id, act=answer)
    stripe.deliver()
    assert state(purchase) == expected


def test_who_comes_back_need_not_wait_for_the_event(
    stripe: Provider, as_buyer: Api, buyer: User
) -> None:
    purchase = buy(as_buyer)
    stripe.press(purchase, "pay")
    stripe.fail("lost_request", f"{SESSIONS}/*")
    assert payment_service.come_back(buyer, purchase.pk).status == "pending"
    assert payment_service.come_back(buyer, purchase.pk).status == "paid"
    assert state(purchase) == "paid"


@pytest.mark.parametrize(
    ("currency", "price", "text"),
    [("krw", 5000, "25,000 KRW"), ("usd", 99, "4.95 USD"), ("kwd", 305, "1.520 KWD")],
)
def test_currencies(
    stripe: Provider, as_buyer: Api, settings: Any, currency: str, price: int, text: str
) -> None:
    """With three decimals, the provider takes none but a zero as the last one."""
    settings.CURRENCY, settings.TOKEN_PRICE = currency, price
    purchase = bought(stripe, as_buyer)
    assert stripe.session_of(purchase)["amount_total"] == purchase.price
    shown = as_buyer.get(f"/api/tokens/purchases/{purchase.pk}").data
    assert (shown["price_text"], shown["currency"]) == (text, currency)
    ledger.assert_right()


def test_too_small_an_amount_is_refused(stripe: Provider, as_buyer: Api, settings: Any) -> None:
    settings.TOKEN_PRICE = 10
    order = {"amount": 100, "payment_method": "card"}
    answer = as_buyer.post("/api/tokens/purchase", order, headers={"Idempotency-Key": "x"})
    assert answer.refusal == (402, "PAYMENT_REFUSED")
    again = as_buyer.post("/api/tokens/purchase", order, headers={"Idempotency-Key": "x"})
    assert again.refusal == (402, "PAYMENT_REFUSED")
    assert state(Purchase.objects.get()) == "failed"


def test_packs_have_prices(stripe: Provider, as_anyone: Api, settings: Any) -> None:
    settings.TOKEN_PACKS = {1000: 900, 500: 475}
    shown = as_anyone.get("/api/tokens/packs").data
    assert (shown["gateway"], shown["is_test"], shown["refund_days"]) == ("stripe", False, 14)
    assert [(each["amount"], each["price_text"]) for each in shown["packs"]] == [
        *((500, "4.75 USD"), (1000, "9.00 USD")),
    ]


def test_keys_are_never_logged(
    stripe: Provider, as_buyer: Api, settings: Any, capfd: Any, caplog: Any
) -> None:
    for key in (f"{KEY}_other", "sk_live_s3kr1t"):
        settings.STRIPE_SECRET_KEY = key
        order = {"amount": 500, "payment_method": "card"}
        assert as_buyer.post("/api/tokens/purchase", order).status == (
            503 if "live" in key else 202
        )
    said = caplog.text + "".join(capfd.readouterr())
    assert "stripe_refuses_us" in said
    assert "s3kr1t" not in said
