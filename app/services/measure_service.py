"""Numbers for the metrics that all processes share."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from app.models import Measure
from app.utils import clock

LEASES_EXPIRED = "leases_expired"
LEDGER_FINDINGS = "ledger_findings"
# What ``guard`` has caught, by step.
BROKEN = "broken: "
# How many endpoints there are; its time says when the last process that delivers was alive.
WEBHOOKS_KEPT = "webhook_endpoints"

# How many users are due for e-mail; its time likewise.
MAIL_KEPT = "mail_due"


def count(name: str, by: int = 1) -> None:
    """Add to the counter ``name``."""
    changed = Measure.objects.filter(name=name).update(
        value=F("value") + by, updated_at=clock.now()
    )
    if not changed:
        Measure.objects.get_or_create(name=name)
        Measure.objects.filter(name=name).update(value=F("value") + by, updated_at=clock.now())


def count_broken(step: str) -> None:
    count(f"{BROKEN}{step}")


def broken_by_step() -> dict[str, int]:
    """How often each step of what runs again and again broke."""
    counted = Measure.objects.filter(name__startswith=BROKEN).values_list("name", "value")
    return {name.removeprefix(BROKEN): value for name, value in counted}


def record(name: str, value: int) -> None:
    Measure.objects.update_or_create(name=name, defaults={"value": value})


def last(name: str) -> tuple[int, datetime] | None:
    """The latest value and when it was written; None if it never was."""
    found = Measure.objects.filter(name=name).first()
    return (found.value, found.updated_at) if found else None
