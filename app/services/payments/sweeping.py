"""The relay's step that asks for what never got its event."""

from __future__ import annotations

import time

import structlog
from django.conf import settings

from app.services import guard
from app.services.payments import buying, disputes, refunds
from app.services.payments.gateways.outcomes import NotYet
from app.services.payments.payment_gateway import STRIPES

log = structlog.get_logger(__name__)

# Tasks wait for the sweep, so a provider that does not answer is left alone for a while.
AWAY_SECONDS = 60.0
STEPS = {"purchases": buying.sweep, "refunds": refunds.sweep, "disputes": disputes.sweep}

_away_until = 0.0


def sweep() -> int:
    """Ask for purchases, refunds and disputes that heard nothing. Returns how many were asked
    for."""
    global _away_until
    if settings.PAYMENT_GATEWAY not in STRIPES or time.monotonic() < _away_until:
        return 0
    asked = 0
    try:
        for step, act in STEPS.items():
            asked += guard.attempt(step, act, passing=(NotYet,)) or 0
    except NotYet as error:
        _away_until = time.monotonic() + AWAY_SECONDS
        log.warning("payments_unanswered", reason=str(error), seconds=AWAY_SECONDS)
    return asked
