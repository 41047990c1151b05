"""One exchange over a raw socket, and what the answer has to look like."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any

SECONDS = 15.0
INTERIM = re.compile(rb"HTTP/1\.1 1\d\d [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n")
HEALTH = (
    b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n"
    b"Connection: close\r\n\r\n"
)


@dataclass(frozen=True)
class Answer:
    """``status`` is None when the connection was closed without one."""

    status: int | None
    headers: dict[str, str]
    body: bytes
    interim: int = 0

    @property
    def code(self) -> str | None:
        """The code of an error in the API's shape; "" where nothing but a status was sent.

        Raises AssertionError for any other shape.
        """
        if self.status is None or self.status < 400:
            return None
        if not self.body and "content-type" not in self.headers:
            return ""
        assert self.headers["content-type"] == "application/json", self
        body = json.loads(self.body)
        assert set(body) == {"success", "error"}, body
        assert body["success"] is False
        assert set(body["error"]) in ({"code", "message"}, {"code", "message", "details"}), body
        assert body["error"]["message"]
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", self.headers["x-request-id"]), self
        return str(body["error"]["code"])


class Wire:
    """A connection to ``port`` on which every wait has an end."""

    def __init__(self, port: int, seconds: float = SECONDS) -> None:
        self.deadline = monotonic() + seconds
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._received = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, raw: bytes) -> None:
        """Send all of it, or as much as the other side takes: it may have answered already."""
        self.socket.settimeout(self._seconds_left())
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(raw)

    def end_sending(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def receive(self) -> Answer:
        """The next final answer. Raises TimeoutError."""
        interim = 0
        while True:
            head = self._until(b"\r\n\r\n")
            if head is None:
                return Answer(None, {}, self._received, interim)
            if not INTERIM.fullmatch(head):
                break
            interim += 1
        status_line, *lines = head[:-4].decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs), f"A header is given twice: {lines}"
        status = int(status_line.split(" ")[1])
        return Answer(status, headers, self._body(status, headers), interim)

    def is_told_to_go_on(self) -> bool:
        """Whether the next thing is an answer 100 Continue, and nothing else comes with it."""
        head = self._until(b"\r\n\r\n")
        return head is not None and head.startswith(b"HTTP/1.1 100 ") and not self._received

    def is_answered(self, seconds: float) -> bool:
        """Whether something is there within ``seconds``, or the connection's end."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def is_closed(self, seconds: float = 4.0) -> bool:
        """Whether the other side ends the connection within ``seconds``, with nothing more said."""
        if self._received:
            return False
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status in (204, 304):
            return b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                line = self._until(b"\r\n")
                assert line, "The body ended in the middle"
                part = self._exactly(int(line, 16) + 2)
                if part == b"\r\n":
                    return body
                body += part[:-2]
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        while self._more():
            pass
        body, self._received = self._received, b""
        return body

    def _until(self, end: bytes) -> bytes | None:
        while end not in self._received:
            if not self._more():
                return None
        part, _, self._received = self._received.partition(end)
        return part + end

    def _exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            assert self._more(), "The body ended in the middle"
        part, self._received = self._received[:size], self._received[size:]
        return part

    def _more(self) -> bool:
        self.socket.settimeout(self._seconds_left())
        try:
            part = self.socket.recv(1 << 16)
        except ConnectionError:
            return False
        self._received += part
        return bool(part)

    def _seconds_left(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError("No answer in time")
        return left


def described(answer: Answer) -> dict[str, Any]:
    """An answer for the message of a failed test."""
    return {"status": answer.status, "headers": answer.headers, "body": answer.body[:300]}
