"""What the books for all add up to. Anybody may ask, so it is counted once a minute."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Min, Sum

from app.models import Licence, LicenceDay, LicenceState, Signature, Transaction, User
from app.models.token import PUBLIC_TYPES
from app.services import measure_service
from app.utils import caches

KEPT_SECONDS = 60


def figures() -> dict[str, Any]:
    """About ``KEPT_SECONDS`` old at most."""
    return caches.renewed("books", _count, seconds=KEPT_SECONDS)


def _count() -> dict[str, Any]:
    entries = Transaction.objects.order_by("type").values("type")
    by_state = dict(Licence.objects.order_by().values_list("state").annotate(n=Count("pk")))
    audit = measure_service.last(measure_service.LEDGER_FINDINGS)
    latest = LicenceDay.objects.first()
    return {
        "ledger": [
            {**row, "type": PUBLIC_TYPES[row["type"]]}
            for row in entries.annotate(entries=Count("pk"), tokens=Sum("amount"))
        ],
        "tokens_held": User.objects.aggregate(held=Sum("token_balance"))["held"] or 0,
        "audit": {"findings": audit[0], "audited_at": audit[1]} if audit else None,
        "licences": {
            "issued": sum(by_state.values()),
            **{state: by_state.get(state, 0) for state in LicenceState.values},
        },
        "signatures": Signature.objects.count(),
        "first_day": LicenceDay.objects.aggregate(day=Min("day"))["day"],
        "latest": latest,
    }
