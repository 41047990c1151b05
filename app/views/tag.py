from typing import Any

import orjson
from rest_framework.request import Request

from app.http.bodies import Answer, to_json
from app.models import Tag
from app.models.tagging import TagQuerySet
from app.serializers.tag import TagQuerySerializer, TagSerializer
from app.utils import caches
from app.views.base import ReadOnlyViewSet

POPULAR = 20


class TagViewSet(ReadOnlyViewSet):
    """The tags that artists use most, and search among them."""

    pagination_class = None
    output = {"list": TagSerializer}
    query = {"list": TagQuerySerializer}
    shared = ("list",)
    schema_tag = "tags"

    def get_queryset(self) -> TagQuerySet:
        return Tag.objects.active()

    def list(self, request: Request, *args: object, **kwargs: object) -> Any:
        """The most used tags, or those that contain `search`."""
        text = self.parse_query()["search"]
        if text or set(request.query_params) - {"search"}:
            return Answer(self._found(text))
        body = caches.remembered(
            caches.TAGS, "", lambda: to_json(self._found("")), seconds=caches.TAGS_SECONDS
        )
        return Answer(orjson.Fragment(body))

    def _found(self, text: str) -> Any:
        return self.get_serializer(self.get_queryset().matching(text)[:POPULAR], many=True).data
