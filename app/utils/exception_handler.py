"""Where errors become HTTP responses."""

from __future__ import annotations

import errno

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.response import Response

from app import exceptions as domain
from app.utils.error_bodies import GENERIC, ErrorBody, error_body, generic_body, refusal_body

log = structlog.get_logger(__name__)

# Every subclass of DomainError that can be raised is here; a test checks that.
STATUS_OF: dict[type[domain.DomainError], int] = {
    domain.InvalidInput: 400,
    domain.InsufficientImages: 400,
    domain.TooManyImages: 400,
    domain.InvalidImageFormat: 400,
    domain.ImageTooLarge: 400,
    domain.ImageTooSmall: 400,
    domain.ImageTooNarrow: 400,
    domain.DuplicateImage: 400,
    domain.DuplicateStyleName: 400,
    domain.InsufficientTokensError: 402,
    domain.PaymentRefused: 402,
    domain.NotAllowed: 403,
    domain.ArtistOnly: 403,
    domain.DeclarationRequired: 403,
    domain.SpendingFrozen: 403,
    domain.AccountSuspended: 403,
    domain.LeftSuspended: 403,
    domain.InvalidInternalToken: 403,
    domain.NotFound: 404,
    domain.Conflict: 409,
    domain.StyleInUse: 409,
    domain.RequestInProgress: 409,
    domain.StaleAttempt: 409,
    domain.InvalidTransition: 409,
    domain.PriceChanged: 409,
    domain.PayoutUnderWay: 409,
    domain.PayoutAccountRequired: 409,
    domain.PayoutTooSmall: 409,
    domain.EarningsLeft: 409,
    domain.NotRefundable: 409,
    domain.InvalidSignature: 400,
    domain.QuotaExceeded: 429,
    domain.TermsChanged: 409,
    domain.StyleNotReady: 422,
    domain.WordsRefused: 422,
    domain.CommentRefused: 422,
    domain.StyleOnHold: 422,
    domain.IdempotencyKeyReused: 422,
    domain.RateLimited: 429,
    domain.ServiceUnavailable: 503,
    domain.Unreadable: 503,
}

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
# A disk or a quota is full, or a process has reached its limit; uploads are buffered on disk.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


# Their own words say more than those of their status.
SAYING_WHY = (drf.AuthenticationFailed, drf.PermissionDenied)
UNKNOWN_SCHEME = "Send an API key as “Authorization: Api-Key sl_…” or “Authorization: Bearer sl_…”."


def custom_exception_handler(error: Exception, context: dict[str, object]) -> Response | None:
    """The response for ``error``; None for an unexpected error, which becomes a logged 500."""
    if isinstance(error, domain.DomainError):
        body = error_body(error.code, error.message, error.details)
        again = {"Retry-After": str(error.seconds)} if isinstance(error, domain.RateLimited) else {}
        return Response(body, status=STATUS_OF[type(error)], headers=again)
    if isinstance(error, Http404):
        error = drf.NotFound()
    elif isinstance(error, PermissionDenied):
        error = drf.PermissionDenied()
    elif isinstance(error, TOO_LARGE):
        return Response(generic_body(413), status=413)
    elif isinstance(error, UnreadablePostError):
        return Response(refusal_body(400), status=400)
    elif isinstance(error, OperationalError | InterfaceError):
        log.warning("database_unavailable", error=str(error))
        return Response(generic_body(503), status=503)
    elif isinstance(error, OSError) and error.errno in NO_ROOM:
        log.error("disk_full", error=str(error))
        return Response(generic_body(503), status=503)
    if not isinstance(error, drf.APIException):
        return None
    if (wait := getattr(error, "wait", None)) is not None:
        again_in = domain.RateLimited(max(1, int(wait + 0.999)))
        return custom_exception_handler(again_in, context)
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    request = context.get("request")
    if isinstance(error, drf.NotAuthenticated) and "HTTP_AUTHORIZATION" in getattr(
        request, "META", ()
    ):
        error = drf.AuthenticationFailed(UNKNOWN_SCHEME)
    return Response(_body_of(error), status=error.status_code, headers=headers)


def _body_of(error: drf.APIException) -> ErrorBody:
    code, message = GENERIC.get(error.status_code, GENERIC[400])
    if isinstance(error, drf.ValidationError):
        details = _details(error.detail)
        first = next(iter(details))
        return error_body(code, f"{first}: {details[first][0]}", details)
    if isinstance(error, drf.ParseError):
        return error_body("INVALID_JSON", "The body is not valid JSON.")
    codes = error.get_codes()
    if isinstance(error, SAYING_WHY) and error.detail != error.default_detail:
        message = str(error.detail)
    if isinstance(codes, str) and codes.isupper():
        return error_body(codes, str(error.detail))
    return error_body(code, message)


def _details(detail: object, prefix: str = "") -> dict[str, list[str]]:
    """Flatten the errors of DRF into field → messages. Nested fields are joined with dots."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, value in detail.items():
            path = f"{prefix}.{name}" if prefix else str(name)
            found.update(_details(value, path))
        return found
    if isinstance(detail, list):
        if all(isinstance(item, str) for item in detail):
            return {prefix or "body": [str(item) for item in detail]}
        found = {}
        for index, item in enumerate(detail):
            if item:
                found.update(_details(item, f"{prefix}.{index}" if prefix else str(index)))
        return found
    return {prefix or "body": [str(detail)]}
