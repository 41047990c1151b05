"""Forms that cost something: however often one is sent, it takes effect once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TypeVar

from app.exceptions import RequestInProgress
from app.models import User
from app.services import idempotency_service

Prepared = TypeVar("Prepared")
# How long the second of two clicks waits for the first one's answer.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.05


def new_key() -> str:
    return f"form-{secrets.token_urlsafe(18)}"


def run(
    *,
    user: User,
    key: str,
    fingerprint: str,
    prepare: Callable[[], Prepared],
    act: Callable[[Prepared], tuple[int, str]],
    discard: Callable[[Prepared], None] | None = None,
) -> str:
    """The body of the answer of ``act``: its own, or the one it gave before for this key.

    A browser that sends a form twice shows the second answer only, so that one waits for the first.
    Raises what ``idempotency_service.run_once`` does.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return idempotency_service.run_once(
                user=user,
                key=key,
                fingerprint=fingerprint,
                prepare=prepare,
                act=act,
                discard=discard,
            ).body
        except RequestInProgress:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_SECONDS)
