"""Forms that are sent once: however often somebody presses, it takes effect once."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from app.exceptions import RequestInProgress
from app.models import User
from app.services import idempotency_service, rate_limit_service

if TYPE_CHECKING:
    from web.forms.base import OnceForm

Prepared = TypeVar("Prepared")
# How long the second of two clicks waits for the first one's answer.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.05


def new_key() -> str:
    return f"form-{secrets.token_urlsafe(18)}"


def run_form(
    *, user: User, form: OnceForm, what: tuple[object, ...], act: Callable[[], str]
) -> str:
    """Like ``run``, for a form that costs nothing: with other contents it is another form."""
    digest = hashlib.sha256(repr(what).encode()).hexdigest()
    key = f"{form.cleaned_data['key']}-{digest[:20]}"
    return run(
        user=user,
        key=key,
        fingerprint=digest,
        prepare=lambda: None,
        act=lambda _: act(),
    )


def run_limited(
    *, user: User, kind: str, key: str, what: tuple[object, ...], act: Callable[[], str]
) -> str:
    """Like ``run``, for an order: it counts towards the limit ``kind`` of its user, but not if it
    is refused."""
    limited = (kind, f"user-{user.pk}")
    return run(
        user=user,
        key=key,
        fingerprint=hashlib.sha256(repr(what).encode()).hexdigest(),
        prepare=lambda: rate_limit_service.require(rate_limit_service.check(*limited)),
        act=lambda _: act(),
        discard=lambda _: rate_limit_service.give_back(*limited),
    )


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
