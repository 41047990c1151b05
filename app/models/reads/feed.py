"""The feed, and parts of it: what the community shows, newest or most popular first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from app.models.feed import ALL
from app.models.generation import Generation
from app.models.reads.compiled import PagedRead, PagedRows, Values, Viewer, of_viewer
from app.models.reads.picture import FeedPicture

# Whose styles, whose orders, which style: the value ``within_id``.
Part = Literal["", "followed", "buyer", "style"]


class FeedShape(NamedTuple):
    is_signed_in: bool
    part: Part = ""
    keys: int = 0
    is_popular: bool = False

    @property
    def is_uneven(self) -> bool:
        return bool(self.part) or self.keys > 1


def _build(shape: FeedShape, values: Values) -> Any:
    viewer: Any = Viewer(values.get("viewer_id"), shape.is_signed_in)
    pictures = Generation.objects.feed(viewer, following_only=shape.part == "followed")
    if shape.part == "buyer":
        return pictures.ordered_by(values["within_id"])
    if shape.part == "style":
        return pictures.in_style(values["within_id"])
    keys = [values[f"key_{number}"] for number in range(shape.keys)]
    return pictures.listed(keys, is_popular=shape.is_popular) if keys else pictures


def _paged(*order: str) -> PagedRead[FeedPicture]:
    return PagedRead(FeedPicture, order, _build, is_uneven=lambda shape: shape.is_uneven)


FEED = _paged("created_at", "id")
LISTED = {False: _paged("id"), True: _paged("heat", "id")}


def feed(
    viewer_id: int | None,
    part: Part = "",
    within_id: int | None = None,
    *,
    keys: Sequence[str] = (),
    is_popular: bool = False,
) -> PagedRows[FeedPicture]:
    """What ``viewer_id`` (None: anybody) may see of it.

    ``part`` narrows it to the artists whom the viewer follows, or to what ``within_id`` names;
    ``keys`` to what is in all of these lists (see FeedEntry), which may be ``is_popular`` first.
    """
    if is_popular and not keys:
        keys = [ALL]
    shape = FeedShape(viewer_id is not None, part, len(keys), is_popular)
    values = of_viewer(viewer_id) | {f"key_{number}": key for number, key in enumerate(keys)}
    if within_id is not None:
        values["within_id"] = within_id
    return (LISTED[is_popular] if keys else FEED).listing(shape, values)
