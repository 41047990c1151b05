"""Who a request is from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from app.exceptions import InvalidInternalToken
from app.http.sessions import account_of
from app.models import ApiKey, Scope, User
from app.services import api_key_service


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie, with a CSRF token for unsafe requests; 401 without a session."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        # Django's own ``request.user`` is lazy, and each look at it takes a detour.
        account = account_of(request._request)
        if not account.is_active:
            return None
        self.enforce_csrf(request)
        return account, None

    def authenticate_header(self, request: Request) -> str:
        return "Session"

    def enforce_csrf(self, request: Request) -> None:
        if request.method in SAFE_METHODS:
            return
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied(
                "Send the csrftoken cookie's value as X-CSRFToken.", code="CSRF_FAILED"
            ) from error


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Api-Key …``, for programs. No cookie, hence no CSRF token.

    ``read`` opens the safe methods, ``generate`` ordering and canceling pictures, ``manage`` the
    rest, except what only the person may do: keys, and leaving.
    """

    keyword = "api-key"

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, secret = request._request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != self.keyword:
            return None
        key = api_key_service.find_key(secret.strip())
        if key is None:
            raise AuthenticationFailed("This API key is not valid.")
        if _scope_for(request) not in key.scopes:
            raise PermissionDenied("This API key does not have the required scope.")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Api-Key"


def _scope_for(request: Request) -> str:
    match = request._request.resolver_match
    name = match.url_name if match else ""
    if name in {"keys", "key"} or (name == "own_profile" and request.method == "DELETE"):
        return "nobody's"
    if request.method in SAFE_METHODS:
        return Scope.READ
    return Scope.GENERATE if name in {"generate", "cancel"} else Scope.MANAGE


def user_of(request: Request) -> User:
    """The signed-in user of a request to a protected endpoint. Raises NotAuthenticated."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def has_internal_token(request: HttpRequest | Request) -> bool:
    """Whether the request carries ``Authorization: Bearer <an internal token>``."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    matches = [
        constant_time_compare(token.strip(), valid) for valid in settings.INTERNAL_API_TOKENS
    ]
    return scheme.lower() == "bearer" and any(matches)


def require_internal_token(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view's method run only with ``Authorization: Bearer <an internal token>``.

    Raises InvalidInternalToken. Put it on views that authenticate nobody: a worker has a token and
    no rights of a user.
    """

    @wraps(method)
    def checked(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        if not has_internal_token(request):
            raise InvalidInternalToken
        return method(view, request, *args, **kwargs)

    return checked
