"""``/api/collections``: a buyer's own folders of pictures."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from app.http.bodies import Answer
from app.models import Collection
from app.models.collection import counted
from app.permissions import IsOwner
from app.serializers.collection import (
    CollectedSerializer,
    CollectionNameSerializer,
    CollectionSerializer,
)
from app.services import collection_service
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet


class CollectionViewSet(BaseViewSet):
    """Collections: my own folders of pictures. Nobody else sees them. Their pictures are listed by
    `/api/images/mine?collection=`."""

    permission_classes = (IsOwner,)
    output = {"list": CollectionSerializer}
    input = {
        "create": CollectionNameSerializer,
        "update": CollectionNameSerializer,
        "add": CollectedSerializer,
        "take_out": CollectedSerializer,
    }
    schema_tag = "collections"
    success = {"create": 201, "destroy": 204}
    errors = {
        "create": ("CONFLICT", *IDEMPOTENCY_CODES),
        "add": ("CONFLICT",),
        "take_out": ("VALIDATION_ERROR", "INVALID_JSON", "UNSUPPORTED_MEDIA_TYPE"),
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """My collections, newest first."""
        found = self.paginate_queryset(Collection.objects.of(self.user)) or []
        return self.get_paginated_response(self._render(counted(*found), many=True))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Make a collection. At most 200."""
        given = self.parse()
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: _told(collection_service.create(user=self.user, **given)),
            find=lambda pk: _told(collection_service.find(self.user, pk)),
            status=201,
        )

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One of my collections."""
        found = collection_service.find(self.user, kwargs["pk"], may_change=self.may_change)
        return self.show(_told(found))

    def change(self, given: dict[str, Any]) -> Collection:
        """Give it another name."""
        return _told(collection_service.rename(**self._this(self.kwargs["pk"]), **given))

    def remove(self, pk: Any) -> None:
        """Delete a collection. Its pictures stay."""
        collection_service.delete(**self._this(pk))

    def add(self, request: Request, pk: int) -> Answer:
        """Put pictures in, up to 500 at once. At most 5,000 are in a collection."""
        return self.show(_told(collection_service.add(**self._this(pk), **self.parse())))

    def take_out(self, request: Request, pk: int) -> Answer:
        """Take pictures out, up to 500 at once."""
        return self.show(_told(collection_service.remove(**self._this(pk), **self.parse())))

    def _this(self, pk: Any) -> dict[str, Any]:
        return {"user": self.user, "collection_id": pk, "may_change": self.may_change}


def _told(collection: Collection) -> Collection:
    return counted(collection)[0]
