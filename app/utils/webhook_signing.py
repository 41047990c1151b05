"""Secrets of endpoints, and the signatures of Standard Webhooks 1.0.

Secrets have to be read again to sign, so they are kept sealed with a key made of SECRET_KEY: a copy
of the database alone does not give them away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from app.utils import clock

PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
# How many may sign at once: whoever rotates more often loses the oldest.
MAX_SECRETS = 5

Kept = list[dict[str, Any]]
# Sealed with a key that is neither SECRET_KEY nor one of its fallbacks.
Unreadable = InvalidToken


def new_secrets() -> Kept:
    return [_sealed(_new(), None)]


def rotated(kept: Kept) -> Kept:
    """A new secret; the former ones sign for a day more."""
    until = (clock.now() + OVERLAP).isoformat()
    former = [{**one, "until": one["until"] or until} for one, _ in _opened(kept)]
    return [*new_secrets(), *former][:MAX_SECRETS]


def resealed(kept: Kept) -> Kept:
    """The same secrets, sealed with today's key alone. If none can be read, as after a leak
    of SECRET_KEY, there is a new one."""
    return [_sealed(secret, one["until"]) for one, secret in _opened(kept)] or new_secrets()


def needs_resealing(kept: Kept) -> bool:
    today = Fernet(_key(settings.SECRET_KEY))
    try:
        for one in kept:
            today.decrypt(one["sealed"])
    except InvalidToken:
        return True
    return False


def current(kept: Kept) -> str:
    """The newest secret, as the receiver is given it; "" if it cannot be read: rotate it."""
    newest = _opened(kept[:1])
    return newest[0][1] if newest else ""


def headers(kept: Kept, message_id: str, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, with a signature for each secret.

    Raises Unreadable if no secret can be read.
    """
    timestamp = str(int(clock.now().timestamp()))
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    keys = [base64.b64decode(secret.removeprefix(PREFIX)) for _, secret in _opened(kept)]
    if not keys:
        raise Unreadable
    digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(digest).decode()}" for digest in digests
        ),
    }


def _new() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _sealed(secret: str, until: str | None) -> dict[str, Any]:
    return {"sealed": _box().encrypt(secret.encode()).decode(), "until": until}


def _alive(kept: Kept) -> Kept:
    now = clock.now()
    return [one for one in kept if one["until"] is None or _time(one["until"]) > now]


def _opened(kept: Kept) -> list[tuple[dict[str, Any], str]]:
    """Those that hold and are sealed with a key that we have, with their secrets."""
    found = []
    for one in _alive(kept):
        with suppress(InvalidToken):
            found.append((one, _box().decrypt(one["sealed"]).decode()))
    return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _box() -> MultiFernet:
    return _box_of(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@cache
def _box_of(*keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(secret_key: str) -> bytes:
    digest = hashlib.sha256(b"webhook secrets\n" + secret_key.encode()).digest()
    return base64.urlsafe_b64encode(digest)
