"""Around every request: its id, and the one shape of errors under /api."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from csp.constants import HEADER as POLICY_HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from app import throttling
from app.utils import request_id
from app.utils.addresses import answers_data
from app.views import errors

GetResponse = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)


class RequestIdMiddleware:
    """Choose the request's id, which logs carry, answer with it and with what limits say."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request_id.choose(request.META.get("HTTP_X_REQUEST_ID"))
        request_id.set_current(chosen)
        response = self.get_response(request)
        response["X-Request-ID"] = chosen
        for name, value in throttling.headers_of(request).items():
            response[name] = value
        return response


class PagesOnlyEndMiddleware:
    """Here the middlewares end that are only for pages."""

    # Django makes the innermost middleware first: this one before PagesOnlyMiddleware.
    latest: ClassVar[PagesOnlyEndMiddleware]

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        type(self).latest = self

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class PagesOnlyMiddleware:
    """From here to PagesOnlyEndMiddleware only pages pass. Data goes straight to the end.

    The language of a page is not left to the next request of this thread, which may be a program's.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._for_pages = get_response
        self._for_data = PagesOnlyEndMiddleware.latest.get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if answers_data(request.path):
            return self._for_data(request)
        try:
            return self._for_pages(request)
        finally:
            translation.deactivate()


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp for pages. Data may load nothing at all, whatever a browser takes it for."""

    FOR_DATA = "default-src 'none'; frame-ancestors 'none'"

    def __call__(self, request: HttpRequest) -> Any:
        if not answers_data(request.path):
            return super().__call__(request)
        response: Any = self.get_response(request)
        response.headers.setdefault(POLICY_HEADER, self.FOR_DATA)
        return response


class BrowserPolicyMiddleware:
    """Tell browsers which of their features no page here needs, and what some pages need more.

    ``CONTENT_SECURITY_POLICY_ADDITIONS`` maps the beginning of a path to directives that are added
    to the policy of the pages below it. Stands within the content policy's middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._additions = settings.CONTENT_SECURITY_POLICY_ADDITIONS

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        for prefix, directives in self._additions.items():
            if request.path.startswith(prefix):
                # Where django-csp's own decorators leave theirs.
                response._csp_update = directives  # type: ignore[attr-defined]
        return response


class TrailingSlashMiddleware:
    """``/api/models/`` is ``/api/models``: served alike, without a redirect."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/") and request.path_info.endswith("/"):
            request.path_info = request.path_info[:-1]
        return self.get_response(request)


class ApiErrorMiddleware:
    """Errors that Django answers outside of the API's views get the API's shape under /api.

    What is not available says when to ask again.
    """

    RETRY_SECONDS = "1"

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code >= 400
            and request.path.startswith("/api/")
            and not response.headers.get("Content-Type", "").startswith("application/json")
        ):
            response = errors.for_status(response.status_code)
        if response.status_code == 503:
            response.headers.setdefault("Retry-After", self.RETRY_SECONDS)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RequestDataTooBig | TooManyFilesSent):
            return errors.for_status(413)
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("database_unavailable", error=str(error))
            return errors.for_status(503)
        return None
