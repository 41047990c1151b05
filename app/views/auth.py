"""Signing in and out. The OAuth flow is django-allauth's, tightened in ``app/sign_in.py``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login, logout
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.serializers.user import (
    DemoSignInSerializer,
    EndSessionsQuerySerializer,
    MeSerializer,
    SessionsSerializer,
    SignedOutSerializer,
)
from app.services import session_service, user_service
from app.views.base import ApiViewSet


@method_decorator(ensure_csrf_cookie, name="dispatch")
class AuthViewSet(ApiViewSet):
    """Who I am. Every answer sets the ``csrftoken`` cookie, whatever its status."""

    schema_tag = "auth"
    output = {
        "list": MeSerializer,
        "logout": SignedOutSerializer,
        "sessions": SessionsSerializer,
    }
    input = {"demo": DemoSignInSerializer}
    action_permissions = {
        **dict.fromkeys(("me", "logout"), (IsAuthenticated,)),
        **dict.fromkeys(("sessions", "end_session", "end_sessions"), (IsAuthenticated,)),
    }
    query = {"end_sessions": EndSessionsQuerySerializer}
    success = dict.fromkeys(("end_session", "end_sessions"), 204)
    errors = {"demo": ("NOT_FOUND",), "end_session": ("NOT_FOUND",)}

    @property
    def throttle_scope(self) -> str | None:
        return "sign_in" if self.action == "demo" else None

    def me(self, request: Request) -> Answer:
        """The signed-in user."""
        return self.show(self.user)

    def logout(self, request: Request) -> Answer:
        """End the session."""
        logout(request)
        return self.show({"signed_out": True})

    def sessions(self, request: Request) -> Answer:
        """The browsers that I am signed in with."""
        key = request._request.session.session_key
        return self.show({"sessions": session_service.sessions_of(self.user, key)})

    def end_session(self, request: Request, pk: str) -> Answer:
        """Sign a browser out."""
        ended = session_service.end(self.user, pk)
        if ended == request._request.session.session_key:
            logout(request)
        return Answer(status=204)

    def end_sessions(self, request: Request) -> Answer:
        """Sign out everywhere, here too. With `keys=true` my API keys are revoked as well."""
        session_service.end_all(self.user, with_keys=self.parse_query()["keys"])
        logout(request)
        return Answer(status=204)

    def demo(self, request: Request, *args: Any) -> Answer:
        """Sign in to a demo account by its name alone; it is made if new. Only in `make run`."""
        user_service.require_demo()
        user = user_service.sign_in_demo(self.parse()["username"])
        login(request, user)
        return self.show(user)
