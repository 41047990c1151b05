"""Parts of views that are shared by all requests are those of the view and the action."""

from __future__ import annotations

import pytest
from django.test import Client

from app.http.authentication import ApiKeyAuthentication, SessionAuthentication
from app.http.bodies import JsonParser
from app.permissions import IsArtist, IsOwnerOrReadOnly
from app.views.style import StyleModelViewSet
from app.views.tag import TagViewSet


def test_views_share_their_parts() -> None:
    styles, tags = StyleModelViewSet(), TagViewSet()
    for view in (styles, tags):
        view.request = None
    for name in ("get_parsers", "get_renderers", "get_content_negotiator", "get_authenticators"):
        assert getattr(styles, name)() == getattr(tags, name)(), name
    assert isinstance(tags.get_parsers()[0], JsonParser)
    kinds = [type(each) for each in tags.get_authenticators()]
    assert kinds == [ApiKeyAuthentication, SessionAuthentication]


@pytest.mark.parametrize(
    ("action", "kinds"), [("list", [IsOwnerOrReadOnly]), ("create", [IsArtist]), ("report", [])]
)
def test_permissions_are_those_of_the_action(action: str, kinds: list[type]) -> None:
    view = StyleModelViewSet()
    view.action = action
    assert [type(each) for each in view.get_permissions()] == kinds


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/api/models", "get", "GET, POST, HEAD, OPTIONS"),
        ("/api/models/1", "delete", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("/api/models/mine", "get", "GET, HEAD, OPTIONS"),
        ("/api/models/1/retrain", "post", "POST, OPTIONS"),
        ("/api/images/1/status", "get", "GET, PATCH, HEAD, OPTIONS"),
    ],
)
def test_each_address_names_its_own_methods(path: str, method: str, allowed: str) -> None:
    for _ in range(2):
        assert Client().generic(method.upper(), path).headers["Allow"] == allowed
