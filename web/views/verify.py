"""Whose licence a picture has, for people: drop a file, or type a number."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from app.exceptions import InvalidInput, NotFound
from app.http.addresses import client_address
from app.models import User
from app.models.verdict import Layer
from app.services import rate_limit_service
from app.services.licences import verification
from app.services.licences.verification import Verification
from web.middleware import too_many
from web.phrases import explain, field_errors

TEMPLATE = "web/verify.html"
CHOOSE = "Choose a picture, or type a number."


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The form; a number leads to its licence, a file is answered on this page and not kept."""
    if request.method != "POST":
        return render(request, TEMPLATE)
    if wait := _seconds_to_wait(request):
        return too_many(request, wait)
    number, file = request.POST.get("number", "").strip(), request.FILES.get("file")
    try:
        if file is None:
            if not number:
                raise InvalidInput.field("file", CHOOSE)
            return redirect("web:licence_page", verification.by_number(number).number)
        found = verification.verify(file.read())
    except (InvalidInput, NotFound) as error:
        said = field_errors(error).values() if isinstance(error, InvalidInput) else ()
        problem = " ".join(each for messages in said for each in messages) or explain(error)
        refused = {"problem": problem, "number": number}
        return render(request, TEMPLATE, refused, status=400)
    return render(request, TEMPLATE, {"found": found, "steps": _steps(found), "box": _box(found)})


def _seconds_to_wait(request: HttpRequest) -> int:
    """The site shares its limits with the API."""
    user = request.user
    who = f"user-{user.pk}" if isinstance(user, User) else client_address(request)
    verdict = rate_limit_service.check("verify", who)
    return 0 if verdict is None or verdict.is_allowed else verdict.reset_seconds


def _steps(found: Verification) -> list[dict[str, object]]:
    """What was looked at, all four of it, and what each found."""
    says = {each.layer: each for each in found.evidence}
    return [
        {"layer": layer.value, "says": says[layer].says if layer in says else "", "facts": facts}
        for layer in Layer
        for facts in [dict(says[layer].facts) if layer in says else {}]
    ]


def _box(found: Verification) -> dict[str, float] | None:
    """Where the picture lies in the licensed one, in percent of its sides."""
    for each in found.evidence:
        if box := each.facts.get("box"):
            left, top, right, bottom = (round(100 * side, 1) for side in box)
            return {"x": left, "y": top, "width": right - left, "height": bottom - top}
    return None
