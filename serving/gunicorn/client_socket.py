"""A client's socket that is read ahead of the thread which will answer.

Whoever sends slowly keeps a socket and some disk busy, and no thread.
"""

from __future__ import annotations

import errno
import io
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from gunicorn.http.errors import (
    InvalidRequestLine,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)

from serving.bodies import largest_body

# What comes in, as long as it is not whole, is refused for its age.
HEAD_SECONDS = 10.0
PAUSE_SECONDS = 30.0
# On average, once the pause would be over.
LEAST_BYTES_A_SECOND = 1000
# How long one write may take, so that nobody who reads nothing keeps a thread.
SEND_SECONDS = 10.0

# nginx has room for as much.
LARGEST_LINE = 8 * 1024
LARGEST_HEAD = 40 * 1024
_MEMORY = 256 * 1024
_BLOCK = 64 * 1024
# Of one client, before others have their turn.
_BLOCKS_AT_ONCE = 16

_LINE = re.compile(rb"(?:\r\n)?\S+ (?:https?://[^/\s]*)?(\S*) HTTP/\d\.\d\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_NO_TEXT = re.compile(rb"[^ -~]")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")


class TooSlow(ParseException):
    """Not whole in time."""


class TooLarge(ParseException):
    """A body of more than its address takes."""


class NoTunnel(ParseException):
    """This is no proxy."""


