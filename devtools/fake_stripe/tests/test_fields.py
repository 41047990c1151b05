"""What is sent has the fields that Stripe publishes, as the types of stripe-python name them."""

from __future__ import annotations

import typing
from typing import Any

import pytest
import stripe

from devtools.fake_stripe.tests.conftest import (
    Door,
    Listener,
    onboarded_account,
    paid_session,
    session_params,
)

pytestmark = pytest.mark.slow


def problems(thing: stripe.StripeObject, kind: type | None = None, at: str = "") -> list[str]:
    """Fields that the type does not have and required ones that are not there, at every depth."""
    kind = kind or type(thing)
    known = {
        name: str(hint)
        for name, hint in kind.__annotations__.items()
        if name != "OBJECT_NAME" and not name.startswith("_")
    }
    at = at or kind.__name__
    names = thing.to_dict(recursive=False)
    found = [f"{at}.{name} is not published" for name in names if name not in known]
    for name, hint in known.items():
        is_optional = hint.startswith("typing.Optional") or "NoneType" in hint
        is_optional = is_optional or "Optional[" in hint or "NotRequired[" in hint
        if name not in names and not is_optional:
            found.append(f"{at}.{name} is missing")
    inner: dict[str, Any] = getattr(kind, "_inner_class_types", {})
    for name in names:
        value = thing[name]
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, stripe.StripeObject):
                continue
            if name in inner:
                found += problems(each, inner[name], f"{at}.{name}")
            elif type(each) is not stripe.StripeObject and not isinstance(each, stripe.ListObject):
                found += problems(each, None, f"{at}.{name}")
    return found


def test_a_planted_fault_is_found() -> None:
    values = {"object": "account_link", "url": "http://x", "expires_at": 1, "colour": "red"}
    link = stripe.AccountLink.construct_from(values, None)
    assert problems(link) == [
        "AccountLink.colour is not published",
        "AccountLink.created is missing",
    ]
    session = stripe.checkout.Session.construct_from(
        {"id": "cs", "automatic_tax": {"status": None, "rate": 3}}, None
    )
    assert "Session.automatic_tax.rate is not published" in problems(session)
    assert "Session.automatic_tax.enabled is missing" in problems(session)


def test_every_object(api: stripe.StripeClient, door: Door, listener: Listener) -> None:
    shown: list[Any] = [api.v1.checkout.sessions.create(session_params())]
    paid = paid_session(api, door, 50_000, invoice_creation={"enabled": True})
    shown.append(paid)
    intent = typing.cast(stripe.PaymentIntent, paid.payment_intent)
    charge = typing.cast(stripe.Charge, intent.latest_charge)
    shown += api.v1.checkout.sessions.line_items.list(paid.id).data
    with pytest.raises(stripe.CardError):
        api.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_chargeDeclined",
            }
        )
    refund = api.v1.refunds.create({"charge": charge.id, "amount": 10})
    door.post("refunds", id=refund.id, status="failed")
    dispute = door.post("disputes", charge=charge.id)
    door.post("disputes", id=dispute["id"], status="won")
    account = onboarded_account(api, door)
    door.advance(3 * 86_400)
    transfer = api.v1.transfers.create({"amount": 900, "currency": "usd", "destination": account})
    reversal = api.v1.transfers.reversals.create(transfer.id, {"amount": 100})
    of_account: stripe.RequestOptions = {"stripe_account": account}
    payout = api.v1.payouts.create({"amount": 800, "currency": "usd"}, of_account)
    door.post("payouts", id=payout.id, account=account, status="failed")
    shown.append(
        api.v1.account_links.create(
            {
                "account": account,
                "type": "account_onboarding",
                "refresh_url": "http://site.test/again",
                "return_url": "http://site.test/back",
            }
        )
    )
    shown.append(api.v1.accounts.login_links.create(account))
    endpoint = api.v1.webhook_endpoints.create({"url": listener.url, "enabled_events": ["none"]})
    shown += [endpoint, api.v1.webhook_endpoints.retrieve(endpoint.id), reversal]
    shown += [api.v1.balance.retrieve(), api.v1.payouts.retrieve(payout.id, options=of_account)]
    lists: list[Any] = [
        api.v1.checkout.sessions,
        api.v1.customers,
        api.v1.payment_intents,
        api.v1.charges,
        api.v1.refunds,
        api.v1.disputes,
        api.v1.accounts,
        api.v1.transfers,
        api.v1.balance_transactions,
        api.v1.events,
    ]
    for each in lists:
        page = each.list({"limit": 100}).data
        assert page
        shown += page
    shown += api.v1.events.list({"limit": 100}, of_account).data
    found = {problem for thing in shown for problem in problems(thing)}
    assert found == set()
    assert {thing["object"] for thing in shown} == {
        *("account", "account_link", "balance", "balance_transaction", "charge", "customer"),
        *("checkout.session", "dispute", "event", "item", "login_link", "payment_intent"),
        *("payout", "refund", "transfer", "transfer_reversal", "webhook_endpoint"),
    }
