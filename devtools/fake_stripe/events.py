"""Events, and their signed deliveries to webhook endpoints."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from devtools.fake_stripe.state import PLATFORM, State, Thing

API_VERSION = "2026-10-28.endive"
RETRY_AFTER = (60, 300, 1800, 7200, 18_000, 36_000, 43_200)
"""Seconds of the provider's clock from one attempt of a delivery to the next."""
_TIMEOUT = 10.0


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_NoRedirect)


def emit(
    state: State,
    kind: str,
    thing: Thing,
    *,
    owner: str = PLATFORM,
    before: Thing | None = None,
    request: Thing | None = None,
) -> Thing:
    """Note that something happened to ``thing``, as it is now; endpoints that listen are told.

    ``before`` holds the fields that changed, as they were.
    """
    data: Thing = {"object": copy.deepcopy(thing)}
    if before is not None:
        data["previous_attributes"] = before
    event: Thing = {
        "id": state.new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": state.now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": request or {"id": None, "idempotency_key": None},
        "type": kind,
    }
    if owner != PLATFORM:
        event["account"] = owner
    state.add(event, owner=owner)
    for endpoint in state.all("webhook_endpoint"):
        listens = {"*", kind} & set(endpoint["enabled_events"])
        connect = state.hidden(endpoint)["connect"]
        if listens and endpoint["status"] == "enabled" and connect == (owner != PLATFORM):
            event["pending_webhooks"] += 1
            delivery = {
                "id": state.new_id("dlv"),
                "object": "delivery",
                "event": event["id"],
                "type": kind,
                "endpoint": endpoint["id"],
                "state": "pending",
                "next_at": state.now(),
                "attempts": [],
            }
            state.add(delivery)
    state.changed.notify_all()
    return event


def signature(payload: bytes, secret: str, timestamp: int) -> str:
    """The header Stripe-Signature."""
    signed = f"{timestamp}.".encode() + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def send(
    state: State, delivery: Thing, *, timestamp: int | None = None, secret: str | None = None
) -> int | None:
    """Post a delivery now, whatever its state; the status of the answer, None without one.

    The caller must not hold the lock.
    """
    with state.lock:
        event = state.find(delivery["event"])
        endpoint = state.find(delivery["endpoint"])
        if event is None or endpoint is None:
            raise LookupError(delivery["id"])
        payload = json.dumps(event, indent=2).encode()
        url = endpoint["url"]
        secret = secret or state.hidden(endpoint)["secret"]
        timestamp = state.now() if timestamp is None else timestamp
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(payload, secret, timestamp),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    status: int | None
    try:
        # The scheme was checked when the endpoint was made.
        request = Request(url, data=payload, headers=headers, method="POST")  # noqa: S310
        with _opener.open(request, timeout=_TIMEOUT) as answer:
            status = answer.status
    except HTTPError as error:
        status = error.code
        error.close()
    except OSError:
        status = None
    with state.lock:
        _note(state, delivery, event, status)
    state.touched.set()
    return status


def _note(state: State, delivery: Thing, event: Thing, status: int | None) -> None:
    delivery["attempts"].append({"at": state.now(), "status": status})
    if delivery["state"] == "delivered":
        return
    if status is not None and 200 <= status < 300:
        delivery |= {"state": "delivered", "next_at": None}
        event["pending_webhooks"] -= 1
    elif len(delivery["attempts"]) > len(RETRY_AFTER):
        delivery |= {"state": "failed", "next_at": None}
    elif delivery["state"] == "pending":
        delivery["next_at"] = state.now() + RETRY_AFTER[len(delivery["attempts"]) - 1]


class Sender:
    """Posts what is due, one after the other, while it is not held."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.is_held = False

    def run(self) -> None:
        """For a thread of its own; never returns."""
        while True:
            with self.state.changed:
                delivery = self._next_due()
                if delivery is None:
                    self.state.changed.wait(timeout=0.2)
                    continue
            send(self.state, delivery)

    def _next_due(self) -> Thing | None:
        if self.is_held:
            return None
        now = self.state.now()
        return next(
            (
                delivery
                for delivery in self.state.all("delivery")
                if delivery["state"] == "pending" and delivery["next_at"] <= now
            ),
            None,
        )