class ClientSocket(socket.socket):
    """Takes over an accepted socket.

    ``collect`` reads what has come, and says when a thread can read a request without waiting. The
    thread reads that by ``recv``, and nothing else: what the client sends later is for ``collect``.
    Nothing is judged here that the server's own parser judges: what looks odd is handed to it.

    What the thread answers is kept by ``sendall`` until ``flush``, so that head and body are one
    packet. No call changes whether the socket blocks: the server changes it six times a request,
    and each is a system call.
    """

    def __init__(self, accepted: socket.socket) -> None:
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, protocol, fileno=accepted.detach())
        super().setblocking(True)
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self.begin(b"")

    def begin(self, first: bytes) -> None:
        """Expect the next request, of which ``first`` has come already."""
        self._collected: IO[bytes] = io.BytesIO()
        self.began_at = self._came_at = time.monotonic()
        self.head = bytearray()
        self._body: _Body | _Chunks | None = None
        self._size = 0
        self._is_read = False
        self._end = 0
        self._first = first
        self._is_whole = False

    @property
    def has_begun(self) -> bool:
        return self._size > 0

    def collect(self) -> bool:
        """Read what there is. Whether a thread may go on.

        Raises EOFError and ConnectionError when the client is gone, ParseException for what is to
        be refused.
        """
        for _ in range(_BLOCKS_AT_ONCE):
            if self._is_whole:
                break
            try:
                part = self._first or super().recv(_BLOCK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            if not part:
                raise EOFError
            self._first = b""
            self._came_at = time.monotonic()
            self._is_whole = self._take(part)
        if self._is_whole:
            self._end = self._collected.tell()
            self._collected.seek(0)
            self._is_read = True
        return self._is_whole

    def refuse_if_slow(self, now: float) -> None:
        """Raises TooSlow."""
        age = now - self.began_at
        if self._body is None:
            is_slow = age > HEAD_SECONDS
        else:
            is_slow = now - self._came_at > PAUSE_SECONDS or (
                age > PAUSE_SECONDS and self._size < LEAST_BYTES_A_SECOND * age
            )
        if is_slow:
            raise TooSlow

    # --- What the server's threads call ---------------------------------------------------------

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What was collected, and then the end: a thread never waits for a client. A parser that
        wants more than the collector took for a whole request refuses it."""
        return self._collected.read(size) if self._is_read else b""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        self._unsent.append(data)
        self._unsent_size += len(data)
        if self._unsent_size > _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Send what was kept. Raises BrokenPipeError when the client takes none of it in time."""
        data, self._unsent, self._unsent_size = b"".join(self._unsent), [], 0
        try:
            sent = super().send(data, socket.MSG_DONTWAIT) if data else 0
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            with self._waiting():
                super().sendall(memoryview(data)[sent:])

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        self.flush()
        with self._waiting():
            return super().sendfile(file, offset, count)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """A client who reads nothing for so long is gone, as far as gunicorn has to know."""
        super().settimeout(SEND_SECONDS)
        try:
            yield
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "The client does not read.") from error
        finally:
            super().settimeout(None)

    def shutdown(self, how: int, /) -> None:
        self.flush()
        super().shutdown(how)

    def setblocking(self, flag: bool, /) -> None:
        """Nothing: no thread waits for what comes, and ``flush`` waits as long as it may."""

    def settimeout(self, value: float | None, /) -> None:
        """Nothing, as above."""

    def close(self) -> None:
        super().close()
        self._collected.close()

    @property
    def has_rest(self) -> bool:
        """Whether something has come that nobody has read: the next request's beginning."""
        return self._is_read and self._collected.tell() < self._end

    def rest(self) -> bytes:
        return self._collected.read() if self._is_read else b""

    def discard(self) -> bool:
        """Read what there is for nobody. Whether the client has ended its side. Raises OSError."""
        try:
            return not super().recv(_BLOCK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False

    # --- Where a request ends -------------------------------------------------------------------

    def _take(self, part: bytes) -> bool:
        """Whether with ``part`` the request is whole, or shall be judged as it is."""
        self._size += len(part)
        if self._body is not None:
            self._collected.write(part)
            return self._body.is_over_with(part)
        begin = max(0, len(self.head) - 3)
        self.head += part
        end = self.head.find(b"\r\n\r\n", begin)
        line = _LINE.match(self.head)
        if line is None and (b"\n" in self.head.removeprefix(b"\r\n") or end >= 0):
            return self._hand_over()
        if line is None and _NO_TEXT.search(self.head.strip(b"\r\n")):
            raise InvalidRequestLine("no text")
        if line is None and len(self.head) > LARGEST_LINE:
            raise LimitRequestLine(len(self.head), LARGEST_LINE)
        if end > LARGEST_HEAD or (end < 0 and len(self.head) > LARGEST_HEAD):
            raise LimitRequestHeaders("head")
        if end >= 0:
            assert line is not None
            return self._begin_body(line[1], end + 4)
        if self.head.count(b"\n") != self.head.count(b"\r\n"):
            return self._hand_over()
        return False

    def _begin_body(self, target: bytes, end: int) -> bool:
        if self.head.startswith(b"CONNECT "):
            raise NoTunnel
        lowered = self.head.lower()
        if b"\ncontent-length" not in lowered and b"\ntransfer-encoding" not in lowered:
            return self._hand_over()
        head, body = bytes(self.head[: end - 2]), bytes(self.head[end:])
        lengths, is_chunked = _LENGTH.findall(head), _CODING.search(head)
        if len(lengths) > 1 or (lengths and is_chunked) or not (lengths or is_chunked):
            return self._hand_over()
        limit = largest_body(target.partition(b"?")[0].decode("latin-1"))
        self._body = _Chunks(limit) if is_chunked else _Body(int(lengths[0][:18]), limit)
        is_over = self._body.is_over_with(body)
        # It is answered here, where it is known whether the body is wanted.
        head, expected = _EXPECT.subn(b"", head)
        if expected and not is_over and not body:
            super().send(b"HTTP/1.1 100 Continue\r\n\r\n", socket.MSG_DONTWAIT)
        if not is_over:
            self._collected = tempfile.SpooledTemporaryFile(_MEMORY)  # noqa: SIM115 - lives on
        self._collected.write(head + b"\r\n" + body)
        return is_over

    def _hand_over(self) -> bool:
        self._collected.write(self.head)
        return True


class _Body:
    """A body of ``length`` bytes. Raises TooLarge."""

    def __init__(self, length: int, limit: int) -> None:
        if length > limit:
            raise TooLarge
        self._missing = length

    def is_over_with(self, part: bytes) -> bool:
        self._missing -= len(part)
        return self._missing <= 0


class _Chunks:
    """A body in chunks, at most ``limit`` bytes with all that is around them.

    It is over also when it makes no sense: the parser will say so.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._skip = 0
        self._buffer = b""
        self._is_last = False

    def is_over_with(self, part: bytes) -> bool:
        """Raises TooLarge."""
        self._limit -= len(part)
        if self._limit < 0:
            raise TooLarge
        while True:
            skipped = min(self._skip, len(part))
            self._skip -= skipped
            self._buffer += part[skipped:]
            if self._skip:
                return False
            if self._is_last:
                return self._is_after_trailers()
            line = _CHUNK.match(self._buffer)
            if line is None:
                return b"\n" in self._buffer or len(self._buffer) > LARGEST_LINE
            size = int(line[1], 16)
            part, self._buffer = self._buffer[line.end() :], b""
            self._is_last = size == 0
            self._skip = 0 if self._is_last else size + 2

    def _is_after_trailers(self) -> bool:
        is_over = self._buffer.startswith(b"\r\n") or b"\r\n\r\n" in self._buffer
        return is_over or len(self._buffer) > LARGEST_HEAD
