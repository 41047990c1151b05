"""The provider as tests use it: what buyers, banks and staff do there, and its events."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from app.models import Purchase
from app.tests.api import Answer, Api
from devtools.fake_stripe.events import signature

KEY = "sk_test_s3kr1t_of_the_tests"
SECRET = "whsec_s3kr1t_of_the_tests"
WEBHOOK = "/api/payments/stripe/webhook"


class Provider:
    """A fake Stripe that runs as a process of its own. Its events are delivered by hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=10)
        self.forget()

    def act(self, door: str, **given: Any) -> Any:
        answer = self._http.post(f"/_fake/{door}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fail(self, kind: str, path: str = "*", **given: Any) -> None:
        """The next request to ``path`` meets trouble."""
        self.act("faults", kind=kind, path=path, **given)

    def call(self, method: str, path: str, **data: Any) -> Any:
        """The API, as staff use it."""
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = self._http.request(method, path, headers=headers, data=data or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def press(self, purchase: Purchase | str, act: str) -> None:
        """What the buyer presses on the page of the checkout."""
        url = purchase if isinstance(purchase, str) else purchase.checkout_url
        assert self._http.post(url, data={"act": act}).status_code in (200, 303)

    def session_of(self, purchase: Purchase) -> dict[str, Any]:
        listed = self.call("GET", "/v1/checkout/sessions?limit=100")["data"]
        found: list[dict[str, Any]] = [
            each for each in listed if each["client_reference_id"] == purchase.gateway_reference
        ]
        assert len(found) == 1
        return found[0]

    def refunds_of(self, purchase: Purchase) -> list[dict[str, Any]]:
        path = f"/v1/refunds?payment_intent={purchase.payment_id}"
        found: list[dict[str, Any]] = self.call("GET", path)["data"]
        return found

    def dispute(self, purchase: Purchase) -> str:
        """The buyer's bank takes the payment back. Returns the dispute's id."""
        intent = self.call("GET", f"/v1/payment_intents/{purchase.payment_id}")
        opened: str = self.act("disputes", charge=intent["latest_charge"])["id"]
        return opened

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """Since the test began, oldest first; only those whose type begins so."""
        events = self._events()[self._seen :]
        return [each for each in events if not kinds or each["type"].startswith(kinds)]

    def forget(self) -> None:
        """Let the test begin now, for its events."""
        self._seen = len(self._events())

    def deliver(self, *kinds: str) -> None:
        for event in self.events(*kinds):
            assert deliver(event).status == 200

    def _events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/_fake/events").json()["data"]
        return found

    def close(self) -> None:
        self.act("faults", clear=True)
        self._http.close()


def signed(event: dict[str, Any], *, secret: str = SECRET, age: int = 0) -> tuple[bytes, str]:
    body = json.dumps(event).encode()
    return body, signature(body, secret, int(time.time()) - age)


def post(body: bytes, header: str) -> Answer:
    return Api().call(
        "post",
        WEBHOOK,
        data=body,
        content_type="application/json",
        headers={"Stripe-Signature": header},
    )


def deliver(event: dict[str, Any], **how: Any) -> Answer:
    return post(*signed(event, **how))


def buy(client: Api, amount: int = 500, **options: Any) -> Purchase:
    """A purchase that waits for its payment."""
    order = {"amount": amount, "payment_method": "card"}
    answer = client.post("/api/tokens/purchase", order, **options)
    assert answer.status == 202, answer.body
    return Purchase.objects.get(pk=answer.data["id"])


def bought(stripe: Provider, client: Api, amount: int = 500) -> Purchase:
    """A purchase that is paid, and whose events have all come."""
    purchase = buy(client, amount)
    stripe.press(purchase, "pay")
    stripe.deliver()
    purchase.refresh_from_db()
    assert purchase.status == "paid"
    return purchase
