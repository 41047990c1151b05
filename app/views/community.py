from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from app.authentication import user_of
from app.models import Comment, Generation
from app.serializers.community import (
    CommentCreateSerializer,
    CommentSerializer,
    LikeStateSerializer,
)
from app.serializers.generation import FeedQuerySerializer, PictureSerializer
from app.services import community_service
from app.views.base import BaseViewSet, parse_query


class FeedViewSet(BaseViewSet):
    """What the community made and shows."""

    output = {"list": PictureSerializer}

    def get_queryset(self) -> QuerySet[Generation]:
        wanted = parse_query(self.request, FeedQuerySerializer)
        if wanted["following"] and not self.request.user.is_authenticated:
            raise NotAuthenticated
        return Generation.objects.feed(self.request.user, following_only=wanted["following"])


class LikeView(APIView):
    """Like a picture, or take the like back."""

    permission_classes = (IsAuthenticated,)

    def post(self, request: Request, pk: int) -> Response:
        state = community_service.toggle_like(user=user_of(request), generation_id=pk)
        return Response(LikeStateSerializer(state).data)


class CommentViewSet(BaseViewSet):
    """What people say about a picture, oldest first."""

    output = {"list": CommentSerializer}
    input = {"create": CommentCreateSerializer}
    action_permissions = {
        "list": (AllowAny,),
        "create": (IsAuthenticated,),
        "destroy": (IsAuthenticated,),
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.page_of(Comment.objects.on_public(kwargs["pk"]))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        comment = community_service.add_comment(
            user=self.user, generation_id=kwargs["pk"], **self.parse()
        )
        return self.show(comment, status=201)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        community_service.delete_comment(user=self.user, comment_id=kwargs["pk"])
        return Response(status=204)
