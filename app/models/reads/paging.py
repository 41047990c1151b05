"""Pages by keyset, for API and site: a page costs the same at any depth, and rows that come
meanwhile are neither skipped nor repeated."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, Self, TypeVar

import orjson
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

Item = TypeVar("Item")
ModelRow = TypeVar("ModelRow", bound=Model)


@dataclass(frozen=True)
class PageShape:
    """``is_after`` a row or from the beginning; ``is_backwards`` towards the beginning."""

    limit: int
    is_after: bool = False
    is_backwards: bool = False


class Listing(Protocol[Item]):
    """Rows in an order, which have not been read yet."""

    @property
    def kinds(self) -> Sequence[type]:
        """Of what the rows are ordered by: ``datetime`` or ``int``, one for each column."""

    def cut(self, shape: PageShape, after: tuple[Any, ...]) -> list[Item]:
        """The rows of a page and one more, if there is one. ``after`` is the place of a row."""

    def place_of(self, row: Item) -> tuple[Any, ...]:
        """The values that ``row`` is ordered by."""


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: behind the row of this place."""

    place: tuple[Any, ...]
    is_backwards: bool = False

    def encode(self) -> str:
        packed = orjson.dumps([int(self.is_backwards), *self.place], option=orjson.OPT_UTC_Z)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, kinds: Sequence[type]) -> Self | None:
        """The cursor in ``text``, None for "". Raises ValueError when it is not one of ours."""
        if not text:
            return None
        try:
            packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            direction, *values = orjson.loads(packed)
            if direction not in (0, 1):
                raise ValueError("no direction")
            place = [_place(kind, value) for kind, value in zip(kinds, values, strict=True)]
        except (TypeError, OverflowError) as error:
            raise ValueError("no cursor") from error
        return cls(tuple(place), bool(direction))


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some rows, and the cursors of the pages around them: "" where there is none."""

    rows: list[Item]
    next: str
    previous: str
    is_first: bool


def page_of(listing: Listing[Item], cursor: Cursor | None, limit: int) -> Page[Item]:
    """The ``limit`` rows behind ``cursor``; the first ones without."""
    is_backwards = cursor is not None and cursor.is_backwards
    shape = PageShape(limit, cursor is not None, is_backwards)
    rows = listing.cut(shape, cursor.place if cursor else ())
    has_more = len(rows) > limit
    rows = rows[:limit][::-1] if is_backwards else rows[:limit]
    # An empty page lies between the two that its cursor parts.
    ends = [listing.place_of(rows[0]), listing.place_of(rows[-1])] if rows else []
    first, last = ends or [cursor.place if cursor else ()] * 2
    has_next, has_previous = (True, has_more) if is_backwards else (has_more, cursor is not None)
    return Page(
        rows,
        Cursor(last).encode() if has_next else "",
        Cursor(first, is_backwards=True).encode() if has_previous else "",
        cursor is None,
    )


class QuerySetListing(Generic[ModelRow]):
    """A query set whose order runs one way and ends in the primary key."""

    def __init__(self, queryset: QuerySet[ModelRow]) -> None:
        self._queryset = queryset
        self._names = [name.lstrip("-") for name in _ordering(queryset)]
        self.kinds = [_kind(queryset.model, name) for name in self._names]

    def cut(self, shape: PageShape, after: tuple[Any, ...]) -> list[ModelRow]:
        return list(keyset_page(self._queryset, shape, after))

    def place_of(self, row: ModelRow) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self._names)


def keyset_page(
    queryset: QuerySet[Any, Any], shape: PageShape, after: tuple[Any, ...] = ()
) -> QuerySet[Any, Any]:
    """The page of ``queryset``, one row longer than its limit to tell whether there is more.

    The query set's order runs one way in all its columns and ends in the primary key; ``after``
    holds their values in the row to begin behind. A backwards page comes in reverse.
    """
    order = _ordering(queryset)
    if shape.is_after:
        is_descending = order[0].startswith("-")
        compare = TupleLessThan if is_descending != shape.is_backwards else TupleGreaterThan
        here = Tuple(*(F(name.lstrip("-")) for name in order))
        queryset = queryset.filter(compare(here, after))
    return (queryset.reverse() if shape.is_backwards else queryset)[: shape.limit + 1]


def _ordering(queryset: QuerySet[Any, Any]) -> tuple[str, ...]:
    """The names a query set is ordered by, signs included."""
    return tuple(str(name) for name in queryset.query.order_by)


def _kind(model: type[Model], name: str) -> type:
    try:
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    except FieldDoesNotExist:
        return int  # an annotation; those that rows are ordered by are ids
    return datetime if isinstance(field, DateTimeField) else int


def _place(kind: type, value: Any) -> datetime | int:
    """``value`` of a cursor as one of a column. Raises ValueError, TypeError, OverflowError."""
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone")
        # Half-way offsets near the ends of the calendar are more than PostgreSQL reads.
        return moment.astimezone(UTC)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError("no whole number that the database holds")
    return value
