"""Middleware of the pages: the visitor's language, rate limits, and errors as pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from app.exceptions import AccountSuspended, DomainError
from app.http import rights
from app.http.addresses import SIGN_IN
from app.http.authentication import refuse_suspended
from app.models import User
from app.services import rate_limit_service
from app.utils.exception_handler import STATUS_OF
from web import kept
from web.access import wants_part
from web.phrases import explain

log = structlog.get_logger(__name__)

# What was sent and not accepted is kept; but not what another site may have sent (403).
KEPT_AFTER = frozenset({400, 409, 422, 429, 503})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PROGRAM_PREFIXES = ("/api/", "/media/", "/static/")


def is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith(PROGRAM_PREFIXES)


_REFUSED = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*$", re.IGNORECASE)


class SiteLocaleMiddleware(LocaleMiddleware):
    """Chooses the language of pages. The API has one language, whatever the client accepts."""

    def process_request(self, request: HttpRequest) -> None:
        if not is_for_programs(request):
            # Django takes a language that is weighed with nothing for one that is wanted.
            accepted = request.META.get("HTTP_ACCEPT_LANGUAGE", "")
            wanted = [one.strip() for one in accepted.split(",") if not _REFUSED.search(one)]
            request.META["HTTP_ACCEPT_LANGUAGE"] = ",".join(wanted)
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if is_for_programs(request):
            return response
        return super().process_response(request, response)


class SiteMiddleware:
    """Applies rate limits to the site, and turns domain errors into pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(SIGN_IN):
            return _to_the_door(request, self.get_response(request))
        if is_for_programs(request):
            return self.get_response(request)
        response = self._answer(request)
        if request.method == "POST" and response.status_code in KEPT_AFTER:
            kept.keep(request, response)
        # Pages depend on the user, the language and the theme, and contain links that expire.
        patch_vary_headers(response, ["Cookie", "HX-Request"])
        response.setdefault("Cache-Control", "private, no-cache")
        rights.reserve(response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User) and request.method not in SAFE_METHODS:
            wait = seconds_to_wait("user", request.user.pk)
            if wait:
                return too_many(request, wait)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        if is_for_programs(request) or request.method in SAFE_METHODS:
            return None
        try:
            refuse_suspended(request, request.user)
        except AccountSuspended as error:
            return self.process_exception(request, error)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_for_programs(request):
            return None
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("database_unavailable", error=str(error))
            # This page makes no queries.
            return HttpResponse(render_to_string("web/errors/503.html"), status=503)
        if not isinstance(error, DomainError):
            return None
        status = STATUS_OF[type(error)]
        template = "web/errors/404.html" if status == 404 else "web/errors/refused.html"
        return render(request, template, {"message": explain(error)}, status=status)


def _to_the_door(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """After a failed sign-in, send people back to the sign-in page, and programs the error."""
    is_person = "text/html" in request.headers.get("Accept", "")
    if response.status_code < 400 or not is_person:
        return response
    return redirect(f"/sign-in?problem={response.status_code}")


def seconds_to_wait(scope: str, user_id: int) -> int:
    """Count an action of the user. Returns seconds to wait, or 0 if it is allowed.

    Site and API share the limits.
    """
    verdict = rate_limit_service.check(scope, f"user-{user_id}")
    return 0 if verdict is None or verdict.is_allowed else verdict.reset_seconds


def too_many(request: HttpRequest, wait: int) -> HttpResponse:
    template = "web/parts/too_many.html" if wants_part(request) else "web/errors/429.html"
    response = render(request, template, {"seconds": wait}, status=429)
    response["Retry-After"] = str(wait)
    return response
