from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from app.models import Tag
from app.serializers.tag import TagSerializer
from app.views.base import BaseViewSet

POPULAR = 20


class TagViewSet(BaseViewSet):
    """The tags that artists use most, and search among them."""

    output = {"list": TagSerializer}

    def get_queryset(self) -> QuerySet[Tag]:
        return Tag.objects.matching(self.request.query_params.get("search", ""))

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        return Response(self.get_serializer(self.get_queryset()[:POPULAR], many=True).data)
