"""One HTTP request to somebody else's server: to a public address, in bounded time and memory.

Written on asyncio's streams, because hundreds wait at once, most of them for servers that are slow,
and because the connection has to go to just the address that was looked at. A name is resolved
once; whoever gives another answer to the next question (DNS rebinding) is not asked.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address

from app.services.webhooks import endpoints
from app.services.webhooks.deliveries import MAX_ANSWER, Outcome
from app.utils import clock
from app.utils.public_addresses import Address, Refused, Target, require_allowed

TIMEOUT_SECONDS = 15.0
# After these, for what follows the head of an answer: its status has decided already.
BODY_SECONDS = 2.0
# Until the next address of a host is tried.
CONNECT_SECONDS = 5.0
MAX_HEAD = 32 * 1024
MAX_ADDRESSES = 4
# Answers like "100 Continue" before the one that counts.
MAX_INTERIM = 5
USER_AGENT = "StyleLicense-Webhooks/1.0"

Resolve = Callable[[str, int], Awaitable[list[Address]]]


class BadAnswer(Exception):
    """What came back is no HTTP."""


# What comes of servers that go away, or talk too much.
_BROKEN = (BadAnswer, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class Sender:
    """Sends one message after another; each has its own connection."""

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        allow_loopback: bool,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._resolve = resolve or resolve_once
        self._tls = tls or ssl.create_default_context()
        self._allow_loopback = allow_loopback
        self._timeout = timeout

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """POST ``body``, and say what became of it. Redirects are answers like others."""
        return await self._send(
            url, lambda target: _post(target, headers, body), most=MAX_ANSWER, seconds=BODY_SECONDS
        )

    async def get(self, url: str, *, most: int) -> Outcome:
        """The page at ``url``, at most about its first ``most`` bytes, under the same rules."""
        return await self._send(url, _get, most=most, seconds=self._timeout)

    async def _send(
        self, url: str, request: Callable[[Target], bytes], *, most: int, seconds: float
    ) -> Outcome:
        began_at, began = clock.now(), time.monotonic()
        status, answer, error = None, "", ""
        try:
            target = endpoints.target(url)
            status, answer = await self._exchange(target, request(target), most, seconds)
        except Refused as refused:
            error = str(refused)
        except TimeoutError:
            error = f"No answer within {self._timeout:g} seconds."
        except ssl.SSLError as refused:
            said = getattr(refused, "verify_message", "") or refused.reason or "unknown"
            error = f"TLS failed: {said}."
        except (BadAnswer, asyncio.LimitOverrunError):
            error = "The answer is not HTTP."
        except (OSError, asyncio.IncompleteReadError) as refused:
            error = f"The connection failed: {_reason(refused)}."
        if status is not None and 300 <= status < 400:
            error = "Redirects are not followed."
        milliseconds = round((time.monotonic() - began) * 1000)
        return Outcome(began_at, milliseconds, status, answer, error)

    async def _exchange(
        self, target: Target, request: bytes, most: int, seconds: float
    ) -> tuple[int, str]:
        writer = None
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await self._connect(target)
                writer.write(request)
                await writer.drain()
                status, fields = await _read_status(reader)
            # For a message that decides. What follows is for the log.
            return status, await _beginning(reader, fields, most, seconds)
        finally:
            if writer is not None:
                # Not closed in peace: whoever is slow to say goodbye is not waited for.
                writer.transport.abort()

    async def _connect(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        found = await self._resolve(target.host, target.port)
        for address in found:
            # One that is not public spoils them all: nobody has both by mistake.
            require_allowed(address, allow_loopback=self._allow_loopback)
        if not found:
            raise Refused("The host has no address.")
        addresses = found[:MAX_ADDRESSES]
        for address in addresses[:-1]:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self._open(target, address)
            except OSError as error:
                # Those of TLS are errors of the system too, and say the same of the next address.
                if isinstance(error, ssl.SSLError):
                    raise
        return await self._open(target, addresses[-1])

    async def _open(
        self, target: Target, address: Address
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        is_secure = target.scheme == "https"
        return await asyncio.open_connection(
            *(str(address), target.port),
            limit=MAX_HEAD,
            ssl=self._tls if is_secure else None,
            # The certificate has to be that of the host, not of the address.
            server_hostname=target.host if is_secure else None,
        )


async def resolve_once(host: str, port: int) -> list[Address]:
    """The addresses of ``host``; those of this machine's resolver, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


def _get(target: Target) -> bytes:
    lines = [
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        f"User-Agent: {USER_AGENT}",
        "Accept: text/html, application/xhtml+xml",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _post(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


async def _read_status(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers. Raises BadAnswer."""
    for _ in range(1 + MAX_INTERIM):
        status, fields = _read_head(await reader.readuntil(b"\r\n\r\n"))
        if status >= 200:
            return status, fields
    raise BadAnswer


async def _beginning(
    reader: asyncio.StreamReader, fields: Mapping[str, str], most: int, seconds: float
) -> str:
    """The beginning of the body, ``most`` bytes of it, as far as it comes within ``seconds``."""
    body = bytearray()
    with suppress(*_BROKEN, TimeoutError):
        async with asyncio.timeout(seconds):
            await _read_body(reader, fields, body, most)
    text = bytes(body[:most]).decode(errors="replace")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "\ufffd", text)


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    match = re.fullmatch(r"HTTP/1\.[01] ([1-9]\d\d)( .*)?", first)
    if not match:
        raise BadAnswer
    pairs = (line.partition(":") for line in lines if line)
    return int(match[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_body(
    reader: asyncio.StreamReader, fields: Mapping[str, str], body: bytearray, most: int
) -> None:
    """Add the body to ``body``, at most about ``most`` bytes of it."""
    if fields.get("transfer-encoding", "").lower().endswith("chunked"):
        while len(body) < most:
            size = _number((await reader.readuntil(b"\r\n")).split(b";")[0], base=16)
            if size == 0:
                return
            body += await reader.readexactly(min(size, most))
            if size <= most:
                await reader.readexactly(2)
            else:
                return
    length = fields.get("content-length")
    left = most if length is None else min(most, _number(length.encode()))
    while left > 0 and (block := await reader.read(left)):
        body += block
        left -= len(block)


def _number(text: bytes, base: int = 10) -> int:
    try:
        number = int(text, base)
    except ValueError as error:
        raise BadAnswer from error
    if number < 0:
        raise BadAnswer
    return number


def _reason(error: BaseException) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        return "it was closed before an answer"
    if isinstance(error, socket.gaierror):
        return "the host has no address"
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else type(error).__name__
