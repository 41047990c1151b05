from typing import Any

import orjson
from django.db.models import QuerySet
from rest_framework.request import Request

from app.models import Tag
from app.serializers.tag import TagQuerySerializer, TagSerializer
from app.utils import caches
from app.utils.rendering import Answer, to_json
from app.views.base import BaseViewSet

POPULAR = 20


class TagViewSet(BaseViewSet):
    """The tags that artists use most, and search among them."""

    pagination_class = None
    output = {"list": TagSerializer}
    query = {"list": TagQuerySerializer}
    shared = ("list",)
    schema_tag = "tags"

    def get_queryset(self) -> QuerySet[Tag]:
        return Tag.objects.filter(is_active=True)

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
        return self.get_serializer(Tag.objects.matching(text)[:POPULAR], many=True).data
