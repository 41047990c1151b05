from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.models import Comment
from app.models.hot_reads import FEED, FeedShape
from app.pagination import CustomCursorPagination
from app.permissions import IsOwnerOrStaff
from app.serializers.base import fields_asked_for, narrowed
from app.serializers.community import (
    CommentCreateSerializer,
    CommentSerializer,
    LikeStateSerializer,
)
from app.serializers.generation import (
    FeedQuerySerializer,
    PictureSerializer,
    picture_from_row,
)
from app.services import community_service
from app.utils.links import linker
from app.utils.rendering import Answer
from app.views.base import BaseViewSet


class FeedViewSet(BaseViewSet):
    """What the community made and shows, newest first."""

    schema_tag = "community"
    output = {"list": PictureSerializer}
    query = {"list": FeedQuerySerializer}
    shared = ("list",)
    schema_names = {"list": "feed"}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        viewer_id = request.user.pk
        following = self.parse_query()["following"]
        if following and viewer_id is None:
            raise NotAuthenticated
        paginator = CustomCursorPagination()
        rows = paginator.paginate_compiled(
            FEED,
            request,
            shape=FeedShape(viewer_id is not None, following),
            values={} if viewer_id is None else {"viewer_id": viewer_id},
        )
        link = linker()
        pictures = [picture_from_row(row, link) for row in rows]
        return paginator.get_paginated_response(narrowed(pictures, fields_asked_for(request)))


class CommentViewSet(BaseViewSet):
    """What people say about a public picture, and that they like it."""

    schema_tag = "community"
    output = {"list": CommentSerializer, "like": LikeStateSerializer}
    input = {"create": CommentCreateSerializer}
    success = {"create": 201, "destroy": 204}
    schema_names = {"list": "comments", "create": "comment", "destroy": "delete_comment"}
    action_permissions = {
        "create": (IsAuthenticated,),
        "destroy": (IsOwnerOrStaff,),
        "like": (IsAuthenticated,),
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """The comments on a picture, oldest first."""
        return self.page_of(Comment.objects.on_public(kwargs["pk"]))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Comment on a picture, or answer a comment on it (one level deep)."""
        comment = community_service.add_comment(
            user=self.user, generation_id=kwargs["pk"], **self.parse()
        )
        return self.show(comment, status=201)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Delete my own comment (staff: any) with its replies."""
        community_service.delete_comment(
            user=self.user, comment_id=kwargs["pk"], may_change=self.may_change
        )
        return Answer(status=204)

    def like(self, request: Request, pk: int) -> Answer:
        """Like a picture, or take the like back."""
        return self.show(community_service.toggle_like(user=self.user, generation_id=pk))
