from functools import partial
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.models import Comment
from app.models.reads.feed import Part, feed
from app.models.reads.search import lists_of
from app.permissions import IsOwnerOrStaff
from app.serializers.community import (
    CommentCreateSerializer,
    CommentSerializer,
    LikeStateSerializer,
)
from app.serializers.generation import FeedQuerySerializer, PictureSerializer
from app.services import community_service, moderation_service
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet, ReadOnlyViewSet


class FeedViewSet(ReadOnlyViewSet):
    """What the community made and shows, newest first or, with `sort=popular`, by its heat.

    Filters may be combined: a style, an artist, a format, a `tag`, which is a phrase of the order
    or a word of it, and `q`, words of which the order has each.
    """

    schema_tag = "community"
    output = {"list": PictureSerializer}
    query = {"list": FeedQuerySerializer}
    shared = ("list",)
    schema_names = {"list": "feed"}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        viewer_id = request.user.pk
        wanted = self.parse_query()
        if wanted["following"] and viewer_id is None:
            raise NotAuthenticated
        part: Part = "followed" if wanted["following"] else ""
        is_popular = wanted["sort"] == "popular"
        return self.page_of(feed(viewer_id, part, keys=lists_of(**wanted), is_popular=is_popular))


class CommentViewSet(BaseViewSet):
    """What people say about a public picture, and that they like it."""

    schema_tag = "community"
    output = {
        "list": CommentSerializer,
        **dict.fromkeys(("like", "set_like", "remove_like"), LikeStateSerializer),
    }
    input = {"create": CommentCreateSerializer}
    related = {"list": ("with_author",)}
    success = {"create": 201, "destroy": 204}
    schema_names = {"list": "comments", "create": "comment", "destroy": "delete_comment"}
    action_permissions = {
        "create": (IsAuthenticated,),
        "destroy": (IsOwnerOrStaff,),
        **dict.fromkeys(("like", "set_like", "remove_like"), (IsAuthenticated,)),
    }
    errors = {"create": ("COMMENT_REFUSED", *IDEMPOTENCY_CODES)}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """The comments on a picture, oldest first."""
        return super().list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Comment]:
        return Comment.objects.on_public(self.kwargs["pk"], self.request.user)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Comment on a picture, or answer a comment on it (one level deep)."""
        comment = partial(community_service.add_comment, **self.parse())
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: comment(user=self.user, generation_id=kwargs["pk"]),
            find=community_service.comment_of,
            status=201,
        )

    def remove(self, pk: Any) -> None:
        """Delete my own comment (staff: any) with its replies."""
        moderation_service.delete_comment(user=self.user, comment_id=pk, may_change=self.may_change)

    def like(self, request: Request, pk: int) -> Answer:
        """Like a picture, or take the like back."""
        return self._like(pk, None)

    def set_like(self, request: Request, pk: int) -> Answer:
        """Like a picture, whether I did before or not."""
        return self._like(pk, True)

    def remove_like(self, request: Request, pk: int) -> Answer:
        """Take my like back, if there is one."""
        return self._like(pk, False)

    def _like(self, picture_id: int, wanted: bool | None) -> Answer:
        like = community_service.set_like
        return self.show(like(user=self.user, generation_id=picture_id, is_liked=wanted))
