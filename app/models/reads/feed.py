"""The feed, and parts of it: what the community shows, newest first."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from app.models.generation import Generation
from app.models.reads.compiled import PagedRead, PagedRows, Viewer, of_viewer
from app.models.reads.picture import FeedPicture

# Whose styles, whose orders, which style: the value ``within_id``.
Part = Literal["", "followed", "artist", "buyer", "style"]


class FeedShape(NamedTuple):
    is_signed_in: bool
    part: Part = ""


def _build(shape: FeedShape, values: dict[str, Any]) -> Any:
    viewer: Any = Viewer(values.get("viewer_id"), shape.is_signed_in)
    pictures = Generation.objects.feed(viewer, following_only=shape.part == "followed")
    if shape.part == "artist":
        return pictures.in_styles_of(values["within_id"])
    if shape.part == "buyer":
        return pictures.ordered_by(values["within_id"])
    return pictures.in_style(values["within_id"]) if shape.part == "style" else pictures


FEED = PagedRead(
    FeedPicture, ("created_at", "id"), _build, is_uneven=lambda shape: bool(shape.part)
)


def feed(
    viewer_id: int | None, part: Part = "", within_id: int | None = None
) -> PagedRows[FeedPicture]:
    """What ``viewer_id`` (None: anybody) may see of it.

    ``part`` narrows it to the artists whom the viewer follows, or to what ``within_id`` names.
    """
    within = {} if within_id is None else {"within_id": within_id}
    return FEED.listing(FeedShape(viewer_id is not None, part), {**of_viewer(viewer_id), **within})
