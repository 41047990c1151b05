"""A client that speaks the API's language: JSON in, envelope out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler

from app.models import User


@cache
def _handler(enforce_csrf_checks: bool) -> ClientHandler:
    """One for all clients: to load the middleware takes longer than most requests."""
    handler = ClientHandler(enforce_csrf_checks)
    handler.load_middleware()
    return handler


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None

    @property
    def data(self) -> Any:
        """What is in the envelope of an answer that went well."""
        assert 200 <= self.status < 300, self.content
        assert set(self.body) - {"warnings"} == {"success", "data"}
        assert self.body["success"] is True
        return self.body["data"]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The rows of one page."""
        return self.data["results"]

    @property
    def ids(self) -> list[int]:
        return [row["id"] for row in self.results]

    @property
    def code(self) -> str:
        return self._error["code"]

    @property
    def message(self) -> str:
        return self._error["message"]

    @property
    def details(self) -> dict[str, Any]:
        return self._error["details"]

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of an error that has the contract's shape."""
        return self.status, self.code

    @property
    def _error(self) -> dict[str, Any]:
        assert self.status >= 400, self.content
        assert self.headers["Content-Type"] == "application/json"
        assert set(self.body) == {"success", "error"}, self.body
        assert self.body["success"] is False
        assert {"code", "message"} <= set(self.body["error"]) <= {"code", "message", "details"}
        assert self.body["error"]["message"]
        return self.body["error"]


class Api:
    """``user`` at a browser with a session, or whoever the headers say."""

    def __init__(
        self, user: User | None = None, *, enforce_csrf_checks: bool = False, **headers: str
    ) -> None:
        self.http = Client(
            enforce_csrf_checks=enforce_csrf_checks,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            raise_request_exception=False,
        )
        self.http.handler = _handler(enforce_csrf_checks)
        if user is not None:
            self.http.force_login(user)

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, data=query)

    def follow_link(self, link: str) -> Answer:
        """GET a link of an answer, such as ``next``."""
        parts = urlsplit(link)
        return self.call("GET", f"{parts.path}?{parts.query}")

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.send("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.send("PATCH", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.send("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.call("DELETE", path, **options)

    def upload(self, path: str, form: dict[str, Any], **options: Any) -> Answer:
        """POST ``form``, which may hold files, as multipart/form-data."""
        return self.call("POST", path, data=form, **options)

    def send(self, method: str, path: str, body: Any, **options: Any) -> Answer:
        options.setdefault("content_type", "application/json")
        text = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
        return self.call(method, path, data=text, **options)

    def call(self, method: str, path: str, **options: Any) -> Answer:
        """One request; within a test's transaction, a failure undoes what a failure undoes."""
        ask = getattr(self.http, method.lower())
        if connection.in_atomic_block:
            with transaction.atomic():
                response: HttpResponse = ask(path, **options)
        else:
            response = ask(path, **options)
        content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        # All times end in Z.
        assert b"+00:00" not in content
        return Answer(response.status_code, response.headers, content)

    def twin(self) -> Api:
        """The same person in another window, to be used by another thread."""
        twin = Api()
        twin.http.handler = self.http.handler
        twin.http.defaults = self.http.defaults
        twin.http.cookies = self.http.cookies.copy()
        return twin
