"""Lists of styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from app.models.reads.compiled import PagedRead, PagedRows, Values, Viewer
from app.models.reads.people import ArtistBrief
from app.models.reads.row import IS_JSON, Column, FileLink, Row
from app.models.style import Style, StyleQuerySet, TrainingStatus


class SequencedTag(Row):
    """A tag of a style, and its place among them."""

    id: Annotated[int, Column("tag_id")]
    name: Annotated[str, Column("tag__name")]
    sequence: int


class TrainingProgress(Row):
    """How far the worker is with a style."""

    current_epoch: int
    total_epochs: int
    progress_percent: float
    estimated_seconds: float | None


class StyleRow(Row):
    """A style as lists show it."""

    id: Annotated[int, Column("pk")]
    name: str
    artist: ArtistBrief
    thumbnail: FileLink
    price: int
    usage_count: int
    tags: Annotated[list[SequencedTag], Column("tags_json"), IS_JSON]
    training_status: TrainingStatus
    created_at: datetime


class OwnStyle(StyleRow):
    """A style as its artist finds it among their own."""

    is_active: bool
    is_draft: bool
    progress: Annotated[TrainingProgress | None, IS_JSON]
    failure_reason: str
    earned: int


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

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.of_artist or self.is_artist)


Wanted = tuple[StylesShape, Values]


def wanted(
    viewer: Any,
    *,
    sort: str,
    q: str,
    training_status: str,
    artist_id: int | None,
    tags: Sequence[str],
) -> Wanted:
    """Shape and values of what ``viewer`` looks for; empty values do not narrow."""
    is_artist, values = artist_viewer(viewer)
    values |= {f"tag_{number}": name for number, name in enumerate(tags)}
    if artist_id is not None:
        values["artist_id"] = artist_id
    of_artist = artist_id is not None
    return StylesShape(is_artist, sort, q, training_status, of_artist, len(tags)), values


def artist_viewer(viewer: Any) -> tuple[bool, Values]:
    """Whether an artist asks, and then who: artists also see their own that is not offered."""
    is_artist = viewer.is_authenticated and viewer.is_artist
    return is_artist, {"viewer_id": viewer.pk} if is_artist else {}


def styles_for(is_artist: bool, values: Values) -> StyleQuerySet:
    viewer: Any = Viewer(values.get("viewer_id"), is_artist, is_artist)
    return Style.objects.visible_to(viewer)


def styles_found(shape: StylesShape, values: Values) -> StyleQuerySet:
    """What is looked for among the styles that the viewer may see."""
    return styles_for(shape.is_artist, values).found_by(
        q=shape.q,
        tags=[values[f"tag_{number}"] for number in range(shape.tags)],
        artist_id=values["artist_id"] if shape.of_artist else None,
        training_status=shape.training_status,
        sort=shape.sort,
    )


ORDERS = {"created_at": ("created_at", "id"), "popular": ("usage_count", "created_at", "id")}


def lists_of_styles(
    find: Callable[[StylesShape, Values], StyleQuerySet],
) -> dict[str, PagedRead[StyleRow]]:
    """What ``find`` finds, by ``StylesShape.sort``."""

    def build(shape: StylesShape, values: Values) -> StyleQuerySet:
        return find(shape, values).with_tags_json()

    return {
        sort: PagedRead(StyleRow, order, build, is_uneven=lambda shape: shape.is_narrowed)
        for sort, order in ORDERS.items()
    }


def _build_own(shape: Any, values: Values) -> StyleQuerySet:
    viewer: Any = Viewer(values["viewer_id"], is_authenticated=True)
    return Style.objects.of(viewer).with_tags_json().with_earnings()


OWN_STYLES = PagedRead(OwnStyle, ORDERS["created_at"], _build_own, is_uneven=lambda shape: True)


def own_styles(artist_id: int) -> PagedRows[OwnStyle]:
    """The styles of an artist in every state, newest first."""
    return OWN_STYLES.listing("any", {"viewer_id": artist_id})
