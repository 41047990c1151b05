"""The reads that come most often, compiled once: the feed, and the poll for a picture's status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from app.models.compiled import CompiledQuery
from app.models.generation import Generation
from app.models.keyset import PageShape, keyset_page
from app.models.user import User


@dataclass(frozen=True)
class FeedShape:
    """Whose feed: an anonymous visitor's or a user's, perhaps only of whom they follow."""

    is_signed_in: bool
    following_only: bool = False


@dataclass(frozen=True)
class _Viewer:
    """What query set methods look at in a user."""

    pk: int | None
    is_authenticated: bool


# What ``PictureSerializer`` shows, as columns; the first two are what the feed is ordered by.
PICTURE_COLUMNS = (
    *("created_at", "pk", "image_path", "preview_path", "placeholder", "width", "height"),
    *("aspect_ratio", "prompt_tags", "seed", "description", "like_count", "comment_count"),
    *("user_id", "user__username", "user__profile_image", "style_id", "style__name"),
    *("style__artist_id", "style__artist__user__username"),
    *("style__artist__user__profile_image", "style__artist__artist_name", "is_liked"),
)


def _build_feed(shape: tuple[FeedShape, PageShape], values: dict[str, Any]) -> QuerySet[Any, Any]:
    feed, page = shape
    viewer: Any = _Viewer(values.get("viewer_id"), feed.is_signed_in)
    pictures = Generation.objects.feed(viewer, following_only=feed.following_only)
    after = (values["after_0"], values["after_1"]) if page.is_after else ()
    return keyset_page(pictures, page, after).values_list(*PICTURE_COLUMNS)


# With a user it takes the value ``viewer_id``.
FEED = CompiledQuery(Generation, ("created_at", "pk"), _build_feed)

# What ``GenerationStatusSerializer`` shows, as columns.
STATUS_COLUMNS = (
    *("pk", "status", "progress", "queue_position"),
    *("image_path", "preview_path", "failure_reason"),
)


def _build_status(shape: bool, values: dict[str, Any]) -> QuerySet[Any, Any]:
    viewer: Any = _Viewer(values.get("viewer_id"), shape)
    visible = Generation.objects.visible_to(viewer).with_queue_position()
    return visible.filter(pk=values["generation_id"]).order_by().values_list(*STATUS_COLUMNS)


# Its shape is whether there is a user, who is then the value ``viewer_id``.
STATUS = CompiledQuery(Generation, ("pk",), _build_status)

ACCOUNT_COLUMNS = [field.attname for field in User._meta.concrete_fields]


def _build_account(shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]:
    return User.objects.filter(pk=values["user_id"]).order_by().values_list(*ACCOUNT_COLUMNS)


# The account behind a session.
ACCOUNT = CompiledQuery(User, ("pk",), _build_account)
