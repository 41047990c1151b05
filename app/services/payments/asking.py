"""Asking the provider about many rows, one after the other: none keeps the others from their
turn."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from app.services import guard
from app.services.payments.gateways.outcomes import Away, NotYet

log = structlog.get_logger(__name__)


def ask(step: str, act: Callable[[], object], **about: object) -> None:
    """Do ``act`` for one row, which may break, or have to wait. Raises Away: then the others need
    not be asked either."""
    try:
        guard.attempt(step, act, passing=(NotYet,), **about)
    except Away:
        raise
    except NotYet as error:
        log.warning("payment_waits", step=step, reason=str(error), **about)
