"""What Stripe did not sign, or too long ago, changes nothing."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from app.models import PaymentEvent, Purchase
from app.tests import ledger
from app.tests.api import Api
from app.tests.payments.buyers import (
    SECRET,
    WEBHOOK,
    Provider,
    buy,
    deliver,
    post,
    signed,
)
from devtools.fake_stripe.events import signature

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def event(stripe: Provider, as_buyer: Api) -> dict[str, Any]:
    """That a purchase was paid."""
    stripe.press(buy(as_buyer), "pay")
    (told,) = stripe.events("checkout.session.completed")
    return told


def headers(body: bytes) -> dict[str, str]:
    now = int(time.time())
    good = signature(body, SECRET, now)
    return {
        "none": "",
        "nonsense": "nonsense",
        "no time": good.partition(",")[2],
        "no signature": f"t={now}",
        "another scheme": good.replace("v1=", "v0="),
        "another secret": signature(body, "whsec_other", now),
        "an empty secret": signature(body, "", now),
        "another time": good.replace(f"t={now}", f"t={now + 1}"),
        "another body": signature(body + b" ", SECRET, now),
        "six minutes old": signature(body, SECRET, now - 360),
        "a year old": signature(body, SECRET, now - 365 * 86_400),
        "no number": good.replace(f"t={now}", "t=soon"),
        "cut off": good[:-1],
        "not in ASCII": f"t={now},v1=é",
    }


@pytest.mark.parametrize("case", headers(b""))
def test_it_is_refused(event: dict[str, Any], case: str) -> None:
    body, _ = signed(event)
    before = ledger.snapshot()
    assert post(body, headers(body)[case]).refusal == (400, "INVALID_SIGNATURE")
    assert ledger.snapshot() == before
    assert not PaymentEvent.objects.exists()
    assert Purchase.objects.get().status == "pending"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"nonsense", b"[]", b"null", b"{}", b"\xff\xfe"),
        *(b'{"id": 7, "data": {"object": {}}, "created": 1, "type": "x"}',),
        *(b'{"id": "e", "data": {"object": []}, "created": 1, "type": "x"}',),
        *(b'{"id": "e", "data": {"object": {}}, "created": 1e30, "type": "x"}',),
        b'{"id": "' + b"e" * 101 + b'", "data": {"object": {}}, "created": 1, "type": "x"}',
    ],
)
def test_what_is_no_event_is_refused(stripe: Provider, body: bytes) -> None:
    header = signature(body, SECRET, int(time.time()))
    assert post(body, header).refusal == (400, "INVALID_SIGNATURE")


def test_it_may_be_some_minutes_old(event: dict[str, Any]) -> None:
    assert deliver(event, age=240).status == 200
    assert Purchase.objects.get().status == "paid"
    # The same once more, signed anew.
    assert deliver(event).data == {"received": True}
    ledger.assert_right()


def test_a_clock_that_goes_before_ours_does_no_harm(event: dict[str, Any]) -> None:
    assert deliver(event, age=-3600).status == 200
    assert Purchase.objects.get().status == "paid"


def test_secrets_can_be_changed(event: dict[str, Any], settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]
    assert deliver(event, secret="whsec_new").status == 200
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert deliver(event).refusal == (400, "INVALID_SIGNATURE")


def test_what_an_event_says_is_not_believed(
    stripe: Provider, as_buyer: Api, event: dict[str, Any]
) -> None:
    """Whoever had the secret could not give tokens away: the provider is asked."""
    other = buy(as_buyer)
    of_other = {"client_reference_id": other.gateway_reference}
    lies = json.loads(json.dumps(event))
    lies["id"], lies["data"]["object"] = "evt_lie", {**lies["data"]["object"], **of_other}
    assert deliver(lies).status == 200
    lies["id"], lies["data"]["object"]["id"] = "evt_lie_2", other.session_id
    assert deliver(lies).status == 200
    other.refresh_from_db()
    assert other.status == "pending"
    ledger.assert_right()


def test_events_of_other_things_are_taken(stripe: Provider, event: dict[str, Any]) -> None:
    for number, thing in enumerate(
        [
            {"object": "customer", "id": "cus_1"},
            {"object": "checkout.session", "id": "cs_1", "client_reference_id": "nobody's"},
            {"object": "checkout.session", "id": "cs_1", "client_reference_id": None},
        ]
    ):
        told = {**event, "id": f"evt_{number}", "data": {"object": thing}}
        assert deliver(told).status == 200
    assert Purchase.objects.get().status == "pending"


def test_while_the_provider_is_away_it_is_to_send_again(
    stripe: Provider, event: dict[str, Any]
) -> None:
    stripe.fail("lost_request", "/v1/checkout/sessions/*")
    assert deliver(event).refusal == (503, "SERVICE_UNAVAILABLE")
    assert not PaymentEvent.objects.exists()
    assert deliver(event).status == 200
    assert Purchase.objects.get().status == "paid"


def test_without_stripe_there_is_no_such_address(as_anyone: Api) -> None:
    assert as_anyone.post(WEBHOOK, {}).status == 404
