"""Reporting something, with an account or without, and what became of a report."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import InvalidInput, NotFound
from app.http.addresses import client_address
from app.models import Ground, ThingKind, User
from app.models.decision import FREE
from app.services import rate_limit_service
from app.services.safety import looking, reporting
from web import kept
from web.cases import address_of, verdict_on
from web.forms.safety import ReportForm
from web.middleware import too_many
from web.phrases import explain_all, field_errors

FREE_OR_NONE = (*FREE, None)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, kind: str, thing_id: int) -> HttpResponse:
    """The form; what is sent leads to its receipt."""
    if kind not in ThingKind.values:
        raise NotFound
    thing = looking.thing_seen_by(request.user, kind, thing_id)
    try:
        reporting.subject_seen_by(request.user, kind, thing_id)
    except InvalidInput as error:
        messages.info(request, explain_all(error))
        return redirect(address_of(thing))
    form = ReportForm(user=request.user, initial=kept.initial(request, request.path, ReportForm))
    if request.method == "POST":
        form = ReportForm(request.POST, user=request.user)
        if form.is_valid():
            if wait := _seconds_to_wait(request):
                return too_many(request, wait)
            try:
                return _sent(request, form, thing)
            except InvalidInput as error:
                for name, said in field_errors(error).items():
                    form.add_error(name if name in form.fields else None, said)
    content = {
        "form": form,
        "thing": thing,
        "address": address_of(thing),
        "days": settings.REPORTER_KEPT_DAYS,
    }
    return render(request, "web/report.html", content, status=400 if form.errors else 200)


def _sent(request: HttpRequest, form: ReportForm, thing: looking.Thing) -> HttpResponse:
    user = request.user
    made = reporting.report(
        user=user,
        kind=thing.kind,
        thing_id=thing.id,
        url=f"{settings.SITE_URL}{address_of(thing)}",
        language=get_language() or "",
        **form.given(),
    )
    return redirect("web:report_receipt", reporting.token_of(made))


@require_safe
def receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    """What became of a report, for whoever has its address: that is in no list."""
    found = reporting.find(receipt)
    thing = looking.thing_of(found.report.case.kind, found.report.case.thing_id)
    content = {
        "outcome": found,
        "report": found.report,
        "address": address_of(thing),
        "may_report": _may_report(request, thing),
        "verdict": verdict_on(found.action),
        "ground": gettext(Ground(found.ground).label)
        if found.ground and found.action not in FREE_OR_NONE
        else "",
    }
    response = render(request, "web/report_receipt.html", content)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _may_report(request: HttpRequest, thing: looking.Thing) -> bool:
    """Not what is gone, or hidden since."""
    try:
        reporting.subject_seen_by(request.user, thing.kind, thing.id)
    except (InvalidInput, NotFound):
        return False
    return True


def _seconds_to_wait(request: HttpRequest) -> int:
    """The site shares its limits with the API."""
    user = request.user
    who = f"user-{user.pk}" if isinstance(user, User) else client_address(request)
    verdict = rate_limit_service.check("reports", who)
    return 0 if verdict is None or verdict.is_allowed else verdict.reset_seconds
