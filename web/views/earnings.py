"""What an artist earned: what may be paid out, a chart, and statements by month."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from app.exceptions import InvalidInput
from app.http.tables import csv_file
from app.models import Transaction, User
from app.services import earnings, statements
from app.services.statements import Statement
from app.utils import clock
from web.access import artists_only
from web.chart import Chart
from web.context import zone_of
from web.paging import page_of

CHART_DAYS = 30
PARTS = ("hold", "payable", "paid")


@require_safe
@artists_only
def overview(request: HttpRequest, user: User) -> HttpResponse:
    """Earned, on hold, payable and paid, each as a list of sales; the last 30 days beside those
    before; what each style brought."""
    part = request.GET.get("show", "")
    part = part if part in PARTS else PARTS[0]
    zone = zone_of(request)
    now = clock.now()
    today = now.astimezone(zone).date()
    since = now - timedelta(days=CHART_DAYS)
    before = since - timedelta(days=CHART_DAYS)
    daily = Transaction.objects.earned_daily(user.pk, before, zone)
    first = today - timedelta(days=CHART_DAYS - 1)
    content = {
        "earnings": earnings.of(user),
        "hold_days": settings.EARNINGS_HOLD_DAYS,
        "part": part,
        "page": page_of(request, earnings.sales(user, part)),
        "chart": Chart.of_days(daily, last=today, count=CHART_DAYS),
        "before": sum(amount for day, amount in daily.items() if day < first),
        "styles": Transaction.objects.sold_between(since, now).filter(receiver=user)[:20],
        "months": _months(user, today),
    }
    return render(request, "web/studio/earnings.html", content)


@require_safe
@artists_only
def statement(request: HttpRequest, user: User, month: str) -> HttpResponse:
    """All sales of a month, to read or to print."""
    content = {"statement": _statement(request, user, month), "month": month}
    return render(request, "web/studio/statement.html", content)


@require_safe
@artists_only
def statement_file(request: HttpRequest, user: User, month: str) -> HttpResponse:
    """The same as CSV."""
    found = _statement(request, user, month)
    return csv_file(statements.as_csv(found), statements.name_of(found))


def _statement(request: HttpRequest, user: User, month: str) -> Statement:
    try:
        return statements.of(user, statements.month_of(month), zone_of(request))
    except InvalidInput as error:
        raise Http404 from error


def _months(user: User, today: date) -> list[date]:
    """The months since the account was opened, the newest first; at most two years of them."""
    first = user.date_joined.date().replace(day=1)
    month = today.replace(day=1)
    found: list[date] = []
    while month >= first and len(found) < 24:
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found
