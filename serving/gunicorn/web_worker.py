"""gunicorn's threads, behind a loop that collects requests for them and answers in our shape.

What gunicorn refuses itself it answers in HTML, and a thread of its waits for whoever sends slowly.
"""

from __future__ import annotations

import json
import re
import socket
import time
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ

from gunicorn.http import errors
from gunicorn.http.message import Request
from gunicorn.http.wsgi import Response, default_environ
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.http.addresses import is_for_programs
from app.utils import request_id
from app.utils.error_bodies import refusal_body
from serving.gunicorn.client_socket import ClientSocket, NoTunnel, TooLarge, TooSlow

# The first that fits. Others are of no client's making.
STATUS_OF: tuple[tuple[type[Exception], int], ...] = (
    (errors.InvalidResponseHeader, 500),
    (errors.InvalidResponseHeaderName, 500),
    (errors.ConfigurationProblem, 500),
    (NoTunnel, 405),
    (TooSlow, 408),
    (TooLarge, 413),
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ExpectationFailed, 417),
    (errors.UnsupportedTransferCoding, 501),
    (errors.ParseException, 400),
)
# From then on a connection keeps nobody from being accepted, and is looked at now and then.
SLOW_SECONDS = 0.2
# Of these, in one process.
MAX_SLOW = 1000
# How long a client may take to notice that the connection ends.
LINGER_SECONDS = 2.0
BLOCK = 64 * 1024

# Of a client; "" where it came by a socket in the file system.
Address = tuple[str, int] | str

_TARGET = re.compile(rb"\S+ (?:https?://[^/\s]*)?(/[^?\s]*)")
_REQUEST_ID = re.compile(rb"\r\nx-request-id:[ \t]*([^\r\n]*)", re.IGNORECASE)


