"""How long a request's body may be, and that it is whole: the same under every web server."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import IO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from app.utils.error_bodies import REFUSED

MEGABYTE = 1024 * 1024
# nginx refuses by the same numbers; a test compares them.
LARGEST_BODY = 8 * MEGABYTE
LARGEST_BODIES = {
    # 100 pictures of 10 MB, and what multipart adds. With or without the trailing slash.
    re.compile(r"/(api/models|api/models/\d+/works|studio/upload|studio/upload/check)/?"): (
        1010 * MEGABYTE
    ),
    # One of them, or one to look up. What is a little larger is told so by its own name.
    re.compile(r"/(uploads/.+|(api/)?verify/?)"): 11 * MEGABYTE,
}
# nginx sets it on every request, and no other server stands before the web processes.
BEHIND_NGINX = "HTTP_X_FORWARDED_PROTO"
_MEMORY = 256 * 1024
_BLOCK = 64 * 1024


def largest_body(path: str) -> int:
    """The most bytes that a request to ``path`` may carry."""
    for pattern, limit in LARGEST_BODIES.items():
        if pattern.fullmatch(path):
            return limit
    return LARGEST_BODY


class WholeBodies:
    """WSGI around Django, which reads as many bytes as Content-Length says and asks no questions.

    A body in chunks gets its length here. One that is too long, or whose length cannot be known,
    is not read: ``REFUSED`` is set. One that ends early is an OSError to whoever reads it.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if REFUSED in environ:
            return self.application(environ, start_response)
        if "*" in environ.get("CONTENT_TYPE", "").partition(";")[2]:
            # Parameters in an encoding of their own (RFC 8187), at which Django's request breaks.
            environ["CONTENT_TYPE"] = ""
            refuse_body(environ, 400)
            return self.application(environ, start_response)
        if coding := environ.get("HTTP_TRANSFER_ENCODING"):
            with tempfile.SpooledTemporaryFile(_MEMORY) as spooled:
                self._read_chunks(environ, coding, spooled)
                return self.application(environ, start_response)
        if environ.get("CONTENT_LENGTH"):
            self._guard(environ)
        body = environ["wsgi.input"]
        answer = self.application(environ, start_response)
        if isinstance(body, _Whole) and BEHIND_NGINX in environ:
            body.read_rest()
        return answer

    def _read_chunks(self, environ: WSGIEnvironment, coding: str, spooled: IO[bytes]) -> None:
        if coding.strip().lower() != "chunked":
            refuse_body(environ, 501)
            return
        limit = largest_body(environ.get("PATH_INFO", ""))
        size = 0
        while block := environ["wsgi.input"].read(_BLOCK):
            size += len(block)
            if size > limit:
                refuse_body(environ, 413)
                return
            spooled.write(block)
        spooled.seek(0)
        del environ["HTTP_TRANSFER_ENCODING"]
        environ["CONTENT_LENGTH"] = str(size)
        environ["wsgi.input"] = spooled

    def _guard(self, environ: WSGIEnvironment) -> None:
        given = environ["CONTENT_LENGTH"]
        if not (given.isascii() and given.isdigit()):
            refuse_body(environ, 400)
        elif len(given) > 15 or int(given) > largest_body(environ.get("PATH_INFO", "")):
            refuse_body(environ, 413)
        elif int(given):
            environ["wsgi.input"] = _Whole(environ["wsgi.input"], int(given))


class _Whole:
    """A body of which all has to come."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self._missing = length

    def read(self, size: int = -1) -> bytes:
        """As many bytes as are asked for, even where the server gives fewer at a time."""
        parts = []
        wanted = self._within(size)
        while wanted:
            parts.append(self._counted(self._stream.read(wanted)))
            wanted -= len(parts[-1])
        return b"".join(parts)

    def readline(self, size: int = -1) -> bytes:
        wanted = self._within(size)
        return self._counted(self._stream.readline(wanted)) if wanted else b""

    def _within(self, size: int) -> int:
        return self._missing if size < 0 else min(size, self._missing)

    def _counted(self, part: bytes) -> bytes:
        if not part:
            raise OSError("The body is shorter than its Content-Length.")
        self._missing -= len(part)
        return part

    def read_rest(self) -> None:
        """Throw away what nobody read. nginx has all of it, so there is no waiting for a client.

        Where a connection is closed with bytes unread, the system resets it, and nginx may lose
        the answer: a client would be told 503 where it was told what is wrong.
        """
        with suppress(OSError):
            while self._missing:
                self._counted(self._stream.read(min(self._missing, MEGABYTE)))


def refuse_body(environ: WSGIEnvironment, status: int) -> None:
    """Have the application answer ``status`` without reading the body."""
    environ[REFUSED] = status
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = "0"
    environ["wsgi.input"] = io.BytesIO()
