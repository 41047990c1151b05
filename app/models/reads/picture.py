"""A picture: what the API, its schema and the site's cards say of a generation.

A field is added here and nowhere else: see "Add a field to a picture" in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from functools import reduce
from operator import or_
from typing import Annotated, Any

from django.db.models import Q

from app.exceptions import NotFound
from app.models.formats import OF_STORED, AspectRatio
from app.models.generation import (
    UNDER_WAY,
    Generation,
    GenerationQuerySet,
    GenerationStatus,
    Priority,
    Visibility,
    prompt_in_full,
    prompt_shown,
)
from app.models.licence import LicenceState
from app.models.rating import Rating
from app.models.reads.compiled import PagedRead, PagedRows, Read, Values, Viewer, of_viewer
from app.models.reads.people import ArtistBrief, UserBrief
from app.models.reads.row import (
    BLANK_IS_NULL,
    IS_JSON,
    OWNER_ONLY,
    Column,
    FileLink,
    Names,
    Page,
    Row,
)
from app.models.user import User


class StyleBrief(Row):
    """A style, as part of a picture."""

    id: Annotated[int, Column("pk")]
    name: str


class FeedPicture(Row):
    """A picture in the feed and on the other walls."""

    id: Annotated[int, Column("pk")]
    image_url: Annotated[FileLink, Column("image_path")]
    preview_url: Annotated[FileLink, Column("preview_path")]
    placeholder: str
    width: int
    height: int
    aspect_ratio: Annotated[AspectRatio, Names(OF_STORED)]
    prompt_tags: list[str]
    prompt: Annotated[str | None, BLANK_IS_NULL]
    seed: int
    rating: Rating
    description: str
    like_count: int
    comment_count: int
    is_liked_by_current_user: Annotated[bool, Column("is_liked")]
    user: UserBrief
    style: StyleBrief
    artist: Annotated[ArtistBrief, Column("style__artist")]
    created_at: datetime

    @property
    def prompt_shown(self) -> str:
        return prompt_shown(self.prompt, self.prompt_tags)

    @property
    def heat(self) -> int:
        """That of its entries in the feed (see FeedEntry): seconds, and a day for each doubling."""
        return int(self.created_at.timestamp()) + 86_400 * ((1 + self.like_count).bit_length() - 1)


class LicenceBrief(Row):
    """The licence of a completed picture, as part of it."""

    number: str
    url: Annotated[str, Column("number"), Page("licences")]
    state: LicenceState


class PictureDetail(FeedPicture):
    """A picture by itself; its owner also sees what it cost and what became of it."""

    status: GenerationStatus
    visibility: Visibility
    allows_comments: bool
    finished_at: datetime | None
    cost: Annotated[int | None, OWNER_ONLY]
    priority: Annotated[Priority | None, OWNER_ONLY]
    settings: Annotated[dict[str, Any] | None, OWNER_ONLY, IS_JSON]
    failure_reason: Annotated[str | None, OWNER_ONLY, BLANK_IS_NULL]
    hidden_reason: Annotated[str | None, OWNER_ONLY, BLANK_IS_NULL]
    licence: LicenceBrief | None

    @property
    def has_ended(self) -> bool:
        return self.status not in UNDER_WAY


class DeletedPicture(PictureDetail):
    """A picture that its buyer deleted and may put back."""

    deleted_at: datetime


def _build_picture(is_signed_in: bool, values: Values) -> Any:
    viewer: Any = Viewer(values.get("viewer_id"), is_signed_in)
    pictures = Generation.objects.visible_to(viewer).with_people().with_liked_by(viewer)
    return pictures.filter(pk=values["generation_id"]).order_by()


PICTURE = Read(PictureDetail, _build_picture)


def picture(viewer_id: int | None, generation_id: int) -> PictureDetail:
    """A picture as ``viewer_id`` sees it. Raises NotFound."""
    values = {"generation_id": generation_id, **of_viewer(viewer_id)}
    found = PICTURE.first(viewer_id is not None, values)
    if found is None:
        raise NotFound("There is no such picture.")
    if found.user.id != viewer_id:
        found.hide_from_others()
        if found.rating != Rating.GENERAL and not _wants_mature(viewer_id):
            # What is left is the placeholder.
            found.image_url = found.preview_url = None
    return found


def _wants_mature(viewer_id: int | None) -> bool:
    return User.objects.filter(pk=viewer_id, shows_mature=True).exists()


def _build_own(shape: tuple[str, str, bool], values: Values) -> Any:
    viewer: Any = Viewer(values["viewer_id"], is_authenticated=True)
    status, visibility, is_of_collection = shape
    own = Generation.objects.of(viewer, status=status, visibility=visibility)
    return own.collected_in(values["collection_id"]) if is_of_collection else own


# Its shape is status and visibility, "" for all, and whether those of one collection are wanted.
OWN_PICTURES = PagedRead(
    PictureDetail, ("created_at", "id"), _build_own, is_uneven=lambda shape: True
)


def own_pictures(
    viewer_id: int, *, status: str = "", visibility: str = "", collection: int | None = None
) -> PagedRows[PictureDetail]:
    """The pictures that ``viewer_id`` ordered, newest first; empty values do not narrow. Whose
    collection it is, the caller has asked."""
    values = {"viewer_id": viewer_id}
    if collection is not None:
        values["collection_id"] = collection
    return OWN_PICTURES.listing((status, visibility, collection is not None), values)


def find_own(
    viewer: User,
    *,
    words: Iterable[Sequence[str]] = (),
    style: str = "",
    since: date | None = None,
    until: date | None = None,
    collection: int | None = None,
    **more: Any,
) -> GenerationQuerySet:
    """The pictures that ``viewer`` ordered, newest first: with each of ``words``, lists of
    spellings, in their prompts; in styles whose name has ``style`` in it; ordered on these days or
    between them, in UTC; in one of their collections. ``more`` is what a query set filters by."""
    found = Generation.objects.of(viewer).select_related("licence").filter(**more)
    found = found.alias(prompt_text=prompt_in_full())
    if collection is not None:
        found = found.collected_in(collection)
    for spelled in words:
        found = found.filter(reduce(or_, (Q(prompt_text__icontains=each) for each in spelled)))
    if style:
        found = found.filter(style__name__icontains=style)
    if since:
        found = found.filter(created_at__gte=datetime.combine(since, time.min, UTC))
    if until:
        found = found.filter(created_at__lte=datetime.combine(until, time.max, UTC))
    return found


def with_keys(pictures: Iterable[Generation]) -> list[PictureDetail]:
    """Rows of ``pictures`` with the storage keys of files, as the site's walls take them."""
    return [PictureDetail.of(picture, lambda key: key) for picture in pictures]
