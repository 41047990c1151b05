"""Webhooks that the site sends to your server, by Standard Webhooks 1.0."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from style_license.errors import NotProved

TOLERANCE_SECONDS = 300.0


def verify(
    body: bytes | str,
    headers: Mapping[str, str],
    secrets: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE_SECONDS,
) -> dict[str, Any]:
    """The event in ``body``, if somebody with one of the ``secrets`` has signed it.

    ``body`` are the bytes as they came. Give both secrets while you replace one. ``tolerance``
    is how old or early a message may be, in seconds. Raises NotProved.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message, sent, signatures = (
            given[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
    except KeyError as error:
        raise NotProved(f"The header {error.args[0]} is missing.") from error
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 12):
        raise NotProved("webhook-timestamp is no number of seconds.")
    if abs(time.time() - int(sent)) > tolerance:
        raise NotProved("The message is too old, or from the future.")
    content = body if isinstance(body, bytes) else body.encode()
    signed = f"{message}.{sent}.".encode() + content
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    made = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    # All are compared, each in constant time: how long it takes says nothing about a secret.
    fits = [
        hmac.compare_digest(own, theirs)
        for own in made
        for theirs in map(_decoded, signatures.split()[:20])
    ]
    if not any(fits):
        raise NotProved("Nobody with this secret has signed the message.")
    try:
        event = json.loads(content)
    except ValueError as error:
        raise NotProved("The message is signed, but is no JSON.") from error
    if not isinstance(event, dict):
        raise NotProved("The message is signed, but is no event.")
    return event


def _key(secret: str) -> bytes:
    """Raises ValueError: that is a mistake of the program, not of whoever sent the message."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("A webhook's secret is whsec_ and base64.") from error


def _decoded(signature: str) -> bytes:
    """Empty, which fits nothing, for signatures of other kinds."""
    version, _, encoded = signature.partition(",")
    if version != "v1":
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
