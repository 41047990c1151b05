"""Who a request is from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare
from rest_framework import authentication
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from app.exceptions import InvalidInternalToken
from app.models import User


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie, with a CSRF token for unsafe requests; 401 without a session."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied(
                "Send the csrftoken cookie's value as X-CSRFToken.", code="CSRF_FAILED"
            ) from error


def user_of(request: Request) -> User:
    """The signed-in user of a request to a protected endpoint. Raises NotAuthenticated."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def require_internal_token(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view's method run only with ``Authorization: Bearer <an internal token>``.

    Raises InvalidInternalToken. Put it on views that authenticate nobody: a worker has a token and
    no rights of a user.
    """

    @wraps(method)
    def checked(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        matches = [
            constant_time_compare(token.strip(), valid) for valid in settings.INTERNAL_API_TOKENS
        ]
        if scheme.lower() != "bearer" or not any(matches):
            raise InvalidInternalToken
        return method(view, request, *args, **kwargs)

    return checked
