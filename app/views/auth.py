"""Signing in and out. The OAuth flow is django-allauth's, tightened in ``app/sign_in.py``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login, logout
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.serializers.user import DemoSignInSerializer, MeSerializer, SignedOutSerializer
from app.services import user_service
from app.views.base import ApiViewSet


@method_decorator(ensure_csrf_cookie, name="dispatch")
class AuthViewSet(ApiViewSet):
    """Who I am. Every answer sets the ``csrftoken`` cookie, whatever its status."""

    schema_tag = "auth"
    output = {"list": MeSerializer, "logout": SignedOutSerializer}
    input = {"demo": DemoSignInSerializer}
    action_permissions = {"me": (IsAuthenticated,), "logout": (IsAuthenticated,)}
    errors = {"demo": ("NOT_FOUND",)}

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

    def demo(self, request: Request, *args: Any) -> Answer:
        """Sign in to a demo account by its name alone; it is made if new. Only in `make run`."""
        user_service.require_demo()
        user = user_service.sign_in_demo(self.parse()["username"])
        login(request, user)
        return self.show(user)
