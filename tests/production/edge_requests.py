"""Requests as bytes, right and wrong in their framing.

``@KEY@`` stands for an API key, which the test fills in.
"""

from __future__ import annotations

MEGABYTE = 2**20
JSON = ("Content-Type: application/json",)
KEY = ("Authorization: Api-Key @KEY@",)
CHUNKED = ("Transfer-Encoding: chunked",)
PNG = ("Content-Type: image/png",)
FORM = "Content-Type: multipart/form-data"
PURCHASE = b'{"amount": 100, "payment_method": "card"}'


def request(
    method: str = "GET", target: str = "/api/models", *headers: str, body: bytes | None = None
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "X-Forwarded-Proto: https", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def declared(length: str, body: bytes = PURCHASE) -> bytes:
    """A purchase that says this about its length."""
    return request("POST", "/api/tokens/purchase", *KEY, *JSON, f"Content-Length: {length}") + body


def framed(*headers: str, body: bytes) -> bytes:
    return request("POST", "/api/tokens/purchase", *KEY, *JSON, *headers) + body


def raw(text: str) -> bytes:
    return text.encode("latin-1")


def of_length(length: int) -> str:
    """A target of so many bytes."""
    return "/api/models?x=".ljust(length, "a")
