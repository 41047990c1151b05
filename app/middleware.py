"""Around every request: its id, and the one shape of errors under /api."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from app import throttling
from app.utils import request_id
from app.views import errors

GetResponse = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)


class RequestIdMiddleware:
    """Choose the request's id, bind it to the logs, answer with it and with what limits say."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request_id.choose(request.headers.get("X-Request-ID"))
        request_id.set_current(chosen)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=chosen)
        response = self.get_response(request)
        response["X-Request-ID"] = chosen
        for name, value in throttling.headers_of(request).items():
            response[name] = value
        return response


class BrowserPolicyMiddleware:
    """Tell browsers which of their features no page here needs, and what some pages need more.

    ``CONTENT_SECURITY_POLICY_ADDITIONS`` maps the beginning of a path to directives that are added
    to the policy of the pages below it. Stands within django-csp's middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        for prefix, directives in settings.CONTENT_SECURITY_POLICY_ADDITIONS.items():
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
    """Errors that Django answers outside of the API's views get the API's shape under /api."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code >= 400
            and request.path.startswith("/api/")
            and not response.headers.get("Content-Type", "").startswith("application/json")
        ):
            return errors.for_status(response.status_code)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RequestDataTooBig | TooManyFilesSent):
            return errors.for_status(413)
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("database_unavailable", error=str(error))
            return errors.for_status(503)
        return None
