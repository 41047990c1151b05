"""The plan's permission classes. What may be seen is decided by query sets
(``visible_to`` in app/models/generation.py and style.py), not here.

What may be changed is: a view hands ``may_change`` to the service, which asks it about the row that
it has locked (see ``BaseViewSet.may_change``).
"""

from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.views import APIView

from app.exceptions import ArtistOnly
from app.http.authentication import user_of
from app.models.ownership import is_owner, is_owner_or_staff
from app.services.safety import rights
from app.services.safety.rights import Right


class IsArtist(permissions.IsAuthenticated):
    """Signed in, and an artist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if not user_of(request).is_artist:
            raise ArtistOnly
        return True


class IsOwner(permissions.IsAuthenticated):
    """Only the one it belongs to."""

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        return is_owner(request.user, obj)


class IsOwnerOrStaff(permissions.IsAuthenticated):
    """The one it belongs to, and who keeps order here."""

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        return is_owner_or_staff(request.user, obj)


class _HasRight(permissions.IsAuthenticated):
    """A member of the staff with one of three rights (``app.services.safety.rights``)."""

    right: Right

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and rights.has(request.user, self.right)


class MayModerate(_HasRight):
    right = Right.MODERATE


class MayMoveMoney(_HasRight):
    right = Right.MONEY


class MayOperate(_HasRight):
    right = Right.OPERATE


class IsOwnerOrReadOnly(permissions.IsAuthenticatedOrReadOnly):
    """Everybody may look, only the owner may change."""

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        return request.method in permissions.SAFE_METHODS or is_owner(request.user, obj)
