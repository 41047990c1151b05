"""Pages about what is booked and signed here, for whoever wants to check it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from app.models import LicenceDay
from app.services.licences import roots
from app.services.licences.figures import figures

DAYS_SHOWN = 14


@require_safe
def books(request: HttpRequest) -> HttpResponse:
    """What the books add up to, and the latest days of licences."""
    shown = figures()
    names = _names_of_entries()
    ledger = [{**row, "name": names[row["type"]]} for row in shown["ledger"]]
    days: list[LicenceDay] = []
    if latest := shown["latest"]:
        first = latest.day - timedelta(days=DAYS_SHOWN - 1)
        days = list(LicenceDay.objects.between(first, latest.day).reverse())
    content = {"books": shown, "ledger": ledger, "days": days, "site": settings.SITE_URL}
    return render(request, "web/books.html", content)


@require_safe
def root_certificate(request: HttpRequest) -> HttpResponse:
    """Our root certificate: what it is, and how a reader of pictures comes to trust it."""
    content = {"roots": roots.published(), "site": settings.SITE_URL}
    return render(request, "web/root_certificate.html", content)


def _names_of_entries() -> dict[str, str]:
    return {
        "consume": _("Paid for pictures"),
        "earn": _("Paid to artists, and given for nothing"),
        "refund": _("Refunded"),
        "purchase": _("Bought"),
        "reversal": _("Taken back from artists"),
        "reversal_return": _("Given back to artists who won an appeal"),
        "payout": _("Paid out to artists in money"),
        "payout_return": _("Payouts that came back"),
        "purchase_refund": _("Bought tokens given back for money"),
        "refund_return": _("Such refunds that came back"),
        "chargeback": _("Taken back when a bank disputed the payment"),
        "chargeback_return": _("Given again after a dispute was won"),
        "loss": _("Lost by the platform in disputes and refunds"),
        "loss_return": _("Losses of the platform that came back"),
        "forfeit": _("Given up by those who closed their account"),
    }
