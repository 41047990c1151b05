"""Checkout sessions, and the page that a buyer presses."""

from __future__ import annotations

import pytest
import stripe

from devtools.fake_stripe.tests.conftest import Door, code_of, paid_session, session_params

pytestmark = pytest.mark.slow


def kinds(door: Door, given: str) -> list[str]:
    """Types of the events of an object, oldest first."""
    return [e["type"] for e in door.get("events") if e["data"]["object"]["id"] == given]


def test_a_paid_session(api: stripe.StripeClient, door: Door) -> None:
    created = api.v1.checkout.sessions.create(
        session_params(client_reference_id="purchase-7", metadata={"purchase": "7"})
    )
    assert (created.status, created.payment_status, created.payment_intent) == (
        "open",
        "unpaid",
        None,
    )
    page = door.browser.get(str(created.url)).text
    assert "10.00 USD" in page
    assert "This is a test." in page
    pressed = door.press(str(created.url), "pay")
    assert pressed.headers["Location"] == f"http://site.test/done?s={created.id}"
    paid = api.v1.checkout.sessions.retrieve(
        created.id, {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.client_reference_id, (paid.metadata or {})["purchase"]) == ("purchase-7", "7")
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    entry = intent.latest_charge.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.amount, entry.fee, entry.net) == (1000, 59, 941)
    assert paid.line_items is not None
    assert [line.amount_total for line in paid.line_items.data] == [1000]
    assert kinds(door, created.id) == ["checkout.session.completed"]
    assert kinds(door, intent.id) == ["payment_intent.created", "payment_intent.succeeded"]
    # A second press pays nothing.
    assert door.press(f"/c/pay/{created.id}", "pay").status_code == 400
    assert len(api.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_a_declined_card_leaves_the_session_open(api: stripe.StripeClient, door: Door) -> None:
    session = api.v1.checkout.sessions.create(session_params())
    door.press(str(session.url), "decline")
    assert "Your card was declined." in door.browser.get(str(session.url)).text
    again = api.v1.checkout.sessions.retrieve(session.id)
    assert (again.status, again.payment_status) == ("open", "unpaid")
    door.press(str(session.url), "pay")
    intent = api.v1.checkout.sessions.retrieve(session.id).payment_intent
    charges = api.v1.charges.list({"payment_intent": str(intent)}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_a_buyer_cancels_or_leaves(api: stripe.StripeClient, door: Door) -> None:
    session = api.v1.checkout.sessions.create(session_params())
    canceled = door.press(str(session.url), "cancel")
    assert canceled.headers["Location"] == "http://site.test/cancel"
    assert door.press(str(session.url), "leave").status_code == 200
    assert api.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert kinds(door, session.id) == []


def test_a_session_expires_by_request_and_by_time(api: stripe.StripeClient, door: Door) -> None:
    by_request = api.v1.checkout.sessions.create(session_params())
    assert api.v1.checkout.sessions.expire(by_request.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.checkout.sessions.expire(by_request.id)
    by_time = api.v1.checkout.sessions.create(session_params())
    door.advance(24 * 3600 + 1)
    assert api.v1.checkout.sessions.retrieve(by_time.id).status == "expired"
    assert kinds(door, by_time.id) == ["checkout.session.expired"]
    assert door.press(f"/c/pay/{by_time.id}", "pay").status_code == 400


@pytest.mark.parametrize(("act", "status"), [("settle", "paid"), ("fail", "unpaid")])
def test_a_bank_that_answers_later(
    api: stripe.StripeClient, door: Door, act: str, status: str
) -> None:
    session = api.v1.checkout.sessions.create(session_params())
    door.press(str(session.url), "pay_later")
    waiting = api.v1.checkout.sessions.retrieve(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    door.post("sessions", id=session.id, act=act)
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == status
    said = "succeeded" if act == "settle" else "failed"
    assert kinds(door, session.id)[-1] == f"checkout.session.async_payment_{said}"


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("krw", 5000, "5000 KRW"), ("eur", 1234, "12.34 EUR"), ("kwd", 1230, "1.230 KWD")],
)
def test_currencies(
    api: stripe.StripeClient, door: Door, currency: str, amount: int, shown: str
) -> None:
    session = api.v1.checkout.sessions.create(session_params(amount, currency))
    assert shown in door.browser.get(str(session.url)).text
    assert session.amount_total == amount


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (1235, "kwd", "invalid_charge_amount"),
        (49, "usd", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
    ],
)
def test_amounts_that_cannot_be_charged(
    api: stripe.StripeClient, amount: int, currency: str, code: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.checkout.sessions.create(session_params(amount, currency))
    assert code_of(error) == (400, code)


def test_what_a_buyer_reads_is_escaped(api: stripe.StripeClient, door: Door) -> None:
    params = session_params()
    params["line_items"][0]["price_data"]["product_data"]["name"] = "<script>x</script>"
    session = api.v1.checkout.sessions.create(params)
    page = door.browser.get(str(session.url)).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_a_customer_is_kept_for_invoices(api: stripe.StripeClient, door: Door) -> None:
    paid = paid_session(
        api, door, customer_email="buyer@site.test", invoice_creation={"enabled": True}
    )
    customer = api.v1.customers.retrieve(str(paid.customer))
    assert customer.email == "buyer@site.test"
    again = api.v1.checkout.sessions.create(session_params(customer=customer.id))
    assert again.customer == customer.id