class Worker(ThreadWorker):
    """Only requests that are whole get to the threads."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self._collecting: dict[TConn, None] = {}
        self._ending: dict[TConn, float] = {}
        self._slow = 0
        self._looked_at = 0.0

    # --- A request comes in ---------------------------------------------------------------------

    def enqueue_req(self, conn: TConn) -> None:
        """Collect the connection's next request, before a thread gets it."""
        if isinstance(conn.sock, ClientSocket):
            conn.sock.begin(conn.parser.unreader.take_buffered() + conn.sock.rest())
        else:
            conn.sock = ClientSocket(conn.sock)
            # gunicorn would wait for it in a thread.
            conn.data_ready = True
        self._collect(conn)

    def _collect(self, conn: TConn, _: object = None) -> None:
        self._stop_collecting(conn)
        try:
            is_whole = conn.sock.collect()
        except errors.ParseException as error:
            self._refuse(conn, error)
        except (OSError, EOFError):
            self._end(conn)
        else:
            if is_whole:
                super().enqueue_req(conn)
            else:
                self._collecting[conn] = None
                self.poller.register(conn.sock, EVENT_READ, partial(self._collect, conn))

    def _stop_collecting(self, conn: TConn) -> None:
        if conn in self._collecting:
            del self._collecting[conn]
            self.poller.unregister(conn.sock)

    def handle_request(self, req: Request, conn: TConn) -> bool:
        try:
            is_kept: bool = super().handle_request(req, conn)
        finally:
            conn.sock.flush()
        try:
            # gunicorn ends the connection over the rest of a long body. Here all of it has come.
            while is_kept and req.body.read(BLOCK):
                pass
        except (OSError, errors.ParseException):
            return False
        return is_kept

    # --- It has been answered -------------------------------------------------------------------

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        """Go on with the connection's next request, or end it."""
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._end(conn)
        elif conn.sock.has_rest:
            self.enqueue_req(conn)
        else:
            super().finish_request(conn, fs)

    def _end(self, conn: TConn) -> None:
        """Say that nothing more comes, and wait for the client to see it: closed at once, what it
        still sends would make its system throw our answer away. gunicorn waits while all others do.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
        else:
            self._ending[conn] = time.monotonic()
            self.poller.register(conn.sock, EVENT_READ, partial(self._discard, conn))

    def _discard(self, conn: TConn, _: object = None) -> None:
        try:
            is_over = conn.sock.discard()
        except OSError:
            is_over = True
        if is_over:
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        if conn in self._ending:
            del self._ending[conn]
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    # --- Clients that take their time -----------------------------------------------------------

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        is_somebody_slow = self._collecting or self._ending
        super().wait_for_and_dispatch_events(
            min(timeout, SLOW_SECONDS) if is_somebody_slow else timeout
        )

    def set_accept_enabled(self, enabled: bool) -> None:
        """``worker_connections`` counts what keeps the process busy: who is slow does not."""
        busy = self.nr_conns - self._slow - len(self._ending)
        super().set_accept_enabled(enabled or (self.alive and busy < self.worker_connections))

    def murder_pending(self) -> None:
        """Called in each turn of the loop: refuse whoever has not sent all in time."""
        super().murder_pending()
        now = time.monotonic()
        if now - self._looked_at < SLOW_SECONDS:
            return
        self._looked_at = now
        for conn in list(self._collecting):
            try:
                conn.sock.refuse_if_slow(now)
            except TooSlow as error:
                self._stop_collecting(conn)
                self._refuse(conn, error)
                continue
            if not self.alive and not conn.sock.has_begun:
                self._stop_collecting(conn)
                self._end(conn)
        for conn in [one for one, since in self._ending.items() if now - since > LINGER_SECONDS]:
            self._close(conn)
        slow = sum(now - conn.sock.began_at > SLOW_SECONDS for conn in self._collecting)
        self._slow = min(slow, MAX_SLOW)
        if self.alive:
            # gunicorn's loop looks only whether ``nr_conns`` has come below the limit.
            self.set_accept_enabled(False)

    # --- What is no request ---------------------------------------------------------------------

    def _refuse(self, conn: TConn, error: errors.ParseException) -> None:
        if conn.sock.has_begun:
            self.handle_error(None, conn.sock, conn.client, error)
        self._end(conn)

    def handle_error(
        self,
        req: Request | None,
        client: ClientSocket,
        addr: Address,
        exc: BaseException,
    ) -> None:
        """Answer what gunicorn or the application fell over, in the shape of the API's errors."""
        status = _status_of(exc)
        head = bytes(client.head)
        given = _REQUEST_ID.search(head)
        chosen = request_id.choose(given[1].decode("latin-1").strip() if given else None)
        if status == 500:
            self.log.exception("Error handling a request, %s", chosen)
        else:
            # Its text may hold what nobody should read in a log: a query, a cookie.
            self.log.warning("Refused by %d: %s, request %s", status, type(exc).__name__, chosen)
        answer = _answer(status, head, chosen)
        if req is not None:
            self._log_access(req, client, addr, status, chosen)
        try:
            client.send(answer, socket.MSG_DONTWAIT)
        except OSError:
            self.log.debug("The client is gone.")

    def _log_access(
        self,
        req: Request,
        client: ClientSocket,
        addr: Address,
        status: int,
        chosen: str,
    ) -> None:
        environ = default_environ(req, client, self.cfg)
        environ["REMOTE_ADDR"] = addr[0] if addr else ""
        response = Response(req, client, self.cfg)
        response.start_response(f"{status} {_phrase(status)}", [("X-Request-ID", chosen)])
        self.log.access(response, req, environ, timedelta())


def _answer(status: int, head: bytes, chosen: str) -> bytes:
    target = _TARGET.match(head.lstrip(b"\r\n"))
    body = refusal_body(status)
    if target is None or is_for_programs(target[1].decode("latin-1")):
        content_type, content = "application/json", json.dumps(body, separators=(",", ":"))
    else:
        content_type, content = "text/plain; charset=utf-8", f"{body['error']['message']}\n"
    lines = (
        f"HTTP/1.1 {status} {_phrase(status)}",
        "Connection: close",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(content)}",
        "X-Content-Type-Options: nosniff",
        f"X-Request-ID: {chosen}",
    )
    return "\r\n".join([*lines, "", content]).encode("latin-1")


def _status_of(error: BaseException) -> int:
    if isinstance(error, errors.InvalidHTTPVersion):
        # One that can be read is a pair of numbers.
        return 505 if isinstance(error.version, tuple) else 400
    return next((status for kind, status in STATUS_OF if isinstance(error, kind)), 500)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
