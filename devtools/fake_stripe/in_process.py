"""The provider without a server: for tests that ask it thousands of times."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

import stripe

from devtools.fake_stripe.control import control
from devtools.fake_stripe.pages import press
from devtools.fake_stripe.service import ConnectionLostError, Service
from devtools.fake_stripe.state import Thing

URL = "http://in-process.test"


class InProcessStripe(stripe.HTTPClient):
    """What stripe-python calls instead of a server, with the pages and the control door beside."""

    name = "in-process"

    def __init__(self) -> None:
        super().__init__()
        self.service = Service(URL)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        parts, said = urlsplit(url), Message()
        for name, value in (headers or {}).items():
            said[name] = value
        text = post_data or "" if method == "post" else parts.query
        try:
            answer = self.service.answer(method.upper(), parts.path, text, said)
        except ConnectionLostError as error:
            lost = stripe.APIConnectionError("The connection was lost.")  # type: ignore[no-untyped-call]
            raise lost from error
        return json.dumps(answer.body), answer.status, answer.headers

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside has never happened afterwards."""
        state, keys = self.service.state, self.service.keys
        names = ("_things", "_owners", "_hidden", "next_refund")
        with state.lock:
            before = copy.deepcopy({name: getattr(state, name) for name in names})
            kept = dict(keys._kept)
        try:
            yield
        finally:
            with state.lock:
                vars(state).update(before)
                keys._kept = kept

    def close(self) -> None:
        """There is nothing to close."""

    def act(self, door: str, **given: Any) -> Thing:
        return control(self.service, "POST", door, given)

    def press(self, url: str, button: str) -> None:
        with self.service.state.lock:
            press(self.service.state, urlsplit(url).path, button)

    def events(self) -> list[Thing]:
        return list(self.service.state.all("event", owner=None))
