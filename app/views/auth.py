"""Signing in and out. The OAuth flow is django-allauth's, tightened in ``app/sign_in.py``."""

from django.contrib.auth import login, logout
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from app.authentication import user_of
from app.models import Artist, User
from app.serializers.user import DemoSignInSerializer, MeSerializer
from app.services import user_service
from app.views.base import parse


def me(user: User) -> Response:
    artist = Artist.objects.filter(pk=user.pk).first() if user.is_artist else None
    return Response(MeSerializer(user, context={"artist": artist}).data)


@method_decorator(ensure_csrf_cookie, name="dispatch")
class MeView(APIView):
    """The signed-in user. Sets the ``csrftoken`` cookie whatever it answers."""

    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        return me(user_of(request))


class LogoutView(APIView):
    """End the session."""

    permission_classes = (IsAuthenticated,)

    def post(self, request: Request) -> Response:
        logout(request)
        return Response({"signed_out": True})


@method_decorator(ensure_csrf_cookie, name="dispatch")
class DemoSignInView(APIView):
    """Sign in to a demo account by its name alone. Only in ``make run``."""

    throttle_scope = "sign_in"
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        user_service.require_demo()
        user = user_service.sign_in_demo(parse(request, DemoSignInSerializer)["username"])
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return me(user)
