"""One style with everything that is shown of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from app.exceptions import NotFound
from app.models.reads.compiled import Read, Values
from app.models.reads.row import (
    BLANK_IS_NULL,
    FILLED_IN,
    IS_JSON,
    OWNER_ONLY,
    Column,
    FileLink,
    Row,
)
from app.models.reads.styles import StyleRow, TrainingProgress, artist_viewer, styles_for
from app.models.style import Artwork, TrainingStatus
from app.models.upload import Original, ReviewState
from app.utils.links import linker


class ArtworkRow(Row):
    """One of the works that a style was learned from."""

    id: Annotated[int, Column("pk")]
    position: int
    image_url: Annotated[FileLink, Column("preview_path")]
    width: int
    height: int


class NearWork(Row):
    """How near a picture is to the work that is nearest to it, by its place among the works (from
    0): `bits` of 256 differ in their fingerprints; `likeness` of what they show is at most 1."""

    work: int
    bits: int
    likeness: float


class Memorisation(Row):
    """Pictures that were made from the tags of a style's own works, right after its training, and
    how near each is to those works. `nearest` is the place of the nearest one (from 0); `copies`
    counts those that would not be delivered; `bound` is how alike a picture may be."""

    pictures: list[NearWork]
    nearest: int
    copies: int
    bound: float


class HeldWork(Row):
    """A work, by its place among the works (from 0), and what it is nearly the same as: a `work` of
    another artist or a `picture` made here in another's style, with the page of it that anybody
    may see."""

    work: int
    kind: Original
    url: str | None


class Review(Row):
    """Of a style with works that are nearly the same as works or pictures of others. It is trained
    if our staff allows it."""

    state: ReviewState
    works: list[HeldWork]
    held_at: datetime
    reason: str | None
    decided_at: datetime | None


class Sample(Row):
    """A picture that was drawn after a style's training, to show what it does. It is not sold."""

    prompt: str
    seed: int
    width: int
    height: int
    image_url: FileLink


class StyleScore(Row):
    """How like the artist's works the samples look, for the artist alone: the mean likeness, at
    most 1, to `held_out` works that the style was not learned from. `samples` is that of pictures
    in the style, `plain` that of the same pictures without it, `works` that of the other works."""

    held_out: int
    samples: float
    plain: float
    works: float


class StyleDetail(StyleRow):
    """A style with everything that is shown of it."""

    description: str
    engine: str
    engine_version: Annotated[str | None, BLANK_IS_NULL]
    artworks: Annotated[list[ArtworkRow], FILLED_IN]
    is_ready: Annotated[bool, FILLED_IN]
    is_active: bool
    is_draft: bool
    progress: Annotated[TrainingProgress | None, IS_JSON]
    failure_reason: Annotated[str | None, OWNER_ONLY, BLANK_IS_NULL]
    withdrawn_reason: Annotated[str | None, OWNER_ONLY, BLANK_IS_NULL]
    review: Annotated[Review | None, OWNER_ONLY, IS_JSON]
    memorisation: Annotated[Memorisation | None, IS_JSON]
    nearest_picture_url: Annotated[FileLink, Column("nearest_path")]
    samples: Annotated[list[Sample], IS_JSON]
    style_score: Annotated[StyleScore | None, IS_JSON, OWNER_ONLY]
    prices: Annotated[dict[str, int], FILLED_IN]
    terms: Annotated[str, Column("terms__key")]
    terms_version: Annotated[int, Column("terms__version")]
    terms_id: str
    allows_mature: bool
    excluded_subjects: list[str]
    updated_at: datetime


class StyleCreated(StyleDetail):
    """A new style, with the number of its training."""

    task_id: UUID


def _build_style(is_artist: bool, values: Values) -> Any:
    return styles_for(is_artist, values).filter(pk=values["style_id"]).with_tags_json().order_by()


STYLE: Read[StyleDetail] = Read(StyleDetail, _build_style)
STYLE_CREATED: Read[StyleDetail] = Read(StyleCreated, _build_style)


def _build_artworks(shape: Any, values: Values) -> Any:
    return Artwork.objects.filter(style_id=values["style_id"]).order_by("position", "pk")


ARTWORKS = Read(ArtworkRow, _build_artworks)


def _samples(stored: Any) -> list[Sample]:
    """Those of the column, with links."""
    make = linker()
    return [
        Sample(each["prompt"], each["seed"], each["width"], each["height"], make(each["path"]))
        for each in (msgspec.json.decode(stored) if stored else [])
    ]


def style(
    viewer: Any,
    style_id: int,
    *,
    prices_of: Callable[[int, str], dict[str, int]],
    read: Read[StyleDetail] = STYLE,
) -> StyleDetail:
    """A style as ``viewer``, a user or nobody, sees it. Raises NotFound.

    ``prices_of`` makes the prices of all formats of a style's own, and its engine. ``read`` may be
    ``STYLE_CREATED``, which says more.
    """
    is_artist, values = artist_viewer(viewer)
    found = read.first(is_artist, {"style_id": style_id, **values})
    if found is None:
        raise NotFound("There is no such style.")
    found.artworks = ARTWORKS.rows("any", {"style_id": style_id})
    found.is_ready = found.is_active and found.training_status == TrainingStatus.COMPLETED
    found.prices = prices_of(found.price, found.engine)
    found.samples = _samples(found.samples)
    if found.artist.id != viewer.pk:
        found.hide_from_others()
    return found
