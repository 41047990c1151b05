"""The statements that come most often, compiled once.

Each is a query set of the models, the columns of its rows, and a shape. The serializers'
``from_row`` methods say what becomes of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Count,
    F,
    FilteredRelation,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from app.models.generation import Generation, queue_position
from app.models.notification import Notification
from app.models.reads.keyset import PageShape, keyset_page, ordering
from app.models.session import Session
from app.models.style import Artwork, Style, StyleQuerySet
from speed.queries import CompiledInstances, CompiledQuery, Row


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
    is_artist: bool = False


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
FEED = CompiledQuery(
    Generation,
    ("created_at", "pk"),
    _build_feed,
    is_uneven=lambda shape: shape[0].following_only,
)

# What ``PictureDetailSerializer`` shows beyond that, and to whom.
PICTURE_DETAIL_COLUMNS = ("status", "visibility", "finished_at", "cost", "failure_reason")


def _build_picture(shape: bool, values: dict[str, Any]) -> QuerySet[Any, Any]:
    viewer: Any = _Viewer(values.get("viewer_id"), shape)
    pictures = Generation.objects.visible_to(viewer).with_people().with_liked_by(viewer)
    picture = pictures.filter(pk=values["generation_id"]).order_by()
    return picture.values_list(*PICTURE_COLUMNS, *PICTURE_DETAIL_COLUMNS)


# Its shape is whether there is a user, who is then the value ``viewer_id``.
PICTURE = CompiledQuery(Generation, ("pk",), _build_picture)

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


def _build_session(shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]:
    sessions = Session.objects.select_related("user")
    return sessions.filter(session_key=values["session_key"], expire_date__gt=values["now"])


# A session with the account behind it.
SESSION = CompiledInstances(_build_session)


def _build_session_with_status(shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]:
    of_user = Q(user__generations__pk=values["pk"])
    columns: dict[str, Any] = {f"picture_{name}": F(f"picture__{name}") for name in STATUS_COLUMNS}
    columns["picture_queue_position"] = queue_position("picture__")
    sessions = _build_session(shape, values)
    picture = FilteredRelation("user__generations", condition=of_user)
    return sessions.alias(picture=picture).annotate(**columns)


# The same, and of the account's own picture ``pk`` what ``STATUS`` says: a poll asks for
# both, and a second statement is a fifth of what it costs.
SESSION_WITH_STATUS = CompiledInstances(_build_session_with_status)


def status_beside(session: Session) -> Row | None:
    """What ``SESSION_WITH_STATUS`` found of the picture; None when it isn't of this account."""
    row = tuple(getattr(session, f"picture_{name}", None) for name in STATUS_COLUMNS)
    return None if row[0] is None else row


@dataclass(frozen=True)
class StylesShape:
    """What somebody looks for among styles; the values are ``artist_id`` and ``tag_0`` …, and
    ``viewer_id`` of an artist, who finds their own as well."""

    is_artist: bool
    sort: str = "created_at"
    q: str = ""
    training_status: str = ""
    of_artist: bool = False
    tags: int = 0


# What ``StyleListSerializer`` shows, as columns; the first three are what lists are ordered by.
STYLE_COLUMNS = (
    *("usage_count", "created_at", "pk", "name", "thumbnail", "price", "training_status"),
    *("artist_id", "artist__user__username", "artist__user__profile_image"),
    *("artist__artist_name", "tags_json"),
)


def _is_narrowed(shape: tuple[StylesShape, PageShape]) -> bool:
    wanted, _ = shape
    return bool(wanted.q or wanted.of_artist or wanted.is_artist)


def lists_of_styles(
    find: Callable[[StylesShape, dict[str, Any]], StyleQuerySet],
) -> dict[str, CompiledQuery]:
    """Pages of what ``find`` finds, by ``StylesShape.sort``."""

    def build(shape: tuple[StylesShape, PageShape], values: dict[str, Any]) -> Any:
        wanted, page = shape
        found = find(wanted, values)
        length = len(ordering(found))
        after = tuple(values[f"after_{n}"] for n in range(length)) if page.is_after else ()
        return keyset_page(found.with_tags_json(), page, after).values_list(*STYLE_COLUMNS)

    newest = ("created_at", "pk")
    return {
        "created_at": CompiledQuery(Style, newest, build, order_at=1, is_uneven=_is_narrowed),
        "popular": CompiledQuery(Style, ("usage_count", *newest), build, is_uneven=_is_narrowed),
    }


# What ``StyleDetailSerializer`` shows beyond that.
STYLE_DETAIL_COLUMNS = ("description", "is_active", "progress", "failure_reason", "updated_at")


def _build_style(shape: bool, values: dict[str, Any]) -> QuerySet[Any, Any]:
    style = styles_for(shape, values).filter(pk=values["style_id"]).with_tags_json().order_by()
    return style.values_list(*STYLE_COLUMNS, *STYLE_DETAIL_COLUMNS)


# Its shape is whether an artist asks, who is then the value ``viewer_id``.
STYLE = CompiledQuery(Style, ("pk",), _build_style)

# What ``ArtworkSerializer`` shows, as columns.
ARTWORK_COLUMNS = ("pk", "position", "preview_path", "width", "height")


def _build_artworks(shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]:
    works = Artwork.objects.filter(style_id=values["style_id"]).order_by("position", "pk")
    return works.values_list(*ARTWORK_COLUMNS)


ARTWORKS = CompiledQuery(Artwork, ("position", "pk"), _build_artworks)


def styles_for(is_artist: bool, values: dict[str, Any]) -> StyleQuerySet:
    viewer: Any = _Viewer(values.get("viewer_id"), is_artist, is_artist)
    return Style.objects.visible_to(viewer)


# What ``NotificationSerializer`` shows, as columns.
NOTIFICATION_COLUMNS = (
    *("created_at", "pk", "type", "message", "target_type", "target_id", "is_read"),
    *("actor_id", "actor__username", "actor__profile_image"),
)


def _build_notifications(shape: tuple[bool, int, int], values: dict[str, Any]) -> Any:
    unread_only, start, stop = shape
    mine = Notification.objects.of(values["viewer_id"])
    chosen = mine.unread() if unread_only else mine
    return chosen[start:stop].values_list(*NOTIFICATION_COLUMNS)


# Its shape is whether only the unread are wanted, and from which to which.
NOTIFICATIONS = CompiledQuery(
    Notification, ("created_at", "pk"), _build_notifications, is_uneven=lambda shape: True
)


def _notification_counts(recipient: Any) -> QuerySet[Any, Any]:
    counted = Notification.objects.filter(recipient_id=recipient).order_by()
    unread = Count("pk", filter=Q(is_read=False))
    numbers = ArrayField(IntegerField())
    counts = Func(Count("pk"), unread, template="ARRAY[%(expressions)s]", output_field=numbers)
    return counted.values("recipient_id").annotate(counts=counts).values_list("counts")


def _build_notification_counts(shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]:
    return _notification_counts(values["viewer_id"])


# One row with a list: how many there are and how many are unread. None where there are none.
NOTIFICATION_COUNTS = CompiledQuery(Notification, (), _build_notification_counts)


def _build_session_with_counts(shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]:
    counts = Subquery(_notification_counts(OuterRef("user_id")))
    return _build_session(shape, values).annotate(notification_counts=counts)


# A session with its account and ``notification_counts``, the list of above or None.
SESSION_WITH_COUNTS = CompiledInstances(_build_session_with_counts)
