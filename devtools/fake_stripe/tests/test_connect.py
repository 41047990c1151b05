"""Artists' accounts: onboarding, transfers, reversals, payouts."""

from __future__ import annotations

import pytest
import stripe

from devtools.fake_stripe.tests.conftest import Door, code_of, onboarded_account, paid_session

pytestmark = pytest.mark.slow
DAYS_2 = 2 * 86_400


def available(api: stripe.StripeClient, account: str | None = None, currency: str = "usd") -> int:
    options: stripe.RequestOptions = {"stripe_account": account} if account else {}
    balance = api.v1.balance.retrieve(options=options)
    return next((part.amount for part in balance.available if part.currency == currency), 0)


def funded(api: stripe.StripeClient, door: Door, amount: int = 100_000) -> None:
    paid_session(api, door, amount)
    door.advance(DAYS_2 + 1)


def send(api: stripe.StripeClient, account: str, amount: int = 5000) -> stripe.Transfer:
    return api.v1.transfers.create({"amount": amount, "currency": "usd", "destination": account})


def test_onboarding(api: stripe.StripeClient, door: Door) -> None:
    account = api.v1.accounts.create(
        {"type": "express", "country": "KR", "capabilities": {"transfers": {"requested": True}}}
    )
    assert (account.default_currency, account.payouts_enabled) == ("krw", False)
    with pytest.raises(stripe.InvalidRequestError) as error:
        send(api, account.id)
    assert code_of(error) == (400, "insufficient_capabilities_for_transfer")
    link = api.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://site.test/again",
            "return_url": "http://site.test/back",
        }
    )
    door.press(link.url, "leave")
    assert not api.v1.accounts.retrieve(account.id).details_submitted
    door.press(link.url, "restrict")
    restricted = api.v1.accounts.retrieve(account.id)
    assert (restricted.details_submitted, restricted.payouts_enabled) == (True, False)
    assert restricted.requirements is not None
    assert restricted.requirements.disabled_reason == "requirements.past_due"
    # A link works once.
    assert door.browser.get(link.url).headers["Location"] == "http://site.test/again"
    door.post("accounts", id=account.id, status="enabled")
    enabled = api.v1.accounts.retrieve(account.id)
    assert enabled.payouts_enabled
    assert enabled.capabilities is not None
    assert enabled.capabilities.transfers == "active"
    told = [e for e in door.get("events") if e.get("account") == account.id]
    assert {e["type"] for e in told} == {"account.updated"}
    assert told[-1]["data"]["previous_attributes"]["payouts_enabled"] is False


def test_a_link_expires(api: stripe.StripeClient, door: Door) -> None:
    account = api.v1.accounts.create({"type": "express"})
    link = api.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://site.test/again",
            "return_url": "http://site.test/back",
        }
    )
    door.advance(301)
    assert door.press(link.url, "complete").headers["Location"] == "http://site.test/again"
    assert not api.v1.accounts.retrieve(account.id).details_submitted


def test_a_transfer_and_its_reversal(api: stripe.StripeClient, door: Door) -> None:
    account = onboarded_account(api, door)
    funded(api, door)
    before = available(api)
    transfer = send(api, account)
    assert (available(api), available(api, account)) == (before - 5000, 5000)
    api.v1.transfers.reversals.create(transfer.id, {"amount": 2000})
    assert (available(api), available(api, account)) == (before - 3000, 3000)
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.transfers.reversals.create(transfer.id, {"amount": 3001})
    after = api.v1.transfers.retrieve(transfer.id)
    assert (after.amount_reversed, after.reversed) == (2000, False)
    assert [r.amount for r in after.reversals.data] == [2000]
    assert [t.id for t in api.v1.transfers.list({"destination": account})] == [transfer.id]


def test_no_more_leaves_than_is_available(api: stripe.StripeClient, door: Door) -> None:
    account = onboarded_account(api, door)
    with pytest.raises(stripe.InvalidRequestError) as error:
        send(api, account, available(api) + 1)
    assert code_of(error) == (400, "balance_insufficient")
    assert available(api, account) == 0
    # Money of one charge can be sent on before it settles, and settles for both at once.
    intent = paid_session(api, door, 9000).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    api.v1.transfers.create(
        {
            "amount": 8000,
            "currency": "usd",
            "destination": account,
            "source_transaction": intent.latest_charge.id,
        }
    )
    assert available(api, account) == 0
    door.advance(DAYS_2 + 1)
    assert available(api, account) == 8000


@pytest.mark.parametrize(("status", "left"), [("paid", 0), ("failed", 5000)])
def test_a_payout(api: stripe.StripeClient, door: Door, status: str, left: int) -> None:
    account = onboarded_account(api, door)
    funded(api, door)
    transfer = send(api, account)
    options: stripe.RequestOptions = {"stripe_account": account}
    payout = api.v1.payouts.create({"amount": 5000, "currency": "usd"}, options)
    assert (payout.status, available(api, account)) == ("pending", 0)
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.transfers.reversals.create(transfer.id)
    assert code_of(error) == (400, "balance_insufficient")
    if status == "paid":
        door.advance(DAYS_2 + 1)
    else:
        door.post("payouts", id=payout.id, account=account, status="failed")
    after = api.v1.payouts.retrieve(payout.id, options=options)
    assert (after.status, available(api, account)) == (status, left)
    assert after.failure_code == ("account_closed" if left else None)
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payouts.retrieve(payout.id)


def test_an_unknown_account_is_refused(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.PermissionError) as error:
        api.v1.balance.retrieve(options={"stripe_account": "acct_unknown"})
    assert code_of(error) == (403, "account_invalid")
