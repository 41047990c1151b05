"""Whose licence a picture has, for people: drop a file, or type a number."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from app.exceptions import InvalidInput, NotFound
from app.http.addresses import client_address
from app.models import User
from app.services import rate_limit_service
from app.services.licences import verification
from web.middleware import too_many
from web.phrases import explain, field_errors
from web.verdicts import SURE, box_of, steps
from web.views.licences import described

MEGABYTES = verification.MAX_BYTES // 2**20


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The form; a number leads to its licence, a file is answered on this page and not kept."""
    if request.method != "POST":
        return _page(request)
    if wait := _seconds_to_wait(request):
        return too_many(request, wait)
    number, file = request.POST.get("number", "").strip(), request.FILES.get("file")
    try:
        if file is not None:
            return _answer(request, verification.verify(file.read()))
        if number:
            return redirect("web:licence_page", verification.by_number(number).number)
        problem = _("Choose a picture, or type a number.")
    except InvalidInput as error:
        problem = " ".join(each for said in field_errors(error).values() for each in said)
    except NotFound as error:
        problem = explain(error)
    is_number = file is None and bool(number)
    refused = {"problem": problem, "number": number, "is_number": is_number}
    return _page(request, refused, status=400)


def _answer(request: HttpRequest, found: verification.Verification) -> HttpResponse:
    content = {"found": found, "steps": steps(found), "box": box_of(found)}
    if found.licence is not None:
        holds = found.licence.is_valid and found.verdict in SURE
        content |= {"holds": holds, **described(request, found.licence)}
    return _page(request, content)


def _page(
    request: HttpRequest, content: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    shown = {"steps": steps(), "megabytes": MEGABYTES, **(content or {})}
    return render(request, "web/verify.html", shown, status=status)


def _seconds_to_wait(request: HttpRequest) -> int:
    """The site shares its limits with the API."""
    user = request.user
    who = f"user-{user.pk}" if isinstance(user, User) else client_address(request)
    verdict = rate_limit_service.check("verify", who)
    return 0 if verdict is None or verdict.is_allowed else verdict.reset_seconds
