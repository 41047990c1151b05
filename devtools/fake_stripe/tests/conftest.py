"""The provider in a process of its own, and stripe-python that talks to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from devtools.fake_stripe.private import PrivateStripe

KEY = "sk_test_of_the_tests"


class Door:
    """The control door, and the browser of a buyer or an artist."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.browser = httpx.Client(base_url=url, timeout=10)

    def post(self, door: str, /, **given: Any) -> Any:
        answer = self.browser.post(f"/_fake/{door}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> list[Any]:
        return self.browser.get(f"/_fake/{path}").json()["data"]

    def press(self, url: str, act: str) -> httpx.Response:
        return self.browser.post(url, data={"act": act})

    def advance(self, seconds: int) -> None:
        self.post("clock", advance=seconds)


class Listener:
    """An address that webhooks are sent to. It answers ``status`` and keeps what it got."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[bytes, str]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((body, self.headers["Stripe-Signature"]))
                self.send_response(listener.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture(scope="session")
def running_provider_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with PrivateStripe(Path(tmp_path_factory.mktemp("stripe"))) as server:
        yield server.url


@pytest.fixture
def door(running_provider_url: str) -> Iterator[Door]:
    made = Door(running_provider_url)
    yield made
    made.post("faults", clear=True)
    made.post("webhooks", held=False)
    made.browser.close()


@pytest.fixture
def api(running_provider_url: str) -> stripe.StripeClient:
    return client(running_provider_url)


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def client(url: str, key: str = KEY, **more: Any) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": url},
        max_network_retries=more.pop("max_network_retries", 0),
        http_client=more.pop("http_client", None) or stripe.RequestsClient(timeout=10),
        **more,
    )


def session_params(amount: int = 1000, currency: str = "usd", **more: Any) -> dict[str, Any]:
    line = {
        "price_data": {
            "currency": currency,
            "unit_amount": amount,
            "product_data": {"name": "Tokens"},
        },
        "quantity": 1,
    }
    return {
        "mode": "payment",
        "line_items": [line],
        "success_url": "http://site.test/done?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://site.test/cancel",
        **more,
    }


def paid_session(
    api: stripe.StripeClient, door: Door, amount: int = 1000, currency: str = "usd", **more: Any
) -> stripe.checkout.Session:
    """A session that the buyer has paid, with its intent expanded."""
    session = api.v1.checkout.sessions.create(session_params(amount, currency, **more))
    assert door.press(str(session.url), "pay").status_code == 303
    return api.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge"]}
    )


def onboarded_account(api: stripe.StripeClient, door: Door, country: str = "US") -> str:
    account = api.v1.accounts.create(
        {"type": "express", "country": country, "capabilities": {"transfers": {"requested": True}}}
    )
    link = api.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://site.test/again",
            "return_url": "http://site.test/back",
        }
    )
    answer = door.press(link.url, "complete")
    assert answer.headers["Location"] == "http://site.test/back"
    return account.id


def code_of(error: pytest.ExceptionInfo[stripe.StripeError]) -> tuple[int | None, str | None]:
    assert error.value.error is not None
    return error.value.http_status, error.value.error.code
