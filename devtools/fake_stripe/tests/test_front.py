"""The first page of the provider, and what is kept of its state."""

from __future__ import annotations

from pathlib import Path

import pytest
import stripe

from devtools.fake_stripe import front
from devtools.fake_stripe.errors import InvalidParameterError
from devtools.fake_stripe.in_process import URL, InProcessStripe
from devtools.fake_stripe.kept import load, save
from devtools.fake_stripe.readings import listen


def client_of(provider: InProcessStripe) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_front", base_addresses={"api": URL}, max_network_retries=0, http_client=provider
    )


def paid(client: stripe.StripeClient) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
        },
        {"idempotency_key": "once"},
    )


def press(provider: InProcessStripe, act: str) -> None:
    [button] = [each for each in front.buttons(provider.service.state) if each.startswith(act)]
    provider.press("/", button)


def test_what_can_happen_is_on_its_buttons() -> None:
    provider = InProcessStripe()
    client = client_of(provider)
    assert list(front.buttons(provider.service.state)) == ["later"]
    paid(client)
    assert client.v1.balance.retrieve().available[0].amount == 0
    press(provider, "later")
    assert client.v1.balance.retrieve().available[0].amount == 1000 - 29 - 30
    press(provider, "dispute")
    press(provider, "won")
    assert [each.status for each in client.v1.disputes.list().data] == ["won"]
    with pytest.raises(InvalidParameterError):
        provider.press("/", "won du_unknown")


def test_a_refund_can_be_sent_back() -> None:
    provider = InProcessStripe()
    client = client_of(provider)
    client.v1.refunds.create({"payment_intent": paid(client).id})
    press(provider, "fail")
    assert [each.status for each in client.v1.refunds.list().data] == ["failed"]


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    before, after, file = InProcessStripe(), InProcessStripe(), tmp_path / "state.json"
    load(after.service, file)
    first = paid(client_of(before))
    before.act("clock", advance=3600)
    now = before.service.state.now()
    save(before.service, file)
    load(after.service, file)
    assert abs(after.service.state.now() - now) < 60
    # The same key is the same payment still.
    assert paid(client_of(after)).id == first.id


def test_it_tells_one_site_alone() -> None:
    state = InProcessStripe().service.state
    for url in ("http://one.test/", "http://two.test/"):
        listen(state, url, "whsec_front")
    endpoints = list(state.all("webhook_endpoint"))
    assert [each["url"] for each in endpoints] == ["http://two.test/"] * 2
    assert [state.hidden(each)["connect"] for each in endpoints] == [False, True]
