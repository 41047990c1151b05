"""Answers to errors outside of the API's own views, in one shape under /api."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from app.utils.exception_handler import error_body, generic_body
from app.utils.rendering import to_json


def for_status(status: int) -> HttpResponse:
    return HttpResponse(
        to_json(generic_body(status)), status=status, content_type="application/json"
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return for_status(400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return for_status(403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return for_status(404)


def server_error(request: HttpRequest) -> HttpResponse:
    return for_status(500)


def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    body = error_body("CSRF_FAILED", "Send the csrftoken cookie's value as X-CSRFToken.")
    return HttpResponse(to_json(body), status=403, content_type="application/json")
