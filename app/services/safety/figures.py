"""What reports, decisions and appeals add up to, by month, for everybody to read. No figure names a
person or a thing. It is counted again every ten minutes at most, with four statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import TruncMonth

from app.models import Appeal, AppealState, Decision, ModerationCase, Report
from app.models.decision import FREE
from app.utils import caches, clock

KEPT_SECONDS = 600
MONTHS = 12


class Median(Aggregate):
    """The middle of what is counted."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass
class Month:
    """``reports`` by reason, ``actions`` that restrict somebody by kind. ``median`` is the time
    from the opening of a reported case to its decision."""

    first: date
    reports: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    automated: int = 0
    decided: int = 0
    median: timedelta | None = None
    appeals: int = 0
    granted: int = 0

    @property
    def reported(self) -> int:
        return sum(self.reports.values())

    @property
    def restricted(self) -> int:
        return sum(self.actions.values())


def figures() -> list[Month]:
    """The last twelve months, in UTC, the latest first."""
    return caches.renewed("moderation", _count, seconds=KEPT_SECONDS)


def _count() -> list[Month]:
    months = _months(clock.now())
    since = months[-1].first
    by_first = {month.first: month for month in months}
    for row in _by_month(Report.objects, "created_at", since, "reason", n=Count("pk")):
        by_first[row["month"]].reports[row["reason"]] = row["n"]
    restricting = Decision.objects.exclude(action__in=FREE)
    for row in _by_month(
        restricting,
        *("created_at", since, "action"),
        n=Count("pk"),
        by_machine=Count("pk", filter=Q(is_automated=True)),
    ):
        month = by_first[row["month"]]
        month.actions[row["action"]] = row["n"]
        month.automated += row["by_machine"]
    waited = ExpressionWrapper(F("decided_at") - F("opened_at"), output_field=DurationField())
    reported = ModerationCase.objects.filter(report_count__gt=0)
    for row in _by_month(reported, "decided_at", since, n=Count("pk"), median=Median(waited)):
        month = by_first[row["month"]]
        month.decided, month.median = row["n"], row["median"]
    granted = Count("pk", filter=Q(state=AppealState.GRANTED))
    for row in _by_month(Appeal.objects, "decided_at", since, n=Count("pk"), granted=granted):
        month = by_first[row["month"]]
        month.appeals, month.granted = row["n"], row["granted"]
    return months


def _by_month(
    rows: Any, moment: str, since: date, *names: str, **counted: Any
) -> Sequence[Mapping[str, Any]]:
    first = datetime.combine(since, datetime.min.time(), clock.now().tzinfo)
    recent = rows.filter(**{f"{moment}__gte": first}).order_by()
    dated = recent.annotate(month=TruncMonth(moment))
    grouped = dated.values("month", *names).annotate(**counted)
    return [{**row, "month": row["month"].date()} for row in grouped]


def _months(now: datetime) -> list[Month]:
    first = now.date().replace(day=1)
    months = []
    for _ in range(MONTHS):
        months.append(Month(first))
        first = (first - timedelta(days=1)).replace(day=1)
    return months
