"""The WSGI application as Granian serves it: logged, and answered in one piece where it can be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from django.http import HttpResponse

from app.utils.error_bodies import generic_body
from serving import access_log
from serving.bodies import refuse_body

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

STDOUT = 1
# nginx and gunicorn take no longer ones either.
LARGEST_HEADER = 8190
log = structlog.get_logger(__name__)


class Served:
    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began_at = perf_counter()
        answer = _Answer(start_response)
        if status := _refused(environ):
            refuse_body(environ, status)
        asked = environ["PATH_INFO"]
        body: Iterable[bytes]
        try:
            body = _in_one_piece(self._application(environ, answer))
        except Exception:
            log.exception("request_failed", path=environ.get("PATH_INFO"))
            body = _failed(answer)
        # Django has put its own reading there, which may be no Latin-1 as a server's is.
        environ["PATH_INFO"] = asked
        sent = sum(map(len, body)) if isinstance(body, list) else answer.length
        line = access_log.line(
            environ,
            status=answer.status,
            headers=answer.headers,
            sent=sent,
            seconds=perf_counter() - began_at,
        )
        # In one write, so that the lines of several threads and processes do not mix.
        # On a full disk the answer is worth more than its line.
        with suppress(OSError):
            os.write(STDOUT, f"{line}\n".encode())
        return body


class _Answer:
    """A ``start_response`` that remembers what it was told."""

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self.status = 500
        self.headers: list[tuple[str, str]] = []

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None
    ) -> Callable[[bytes], object]:
        self.status, self.headers = int(status[:3]), headers
        return self._start_response(status, headers, exc_info)

    @property
    def length(self) -> int:
        """What Content-Length says, 0 where it says nothing."""
        return next((int(v) for name, v in self.headers if name.lower() == "content-length"), 0)


def _refused(environ: WSGIEnvironment) -> int:
    """The status of a request that Granian lets through and we do not; 0 for any other."""
    if not environ["PATH_INFO"].startswith("/"):
        # CONNECT, and OPTIONS of "*".
        environ["PATH_INFO"] = "/api"
        return 405 if environ["REQUEST_METHOD"] == "CONNECT" else 400
    if any(len(v) > LARGEST_HEADER for name, v in environ.items() if name.startswith("HTTP_")):
        return 431
    # Granian gives a body in chunks that breaks off as if it were whole. nginx collects such a
    # body and sends its length.
    return 411 if "HTTP_TRANSFER_ENCODING" in environ else 0


def _in_one_piece(response: Iterable[bytes]) -> Iterable[bytes]:
    """Django's answer as a list, which Granian sends without iterating; a stream as it is."""
    if not isinstance(response, HttpResponse):
        return response
    content = response.content
    # Ends the request: signals, the database connection's health.
    response.close()
    return [content]


def _failed(answer: _Answer) -> list[bytes]:
    content = json.dumps(generic_body(500), separators=(",", ":")).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    answer("500 Internal Server Error", headers)
    return [content]
