from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from app.models import Tag
from app.serializers.tag import TagQuerySerializer, TagSerializer
from app.views.base import BaseViewSet

POPULAR = 20


class TagViewSet(BaseViewSet):
    """The tags that artists use most, and search among them."""

    pagination_class = None
    output = {"list": TagSerializer}
    query = {"list": TagQuerySerializer}
    schema_tag = "tags"

    def get_queryset(self) -> QuerySet[Tag]:
        return Tag.objects.filter(is_active=True)

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """The most used tags, or those that contain `search`."""
        tags = Tag.objects.matching(self.parse_query()["search"])[:POPULAR]
        return Response(self.get_serializer(tags, many=True).data)
