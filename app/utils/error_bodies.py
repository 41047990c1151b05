"""The format of errors, and the texts of errors that have no class of their own.

This needs no settings: the web server uses it before the application is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

# By status.
GENERIC: dict[int, tuple[str, str]] = {
    400: ("VALIDATION_ERROR", "The request is not valid."),
    401: ("UNAUTHENTICATED", "Sign in first."),
    403: ("PERMISSION_DENIED", "You are not allowed to do this."),
    404: ("NOT_FOUND", "There is nothing here."),
    405: ("METHOD_NOT_ALLOWED", "This address does not take this method."),
    406: ("NOT_ACCEPTABLE", "This address answers in JSON."),
    408: ("REQUEST_TIMEOUT", "The request took too long to arrive."),
    411: ("LENGTH_REQUIRED", "Say how long the body is, by Content-Length."),
    413: ("PAYLOAD_TOO_LARGE", "The request is too large."),
    414: ("URI_TOO_LONG", "The address is too long: it may have 8,000 bytes."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "This address does not take this type of body."),
    417: ("EXPECTATION_FAILED", "The only expectation that is met is 100-continue."),
    429: ("RATE_LIMITED", "Too many requests. Wait a moment and try again."),
    431: ("HEADERS_TOO_LARGE", "The headers are too many or too long."),
    500: ("INTERNAL_ERROR", "Something went wrong on our side. It has been noted."),
    501: ("NOT_IMPLEMENTED", "The body's transfer coding is not known here."),
    503: ("SERVICE_UNAVAILABLE", "This is not available right now. Try again in a moment."),
    505: ("HTTP_VERSION_NOT_SUPPORTED", "Speak HTTP/1.1."),
}
# Errors of the request itself, not of a value in it.
MALFORMED = ("BAD_REQUEST", "This is not a request that can be read.")
# Errors of every request with an Idempotency-Key.
IDEMPOTENCY_CODES = ("IDEMPOTENCY_KEY_REUSED", "REQUEST_IN_PROGRESS")

# The WSGI environment's key for the status of a request whose body is refused (serving/bodies.py).
REFUSED = "style_license.refused"


class Error(TypedDict):
    code: str
    message: str
    details: NotRequired[Mapping[str, object]]


class ErrorBody(TypedDict):
    success: bool
    error: Error


def error_body(code: str, message: str, details: Mapping[str, object] | None = None) -> ErrorBody:
    error: Error = {"code": code, "message": message}
    if details:
        error["details"] = details
    return {"success": False, "error": error}


def generic_body(status: int) -> ErrorBody:
    return error_body(*GENERIC.get(status, GENERIC[500 if status >= 500 else 400]))


def refusal_body(status: int) -> ErrorBody:
    """The body for a request that was refused before any view."""
    return error_body(*MALFORMED) if status == 400 else generic_body(status)
