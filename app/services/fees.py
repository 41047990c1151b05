"""The platform's fee, as it is at a time. It changes only by what was announced (``fee_changes``):
before the first change it is PLATFORM_FEE_PERCENT."""

from __future__ import annotations

import time
from datetime import datetime

from django.conf import settings

from app.models import FeeChange

# A change begins a month after it was announced, so nobody is late by this.
KNOWN_SECONDS = 60.0

_known: list[tuple[datetime, int]] = []
_known_until = 0.0


def percent_at(moment: datetime) -> int:
    """What the platform keeps of a sale, in percent."""
    for begins, percent in _changes():
        if begins <= moment:
            return percent
    return int(settings.PLATFORM_FEE_PERCENT)


def next_change(moment: datetime) -> tuple[datetime, int] | None:
    """The first change after ``moment``, if one was announced: when, and to what."""
    later = [change for change in _changes() if change[0] > moment]
    return later[-1] if later else None


def highest() -> int:
    """The most that it ever was."""
    return max([settings.PLATFORM_FEE_PERCENT, *(percent for _, percent in _changes())])


def forget(known: list[tuple[datetime, int]] | None = None) -> None:
    """Ask again next time; with ``known``, take it for what there is."""
    global _known, _known_until
    _known = known or []
    _known_until = 0.0 if known is None else time.monotonic() + KNOWN_SECONDS


def _changes() -> list[tuple[datetime, int]]:
    """The last one first."""
    global _known, _known_until
    if time.monotonic() >= _known_until:
        rows = FeeChange.objects.order_by("-effective_at").values_list("effective_at", "percent")
        _known, _known_until = list(rows), time.monotonic() + KNOWN_SECONDS
    return _known
