"""Refunds, disputes and declined cards."""

from __future__ import annotations

import pytest
import stripe

from devtools.fake_stripe.tests.conftest import Door, code_of, paid_session

pytestmark = pytest.mark.slow


def charge_of(session: stripe.checkout.Session) -> stripe.Charge:
    intent = session.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    return intent.latest_charge


def net_of(api: stripe.StripeClient, source: str) -> int:
    return sum(e.net for e in api.v1.balance_transactions.list({"source": source}).data)


def test_refunds_in_parts_and_no_more(api: stripe.StripeClient, door: Door) -> None:
    charge = charge_of(paid_session(api, door))
    part = api.v1.refunds.create({"charge": charge.id, "amount": 300})
    assert (part.status, part.amount, net_of(api, part.id)) == ("succeeded", 300, -300)
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.refunds.create({"charge": charge.id, "amount": 701})
    rest = api.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert rest.amount == 700
    after = api.v1.charges.retrieve(charge.id)
    assert (after.amount_refunded, after.refunded) == (1000, True)
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.refunds.create({"charge": charge.id})
    assert code_of(error) == (400, "charge_already_refunded")
    assert [r.id for r in api.v1.refunds.list({"charge": charge.id})] == [rest.id, part.id]


def test_a_refund_that_waits_and_fails(api: stripe.StripeClient, door: Door) -> None:
    charge = charge_of(paid_session(api, door))
    door.post("refunds", next="pending")
    refund = api.v1.refunds.create({"charge": charge.id})
    assert refund.status == "pending"
    door.post("refunds", id=refund.id, status="failed")
    failed = api.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    assert net_of(api, refund.id) == 0
    assert api.v1.charges.retrieve(charge.id).amount_refunded == 0


@pytest.mark.parametrize(("status", "net"), [("won", -1500), ("lost", -2500)])
def test_a_dispute(api: stripe.StripeClient, door: Door, status: str, net: int) -> None:
    charge = charge_of(paid_session(api, door))
    dispute = door.post("disputes", charge=charge.id)
    assert api.v1.charges.retrieve(charge.id).disputed
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.refunds.create({"charge": charge.id})
    assert code_of(error) == (400, "charge_disputed")
    door.post("disputes", id=dispute["id"], status=status)
    assert api.v1.disputes.retrieve(dispute["id"]).status == status
    assert net_of(api, dispute["id"]) == net
    events = [e["type"] for e in door.get("events") if e["data"]["object"]["id"] == dispute["id"]]
    expected = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    expected += ["charge.dispute.funds_reinstated"] if status == "won" else []
    assert events == [*expected, "charge.dispute.closed"]
    assert api.v1.disputes.list({"charge": charge.id}).data[0].id == dispute["id"]
    if status == "won":
        # The money is ours again, and can go back.
        assert api.v1.refunds.create({"charge": charge.id}).amount == 1000
    else:
        with pytest.raises(stripe.InvalidRequestError) as error:
            api.v1.refunds.create({"charge": charge.id})
        assert code_of(error) == (400, "charge_disputed")


def test_a_declined_card_is_a_card_error(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as error:
        api.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_chargeDeclinedInsufficientFunds",
            }
        )
    assert code_of(error) == (402, "card_declined")
    assert error.value.error is not None
    assert error.value.error.decline_code == "insufficient_funds"
    assert error.value.error.payment_intent is not None
    given = error.value.error.payment_intent.id
    retried = api.v1.payment_intents.confirm(given, {"payment_method": "pm_card_visa"})
    assert (retried.status, retried.amount_received) == ("succeeded", 500)
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.payment_intents.cancel(given)
    assert code_of(error) == (400, "payment_intent_unexpected_state")
