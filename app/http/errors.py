"""Answers to errors that no view answers: JSON under /api, a page for people elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from app.http.addresses import is_for_programs
from app.http.bodies import to_json
from app.utils.error_bodies import error_body, refusal_body


def for_status(status: int) -> HttpResponse:
    return HttpResponse(
        to_json(refusal_body(status)), status=status, content_type="application/json"
    )


def refused(request: HttpRequest, status: int) -> HttpResponse:
    """For a request of which no view hears. A person gets the sentence alone."""
    if _is_for_programs(request):
        return for_status(status)
    message = refusal_body(status)["error"]["message"]
    return HttpResponse(f"{message}\n", status=status, content_type="text/plain; charset=utf-8")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "", **_: object) -> HttpResponse:
    if not _is_for_programs(request):
        return render(request, "web/errors/csrf.html", status=403)
    body = error_body("CSRF_FAILED", "Send the csrftoken cookie's value as X-CSRFToken.")
    return HttpResponse(to_json(body), status=403, content_type="application/json")


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    if _is_for_programs(request):
        return for_status(status)
    if status >= 500:
        # Whatever broke may break again: nothing here asks the database or the session.
        return HttpResponse(render_to_string("web/errors/500.html"), status=status)
    return render(request, f"web/errors/{status}.html", status=status)


def _is_for_programs(request: HttpRequest) -> bool:
    return is_for_programs(request.path)
