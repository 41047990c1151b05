"""How often somebody may ask the API: limits by user, else by address.

``RATE_LIMITS`` in the settings has the numbers; ``web/middleware.py`` asks the same of the site.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from app.http.addresses import client_address
from app.http.bodies import to_json
from app.services import rate_limit_service
from app.services.rate_limit_service import Verdict
from app.utils.error_bodies import generic_body

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module

Response = TypeVar("Response", bound=HttpResponseBase)


class ApiThrottle(BaseThrottle):
    """One limit a request: the one that the view names as ``throttle_scope``, else the general
    one for signed-in or for anonymous requests."""

    def __init__(self) -> None:
        self._verdict: Verdict | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        user = request.user
        general = "user" if user.is_authenticated else "anonymous"
        scope = getattr(view, "throttle_scope", None) or general
        who = f"user-{user.pk}" if user.is_authenticated else client_address(request._request)
        self._verdict = check(request._request, scope, who)
        return self._verdict is None or self._verdict.is_allowed

    def wait(self) -> float | None:
        return float(self._verdict.reset_seconds) if self._verdict else None


def limited(scope: str, view: Callable[..., Response]) -> Callable[..., Response | HttpResponse]:
    """``view``, a plain Django view, under the limit ``scope`` for each address."""

    @wraps(view)
    def checked(request: HttpRequest, **named: Any) -> Response | HttpResponse:
        verdict = check(request, scope, client_address(request))
        if verdict is None or verdict.is_allowed:
            return view(request, **named)
        return HttpResponse(
            to_json(generic_body(429)),
            status=429,
            content_type="application/json",
            headers={"Retry-After": str(verdict.reset_seconds)},
        )

    return checked


def check(request: HttpRequest, scope: str, who: str) -> Verdict | None:
    """Count the request, and keep the verdict for the headers of its answer."""
    verdict = rate_limit_service.check(scope, who)
    request.rate_limit = verdict  # type: ignore[attr-defined]
    return verdict


def headers_of(request: HttpRequest) -> dict[str, str]:
    """What the answer to ``request`` says about limits; nothing when it was not limited."""
    verdict: Verdict | None = getattr(request, "rate_limit", None)
    if verdict is None:
        return {}
    return {
        "RateLimit-Limit": str(verdict.limit),
        "RateLimit-Remaining": str(verdict.remaining),
        "RateLimit-Reset": str(verdict.reset_seconds),
    }
