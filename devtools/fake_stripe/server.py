"""The HTTP server: a thread for each connection, and one that sends webhooks."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from devtools.fake_stripe.control import control
from devtools.fake_stripe.errors import ApiError, InvalidParameterError
from devtools.fake_stripe.pages import Page, press, show
from devtools.fake_stripe.service import ConnectionLostError, Service
from devtools.fake_stripe.state import Thing

_MOST_BYTES = 1_000_000
_IDLE_SECONDS = 60


class FakeStripeServer(ThreadingHTTPServer):
    """Listens on loopback; ``port`` 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.service = Service(self.url)

    def serve(self) -> None:
        """Answer until the process ends."""
        threading.Thread(target=self.service.sender.run, daemon=True).start()
        self.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    server: FakeStripeServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # Headers and body are two writes; without this the second waits for the client.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what matters is in the events, and headers have keys."""

    def _serve(self) -> None:
        try:
            self._answer()
        except ConnectionLostError:
            self._drop()
        finally:
            # Reading as well lets happen what is due.
            self.server.service.state.touched.set()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            self.close_connection = True
            self._send_json(413, ApiError("The body is too long.").body())
            return
        try:
            text = self.rfile.read(int(length)).decode()
        except UnicodeDecodeError:
            self._send_json(400, ApiError("The body is not UTF-8.").body())
            return
        if parts.path.startswith("/v1/"):
            given = text if self.command == "POST" else parts.query
            answer = self.server.service.answer(self.command, parts.path, given, self.headers)
            self._send_json(answer.status, answer.body, answer.headers)
        elif parts.path.startswith("/_fake/"):
            self._control(parts.path.removeprefix("/_fake/"), text)
        else:
            self._page(parts.path, text)

    def _control(self, path: str, text: str) -> None:
        try:
            given = json.loads(text or "{}")
            if not isinstance(given, dict):
                raise InvalidParameterError("The body is a JSON object.", param="body")
            self._send_json(200, control(self.server.service, self.command, path, given))
        except ValueError as error:
            self._send_json(400, InvalidParameterError(str(error), param="body").body())
        except ApiError as error:
            self._send_json(error.status, error.body())

    def _page(self, path: str, text: str) -> None:
        state = self.server.service.state
        try:
            with state.lock:
                state.run_due()
                if self.command == "POST":
                    page = press(state, path, parse_qs(text).get("act", [""])[0])
                else:
                    page = show(state, path)
        except ApiError as error:
            page = Page(error.status, error.message)
        headers = {"Content-Type": "text/html; charset=utf-8"}
        if page.location is not None:
            headers["Location"] = page.location
        self._send(page.status, page.html.encode(), headers)

    def _send_json(self, status: int, body: Thing, headers: dict[str, str] | None = None) -> None:
        self._send(
            status,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **(headers or {})},
        )

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            # A key or an address that a client sent must not begin a header of its own.
            self.send_header(name, value.replace("\r", "").replace("\n", ""))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
