"""What is sent to the edge, byte by byte, and what has to come back: for any web server.

``@KEY@`` stands for an API key, ``@UPLOAD@`` for the path of a signed link to upload a PNG to.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.production.edge_requests import (
    CHUNKED,
    FORM,
    JSON,
    KEY,
    MEGABYTE,
    PNG,
    PURCHASE,
    chunks,
    declared,
    framed,
    of_length,
    raw,
    request,
)

Expected = tuple[int | None, str | None]
FINE: Expected = (200, None)
CLOSED: Expected = (None, None)
BAD: Expected = (400, "BAD_REQUEST")
INVALID: Expected = (400, "VALIDATION_ERROR")
NO_JSON: Expected = (400, "INVALID_JSON")
ABSENT: Expected = (404, "NOT_FOUND")
WRONG_METHOD: Expected = (405, "METHOD_NOT_ALLOWED")
TOO_LARGE: Expected = (413, "PAYLOAD_TOO_LARGE")
URI_TOO_LONG: Expected = (414, "URI_TOO_LONG")
WRONG_TYPE: Expected = (415, "UNSUPPORTED_MEDIA_TYPE")
NO_EXPECTATION: Expected = (417, "EXPECTATION_FAILED")
HEADERS_TOO_LARGE: Expected = (431, "HEADERS_TOO_LARGE")
UNKNOWN_CODING: Expected = (501, "NOT_IMPLEMENTED")
# Nothing but the status.
BARE: Expected = (400, "")
NO_LENGTH: Expected = (411, "LENGTH_REQUIRED")
WRONG_VERSION: Expected = (505, "HTTP_VERSION_NOT_SUPPORTED")


@dataclass(frozen=True)
class Row:
    """``proxied`` is what a client gets with nginx before the server, where that differs."""

    name: str
    sent: bytes
    expected: Expected
    proxied: Expected | None = None
    ends: bool = False  # nothing more is sent after it: the client ends its side

    def expected_of(self, server: str) -> Expected:
        if server == "granian":
            return GRANIAN.get(self.name, self.expected)
        return self.proxied if server == "nginx" and self.proxied else self.expected


REFUSED: list[Row] = [
    # --- The request line ---
    Row("a target of 4 095 bytes", request("GET", of_length(4095)), FINE),
    Row("a target of 8 000 bytes", request("GET", of_length(8000)), FINE),
    Row("a target of 8 001 bytes", request("GET", of_length(8001)), URI_TOO_LONG),
    Row("a target of 8 170 bytes", request("GET", of_length(8170)), URI_TOO_LONG),
    Row("a target of 8 300 bytes", request("GET", of_length(8300)), URI_TOO_LONG),
    Row("a target of 70 000 bytes", request("GET", of_length(70_000)), URI_TOO_LONG),
    Row("a long path", request("GET", "/api/" + "a" * 9_000), URI_TOO_LONG),
    Row("an endless request line", b"GET /api/" + b"a" * 200_000, URI_TOO_LONG),
    # nginx takes it for HTTP/0.9, and answers with a body alone.
    Row("no version", b"GET /api/health\r\n\r\n", BAD, proxied=CLOSED),
    Row("no target", raw("GET\r\nHost: localhost\r\n\r\n"), BAD),
    Row("a target without a slash", raw("GET api/models HTTP/1.1\r\nHost: localhost\r\n\r\n"), BAD),
    Row("a space in the target", raw("GET /api/a b HTTP/1.1\r\nHost: localhost\r\n\r\n"), BAD),
    Row("HTTP/3.7", raw("GET /api/models HTTP/3.7\r\nHost: localhost\r\n\r\n"), WRONG_VERSION),
    Row("HTTP/x", raw("GET /api/models HTTP/x\r\nHost: localhost\r\n\r\n"), BAD),
    Row("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD),
    Row("a greeting of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 90, BAD),
    Row("bytes that are no text", b"\xff\xfe\xfd /api HTTP/1.1\r\n\r\n", BAD),
    # --- Methods ---
    Row("BREW", request("BREW"), WRONG_METHOD),
    Row("TRACE", request("TRACE"), WRONG_METHOD),
    Row(
        "CONNECT",
        raw("CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n"),
        WRONG_METHOD,
        proxied=BAD,
    ),
    Row("CONNECT to a path", request("CONNECT"), WRONG_METHOD),
    Row("a method in small letters", request("get"), BAD),
    Row("a method that is no word", request("G@T"), BAD),
    Row("PUT of what takes no PUT", request("PUT", body=b""), WRONG_METHOD),
    Row("PROPFIND with a body", request("PROPFIND", body=b"<x/>"), WRONG_METHOD),
    # --- Addresses ---
    Row("%00 in the path", request("GET", "/api/models/%00"), ABSENT, proxied=BAD),
    Row("%ff in the path", request("GET", "/api/models/%ff%fe"), ABSENT),
    Row("%00 in the query", request("GET", "/api/models?q=%00"), INVALID),
    Row("%00 in a cursor", request("GET", "/api/models?cursor=%00"), INVALID),
    Row("%ff in the query", request("GET", "/api/models?q=%ff"), FINE),
    Row("% alone in the query", request("GET", "/api/models?q=%"), FINE),
    Row("% alone in the path", request("GET", "/api/%"), ABSENT, proxied=BAD),
    Row("UTF-8 as it is in the path", request("GET", "/api/mod\xc3\xa9"), BAD, proxied=BAD),
    Row("no UTF-8 in the query", request("GET", "/api/models?q=\xff"), BAD, proxied=BAD),
    Row("a NUL in the path", request("GET", "/api/\x00"), BAD),
    Row("slashes", request("GET", "//api//models"), ABSENT),
    Row("slashes at its end", request("GET", "/api/models//"), ABSENT),
    Row("dots", request("GET", "/api/../api/models"), ABSENT),
    Row("dots that lead out", request("GET", "/api/../../etc/passwd"), ABSENT, proxied=BAD),
    Row("encoded dots", request("GET", "/api/%2e%2e/%2e%2e/etc/passwd"), ABSENT, proxied=BAD),
    Row("an absolute address", request("GET", "http://localhost/api/models"), FINE),
    # --- Headers ---
    Row("no Host", b"GET /api/models HTTP/1.1\r\nX-Forwarded-Proto: https\r\n\r\n", BAD),
    Row("an empty Host", b"GET /api/models HTTP/1.1\r\nHost:\r\n\r\n", BAD),
    Row("another Host", request().replace(b"localhost", b"evil.example"), BAD),
    Row("a Host with a path", request().replace(b"localhost", b"localhost/x"), BAD),
    Row("a Host with an account", request().replace(b"localhost", b"a@localhost"), BAD),
    Row("two Hosts", request("GET", "/api/models", "Host: localhost"), BAD),
    Row("a header without a name", request("GET", "/api/models", ": x"), BAD),
    Row("a header without a colon", request("GET", "/api/models", "nonsense"), BAD, proxied=FINE),
    Row("a header with a space", request("GET", "/api/models", "Content Length: 1"), BAD),
    Row("a header with a NUL", request("GET", "/api/models", "X-Name: a\x00b"), BAD),
    Row("a folded header", request("GET", "/api/models", "X-Name: a\r\n b"), BAD),
    Row(
        "a header of 9 000 bytes",
        request("GET", "/api/models", "X: " + "a" * 9_000),
        HEADERS_TOO_LARGE,
    ),
    Row(
        "a cookie of 70 000 bytes",
        request("GET", "/api/models", "Cookie: a=" + "a" * 70_000),
        HEADERS_TOO_LARGE,
    ),
    Row(
        "300 headers",
        request("GET", "/api/models", *(f"X-{n}: 1" for n in range(300))),
        HEADERS_TOO_LARGE,
        # nginx counts no headers. Granian takes 100.
        proxied=(431, ""),
    ),
    Row(
        "200 000 bytes of headers",
        request("GET", "/api/models", *(f"X-{n}: {'a' * 4000}" for n in range(50))),
        HEADERS_TOO_LARGE,
    ),
    Row(
        "an unknown expectation",
        request("GET", "/api/models", "Expect: wonders"),
        NO_EXPECTATION,
        proxied=FINE,
    ),
    # --- Bodies: how long they are ---
    Row("9 MB announced", declared("9437184", b""), TOO_LARGE),
    Row(
        "9 MB announced and expected",
        request(
            "POST",
            "/api/tokens/purchase",
            *KEY,
            *JSON,
            "Content-Length: 9437184",
            "Expect: 100-continue",
        ),
        TOO_LARGE,
    ),
    Row(
        "2 GB for a style",
        request("POST", "/api/models", *KEY, f"{FORM}; boundary=x", "Content-Length: 2147483648"),
        TOO_LARGE,
    ),
    Row("a length of 30 digits", declared("9" * 30, b""), TOO_LARGE, proxied=BAD),
    Row("9 MB sent", declared("9437184", b" " * 9 * MEGABYTE), TOO_LARGE),
    Row("3 MB of JSON", declared("3145728", b" " * 3 * MEGABYTE), TOO_LARGE),
    Row("9 MB in chunks", framed(*CHUNKED, body=chunks(*[b" " * MEGABYTE] * 9)), TOO_LARGE),
    Row("3 MB of JSON in chunks", framed(*CHUNKED, body=chunks(*[b" " * MEGABYTE] * 3)), TOO_LARGE),
    Row("two lengths", framed("Content-Length: 41", "Content-Length: 40", body=PURCHASE), BAD),
    Row("a negative length", declared("-1"), BAD),
    Row("a length with a sign", declared("+41"), BAD),
    Row("a list of lengths", declared("41, 41"), BAD),
    Row("a length that is no number", declared("many"), BAD),
    Row("a length in Arabic digits", declared("\xd9\xa4"), BAD),
    Row("less than announced", declared("100"), CLOSED, ends=True),
    Row(
        "less than announced of an upload",
        request("PUT", "@UPLOAD@", *PNG, "Content-Length: 100") + b"x" * 50,
        CLOSED,
        ends=True,
    ),
    Row(
        "a head that ends in the middle",
        b"GET /api/models HTTP/1.1\r\nHost: local",
        CLOSED,
        proxied=CLOSED,
        ends=True,
    ),
    Row("length and chunks", framed(*CHUNKED, "Content-Length: 5", body=chunks(PURCHASE)), BAD),
    Row("chunks twice", framed(*CHUNKED, *CHUNKED, body=chunks(PURCHASE)), BAD),
    Row(
        "gzip and chunks",
        framed("Transfer-Encoding: gzip, chunked", body=chunks(PURCHASE)),
        UNKNOWN_CODING,
    ),
    Row(
        "gzip without chunks",
        framed("Transfer-Encoding: gzip", body=PURCHASE),
        BAD,
        proxied=UNKNOWN_CODING,
    ),
    Row(
        "an unknown transfer coding",
        framed("Transfer-Encoding: wonders", body=PURCHASE),
        UNKNOWN_CODING,
    ),
    Row(
        "chunks in HTTP/1.0",
        framed(*CHUNKED, body=chunks(PURCHASE)).replace(b"HTTP/1.1", b"HTTP/1.0"),
        BAD,
    ),
    *(
        Row(
            f"a parameter in an encoding of its own, {kind}",
            request(
                *("POST", "/api/tokens/purchase", *KEY),
                *(f"Content-Type: {kind}", "Content-Length: 2"),
            )
            + b"{}",
            BAD,
        )
        for kind in (
            "multipart/form-data; boundary*=utf-99''x",
            "application/json; charset*=utf-99''x",
            "application/json; charset*=utf-8''%00",
        )
    ),
    Row("a chunk without a size", framed(*CHUNKED, body=b"nonsense\r\n" + PURCHASE), BAD),
    Row(
        "a chunk that is longer than it says",
        framed(*CHUNKED, body=b"3\r\n" + PURCHASE + b"\r\n0\r\n\r\n"),
        BAD,
    ),
    Row(
        "chunks that end in the middle",
        framed(*CHUNKED, body=b"29\r\n" + PURCHASE[:20]),
        CLOSED,
        ends=True,
    ),
    Row(
        "chunks without the last",
        framed(*CHUNKED, body=b"29\r\n" + PURCHASE + b"\r\n"),
        CLOSED,
        ends=True,
    ),
    # --- Bodies: what they are ---
    Row("JSON of nothing", framed(body=b""), INVALID),
    Row("JSON of nothing in chunks", framed(*CHUNKED, body=chunks()), INVALID),
    Row("a brace", declared("1", b"{"), NO_JSON),
    Row("bytes that are no UTF-8", declared("2", b"\xff\xfe"), NO_JSON),
    Row("gzip", framed("Content-Encoding: gzip", "Content-Length: 41", body=PURCHASE), WRONG_TYPE),
    Row(
        "gzip for an upload",
        request("PUT", "@UPLOAD@", *PNG, "Content-Encoding: gzip", body=b"x"),
        WRONG_TYPE,
    ),
    Row(
        "UTF-16",
        request(
            "POST",
            "/api/tokens/purchase",
            *KEY,
            "Content-Type: application/json; charset=utf-16",
            body=PURCHASE.decode().encode("utf-16"),
        ),
        WRONG_TYPE,
    ),
    Row(
        "a charset that nobody knows",
        request(
            "POST",
            "/api/tokens/purchase",
            *KEY,
            "Content-Type: application/json; charset=wonders",
            body=PURCHASE,
        ),
        WRONG_TYPE,
    ),
    Row(
        "a form in Latin-1",
        request(
            "POST",
            "/api/tokens/purchase",
            *KEY,
            "Content-Type: application/x-www-form-urlencoded; charset=latin-1",
            body=b"amount=100&payment_method=card",
        ),
        WRONG_TYPE,
    ),
    Row(
        "text",
        request("POST", "/api/tokens/purchase", *KEY, "Content-Type: text/plain", body=PURCHASE),
        WRONG_TYPE,
    ),
    Row(
        "a form without a boundary",
        request("POST", "/api/models", *KEY, FORM, body=b"--x\r\n\r\n"),
        INVALID,
    ),
    Row(
        "a form that does not begin",
        request("POST", "/api/models", *KEY, f"{FORM}; boundary=x", body=b"nonsense"),
        INVALID,
    ),
]


# What Granian answers by itself, where that differs. It refuses what is no request with a status
# alone: nginx, which stands before it, says the rest.
GRANIAN: dict[str, Expected] = {
    "a target of 70 000 bytes": (414, ""),
    **dict.fromkeys(
        (
            "an endless request line",
            "300 headers",
            "200 000 bytes of headers",
        ),
        (431, ""),
    ),
    **dict.fromkeys(
        (
            "no version",
            "no target",
            "a target without a slash",
            "a space in the target",
            "HTTP/3.7",
            "HTTP/x",
            "a greeting of TLS",
            "bytes that are no text",
            "a method that is no word",
            "no UTF-8 in the query",
            "a NUL in the path",
            "a header without a name",
            "a header without a colon",
            "a header with a space",
            "a header with a NUL",
            "a folded header",
            "a length of 30 digits",
            "two lengths",
            "a negative length",
            "a length with a sign",
            "a list of lengths",
            "a length that is no number",
            "a length in Arabic digits",
            "gzip without chunks",
            "an unknown transfer coding",
            "chunks in HTTP/1.0",
        ),
        BARE,
    ),
    "the preface of HTTP/2": CLOSED,
    "a method in small letters": FINE,
    "an unknown expectation": FINE,
    "UTF-8 as it is in the path": ABSENT,
    "CONNECT": BAD,
    **dict.fromkeys(
        (
            "9 MB in chunks",
            "3 MB of JSON in chunks",
            "length and chunks",
            "chunks twice",
            "gzip and chunks",
            "a chunk without a size",
            "a chunk that is longer than it says",
            "chunks that end in the middle",
            "chunks without the last",
            "JSON of nothing in chunks",
        ),
        NO_LENGTH,
    ),
    "less than announced": BAD,
    "less than announced of an upload": BAD,
}
