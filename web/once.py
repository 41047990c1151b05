"""Forms that cost tokens: however often one is sent, it takes effect once."""

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
    act: Callable[[Prepared], str],
    discard: Callable[[Prepared], None] | None = None,
) -> str:
    """Run ``act`` once for this key. Returns what it returned, now or the first time: an id.

    If a form is sent twice, the browser shows only the second answer, so the second request waits
    for the first. Raises the errors of ``idempotency_service.run_once``.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return idempotency_service.run_once(
                user=user,
                key=key,
                fingerprint=fingerprint,
                prepare=prepare,
                act=lambda prepared: idempotency_service.Answer(303, act(prepared)),
                discard=discard,
            ).made
        except RequestInProgress:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_SECONDS)
