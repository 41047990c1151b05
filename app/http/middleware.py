"""Around every request: its time and its id, refusals before any view, policies for browsers, and
the one shape of errors under /api.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any, ClassVar
from wsgiref.types import WSGIEnvironment

import structlog
from csp.constants import HEADER as POLICY_HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import translation
from prometheus_client import Histogram

from app.http import errors, throttling
from app.http.addresses import answers_data, is_for_programs
from app.utils import request_id
from app.utils.error_bodies import REFUSED
from app.utils.exception_handler import TOO_LARGE
from speed.headers import SameHeaders

GetResponse = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)

# With PROMETHEUS_MULTIPROC_DIR set, the processes of one web server count together.
REQUEST_SECONDS = Histogram(
    "style_license_request_seconds",
    "Time to answer a request, by route.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


class MetricsMiddleware:
    """Times each request under its route: an address is one of millions, a route of a hundred."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match is not None else "none"
        _seconds_of(request.method, route, response.status_code).observe(
            time.perf_counter() - began
        )
        return response


@cache
def _seconds_of(method: str | None, route: str, status: int) -> Histogram:
    """The histogram of one route. It is kept, since each look-up checks and locks the labels."""
    return REQUEST_SECONDS.labels(method if method in METHODS else "other", route, str(status))


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


class EdgeMiddleware:
    """Refuse what no view should see, under every web server alike."""

    # The web servers take a request line that is a little longer.
    MAX_URI = 8000

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if status := self._refusal(request.META):
            return errors.refused(request, status)
        return self.get_response(request)

    def _refusal(self, meta: WSGIEnvironment) -> int:
        """The status to answer with, 0 for what may pass."""
        if refused := meta.get(REFUSED):
            return int(refused)
        # Not every server tells how the address was written.
        uri = meta.get("RAW_URI") or f"{meta['PATH_INFO']}?{meta.get('QUERY_STRING', '')}"
        if len(uri) > self.MAX_URI:
            return 414
        if meta.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            return 415
        return 0


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
        self.for_pages = get_response
        self.for_data = PagesOnlyEndMiddleware.latest.get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if answers_data(request.path):
            return self.for_data(request)
        try:
            return self.for_pages(request)
        finally:
            translation.deactivate()


class BrowserHeadersMiddleware(PagesOnlyMiddleware):
    """Data over HTTPS always gets the same headers from the middlewares from here to the end."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        chain: Any = XFrameOptionsMiddleware(lambda _: HttpResponse())
        for each in (BrowserPolicyMiddleware, ContentPolicyMiddleware, SecurityMiddleware):
            chain = each(chain)
        asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/", "wsgi.url_scheme": "https"}
        response = chain(WSGIRequest(asked | {"wsgi.input": BytesIO()}))
        del response["Content-Type"]
        self._headers = SameHeaders(response.headers)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not answers_data(request.path) or not request.is_secure():
            return self.for_pages(request)
        response = self.for_data(request)
        self._headers.add_to(response)
        return response


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
    """Errors that Django answers outside of the API's views get the API's shape where programs ask.

    What is not available says when to ask again.
    """

    RETRY_SECONDS = "1"

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code >= 400
            and is_for_programs(request.path)
            and not response.headers.get("Content-Type", "").startswith("application/json")
        ):
            response = errors.for_status(response.status_code)
        if response.status_code == 503:
            response.headers.setdefault("Retry-After", self.RETRY_SECONDS)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TOO_LARGE):
            return errors.for_status(413)
        if isinstance(error, UnreadablePostError):
            return errors.for_status(400)
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("database_unavailable", error=str(error))
            return errors.for_status(503)
        return None
