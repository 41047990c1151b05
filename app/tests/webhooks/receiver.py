"""A real server that receives webhooks, on a socket of this machine."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from standardwebhooks.webhooks import Webhook

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> dict[str, object]:
        """What it says, once the published library has found the signature good."""
        said: dict[str, object] = Webhook(secret).verify(self.body, self.headers)
        return said


def answering(status: str, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


@dataclass
class Receiver:
    """Answers with ``answer``: bytes, or what to do with the connection."""

    host: str = "127.0.0.1"
    at: int = 0  # a port; 0 for a free one
    tls: ssl.SSLContext | None = None
    answer: bytes | Callable[[socket.socket], None] = OK
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.create_server((self.host, self.at), backlog=200)
        self._changed = threading.Condition()
        self._at_once = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}/hooks"

    def wait_for(self, count: int, seconds: float = PATIENCE_SECONDS) -> list[Received]:
        """The first ``count`` messages, which may still be on their way."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, seconds), (
                f"{len(self.received)} of {count} messages came"
            )
            return list(self.received)

    def close(self) -> None:
        # Or the thread that waits for a connection would still take one.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_SECONDS)
        with self._changed:
            self.connections += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            with (
                connection
                if self.tls is None
                else self.tls.wrap_socket(connection, server_side=True) as talk
            ):
                received = _read(talk)
                with self._changed:
                    self.received.append(received)
                    self._changed.notify_all()
                if callable(self.answer):
                    self.answer(talk)
                else:
                    talk.sendall(self.answer)
        except OSError:
            return
        finally:
            connection.close()
            with self._changed:
                self._at_once -= 1


def _read(connection: socket.socket) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in lines)
    while len(body) < int(headers.get("content-length", 0)):
        body += _some(connection)
    return Received(first.split()[1], headers, body)


def _some(connection: socket.socket) -> bytes:
    block = connection.recv(65536)
    if not block:
        raise OSError("closed")
    return block


@contextmanager
def receiving(**options: object) -> Iterator[Receiver]:
    receiver = Receiver(**options)  # type: ignore[arg-type]
    try:
        yield receiver
    finally:
        receiver.close()
