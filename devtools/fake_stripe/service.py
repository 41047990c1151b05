"""One request of the API from its headers to its answer, without HTTP."""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import dataclass
from email.message import Message

# Their endpoints register themselves.
from devtools.fake_stripe import books, checkout, connect, payments, readings, refunds, transfers
from devtools.fake_stripe.calls import Call, answer
from devtools.fake_stripe.errors import (
    AccountError,
    ApiError,
    AuthenticationError,
    RateLimitError,
    ServerError,
)
from devtools.fake_stripe.events import Sender
from devtools.fake_stripe.faults import Fault, Faults
from devtools.fake_stripe.forms import parse_form
from devtools.fake_stripe.idempotency import Keys
from devtools.fake_stripe.state import PLATFORM, State, Thing

MODULES = (connect, payments, readings, refunds)


class ConnectionLostError(Exception):
    """The client is to get no answer."""


@dataclass
class Answer:
    """Status, headers and JSON of an answer of the API."""

    status: int
    body: Thing
    headers: dict[str, str]


class Service:
    """The provider: its state, the keys it keeps, the faults that are planned."""

    def __init__(self, url: str) -> None:
        self.state = State(url)
        self.state.due += [books.settle, checkout.expire_due, transfers.pay_due]
        self.keys = Keys(self.state)
        self.faults = Faults()
        self.sender = Sender(self.state)

    def answer(self, method: str, path: str, text: str, headers: Message) -> Answer:
        """Answer a request. ``text`` is its query or body. Raises ConnectionLostError."""
        said = {"Request-Id": self.state.new_id("req")}
        try:
            _check_key(headers.get("Authorization", ""))
            account = self._account(headers)
            with self.state.lock:
                fault = self.faults.take(method, path)
            if fault.kind == "rate_limit":
                raise RateLimitError(
                    "Too many requests hit the API too quickly.", code="rate_limit"
                )
            if fault.kind == "lost_request":
                raise ConnectionLostError
            key = headers.get("Idempotency-Key") if method == "POST" else None
            params = parse_form(text)
            note = {"id": said["Request-Id"], "idempotency_key": key}
            call = Call(self.state, params, account, note)
            if key is None:
                status, body, _ = self._act(call, method, path, fault)
            else:
                said["Idempotency-Key"] = key
                status, body = self._act_once(call, method, path, fault, key, said)
        except ApiError as error:
            status, body = error.status, error.body()
        if status >= 400:
            body["error"].setdefault("request_log_url", f"{self.state.url}/{said['Request-Id']}")
        return Answer(status, body, said)

    def _act_once(
        self, call: Call, method: str, path: str, fault: Fault, key: str, said: dict[str, str]
    ) -> tuple[int, Thing]:
        request = (method, path, json.dumps(call.params, sort_keys=True))
        with self.state.lock:
            claim = self.keys.claim(call.account, key, request)
        if not callable(claim):
            said["Idempotent-Replayed"] = "true"
            return claim
        lost: ConnectionLostError | None = None
        try:
            status, body, is_kept = self._act(call, method, path, fault)
        except _AnswerLostError as error:
            status, body, is_kept = error.status, error.body, error.is_kept
            lost = error
        except BaseException:
            with self.state.lock:
                claim(500, {}, False)
            raise
        with self.state.lock:
            claim(status, body, is_kept)
        if lost is not None:
            raise lost
        return status, body

    def _act(self, call: Call, method: str, path: str, fault: Fault) -> tuple[int, Thing, bool]:
        """Status, body, and whether a key keeps them."""
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        try:
            if fault.kind == "api_error":
                raise ServerError("An unknown error occurred")
            with self.state.lock:
                self.state.run_due()
                body = answer(call, method, path)
            if fault.kind == "late_api_error":
                raise ServerError("An unknown error occurred")
            status, is_kept = 200, True
        except ApiError as error:
            status, body, is_kept = error.status, error.body(), error.is_kept
        if fault.kind == "slow_answer":
            time.sleep(fault.seconds)
        if fault.kind == "lost_answer":
            raise _AnswerLostError(status, body, is_kept)
        return status, body, is_kept

    def _account(self, headers: Message) -> str:
        given = headers.get("Stripe-Account")
        if not given:
            return PLATFORM
        with self.state.lock:
            account = self.state.find(given)
        if account is None or account["object"] != "account":
            raise AccountError(
                f"The provided key does not have access to account '{given}' (or that account does "
                "not exist).",
                code="account_invalid",
            )
        return given


class _AnswerLostError(ConnectionLostError):
    def __init__(self, status: int, body: Thing, is_kept: bool) -> None:
        super().__init__()
        self.status, self.body, self.is_kept = status, body, is_kept


def _check_key(authorization: str) -> None:
    """Raise AuthenticationError unless it is a secret key of the test mode."""
    scheme, _, key = authorization.partition(" ")
    if scheme == "Basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if not key:
        raise AuthenticationError("You did not provide an API key.")
    if not key.startswith(("sk_test_", "rk_test_")):
        # Never the key itself: whoever confused the two has it in a log otherwise.
        raise AuthenticationError("Invalid API Key provided. This server takes test keys alone.")
