"""Events, and their signed deliveries: retried, out of order, doubled, late and lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from devtools.fake_stripe.tests.conftest import Door, Listener, client, onboarded_account
from devtools.servers.process import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def endpoint(api: stripe.StripeClient, listener: Listener) -> Iterator[stripe.WebhookEndpoint]:
    made = api.v1.webhook_endpoints.create(
        {"url": listener.url, "enabled_events": ["customer.created"]}
    )
    yield made
    api.v1.webhook_endpoints.delete(made.id)


def deliveries(door: Door, endpoint: stripe.WebhookEndpoint) -> list[Any]:
    return [d for d in door.get("deliveries") if d["endpoint"] == endpoint.id]


def test_a_delivery_is_signed(
    api: stripe.StripeClient, door: Door, endpoint: stripe.WebhookEndpoint, listener: Listener
) -> None:
    door.post("clock", now=time.time())
    customer = api.v1.customers.create({}, {"idempotency_key": "told"})
    assert wait_for(lambda: bool(listener.got), 10)
    body, signature = listener.got[0]
    event = stripe.Webhook.construct_event(body, signature, endpoint.secret)  # type: ignore[no-untyped-call]
    assert (event.type, event.data.object["id"]) == ("customer.created", customer.id)
    assert event.request.idempotency_key == "told"
    assert event.api_version == stripe.api_version
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", signature, endpoint.secret)  # type: ignore[no-untyped-call]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, "whsec_other")  # type: ignore[no-untyped-call]
    assert wait_for(lambda: api.v1.events.retrieve(event.id).pending_webhooks == 0, 10)
    assert api.v1.events.list({"type": "customer.created", "limit": 1}).data[0].id == event.id
    # The secret is shown once.
    assert "secret" not in api.v1.webhook_endpoints.retrieve(endpoint.id)


def test_a_failed_delivery_is_sent_again_later(
    api: stripe.StripeClient, door: Door, endpoint: stripe.WebhookEndpoint, listener: Listener
) -> None:
    listener.status = 500
    api.v1.customers.create()

    def attempts() -> list[Any]:
        return [a["status"] for a in deliveries(door, endpoint)[0]["attempts"]]

    assert wait_for(lambda: attempts() == [500], 10)
    door.advance(61)
    assert wait_for(lambda: attempts() == [500, 500], 10)
    listener.status = 200
    door.advance(301)
    assert wait_for(lambda: attempts() == [500, 500, 200], 10)
    assert deliveries(door, endpoint)[0]["state"] == "delivered"
    assert len({body for body, _ in listener.got}) <= 3


def test_out_of_order_doubled_late_and_lost(
    api: stripe.StripeClient, door: Door, endpoint: stripe.WebhookEndpoint, listener: Listener
) -> None:
    door.post("webhooks", held=True)
    made = [api.v1.customers.create().id for _ in range(3)]
    first, second, third = [d["id"] for d in deliveries(door, endpoint)]
    assert listener.got == []
    door.post("deliveries/lose", deliveries=[second])
    door.advance(3600)
    said = door.post("deliveries/send", deliveries=[third, first, third])
    assert said["statuses"] == [200, 200, 200]
    got = [json.loads(body)["data"]["object"]["id"] for body, _ in listener.got]
    assert got == [made[2], made[0], made[2]]
    door.post("webhooks", held=False)
    door.advance(90_000)
    assert [d["state"] for d in deliveries(door, endpoint)] == ["delivered", "lost", "delivered"]


def test_a_webhook_comes_before_the_answer(
    api: stripe.StripeClient, door: Door, endpoint: stripe.WebhookEndpoint, listener: Listener
) -> None:
    door.post("faults", kind="slow_answer", seconds=4, path="/v1/customers")
    with ThreadPoolExecutor(1) as pool:
        hasty = client(door.url, http_client=stripe.RequestsClient(timeout=3))
        answer = pool.submit(hasty.v1.customers.create, {"email": "early@site.test"})
        assert wait_for(lambda: bool(listener.got), 2.5)
        assert not answer.done()
        assert isinstance(answer.exception(timeout=10), stripe.APIConnectionError)
    assert api.v1.customers.list({"email": "early@site.test"}).data


def test_an_old_or_foreign_signature_can_be_sent(
    api: stripe.StripeClient, door: Door, endpoint: stripe.WebhookEndpoint, listener: Listener
) -> None:
    door.post("webhooks", held=True)
    api.v1.customers.create()
    (only,) = [d["id"] for d in deliveries(door, endpoint)]
    door.post("deliveries/send", deliveries=[only], timestamp=1_000_000_000)
    door.post("deliveries/send", deliveries=[only], secret="whsec_foreign")
    for body, signature in listener.got:
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, signature, endpoint.secret)  # type: ignore[no-untyped-call]


def test_events_of_accounts_go_to_their_own_endpoints(
    api: stripe.StripeClient, door: Door, listener: Listener
) -> None:
    plain = api.v1.webhook_endpoints.create({"url": listener.url, "enabled_events": ["*"]})
    connect = api.v1.webhook_endpoints.create(
        {"url": listener.url, "enabled_events": ["account.updated"], "connect": True}
    )
    account = onboarded_account(api, door)
    told = deliveries(door, connect)
    assert {d["type"] for d in told} == {"account.updated"}
    assert "account.updated" not in {d["type"] for d in deliveries(door, plain)}
    assert wait_for(lambda: all(d["state"] == "delivered" for d in deliveries(door, connect)), 10)
    assert {json.loads(body)["account"] for body, _ in listener.got} == {account}
    api.v1.webhook_endpoints.update(connect.id, {"disabled": True})
    door.post("accounts", id=account, status="restricted")
    assert len(deliveries(door, connect)) == len(told)
    for each in (plain, connect):
        api.v1.webhook_endpoints.delete(each.id)
