"""The plan's permission classes. What may be seen is decided by query sets, not here."""

from typing import Any

from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.views import APIView

from app.authentication import user_of
from app.exceptions import ArtistOnly


class IsArtist(permissions.IsAuthenticated):
    """Signed in, and an artist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if not user_of(request).is_artist:
            raise ArtistOnly
        return True


def owner_id(thing: Any) -> int | None:
    """The id of the user a thing belongs to."""
    for name in ("user_id", "artist_id", "recipient_id"):
        if hasattr(thing, name):
            found: int = getattr(thing, name)
            return found
    return None


class IsOwner(permissions.IsAuthenticated):
    """Only the one it belongs to."""

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return owner_id(obj) == request.user.pk


class IsOwnerOrReadOnly(permissions.IsAuthenticatedOrReadOnly):
    """Everybody may look, only the owner may change."""

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return request.method in permissions.SAFE_METHODS or owner_id(obj) == request.user.pk
