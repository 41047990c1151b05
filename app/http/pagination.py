"""Pages. Lists use keyset cursors: a page costs the same at any depth, and rows that come meanwhile
are neither skipped nor repeated."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param

from app.http.rendering import Answer
from app.models.reads.keyset import PageShape, keyset_page, ordering
from speed.queries import CompiledQuery, Row

MAX_LIMIT = 100


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: behind the row with these values of the ordering fields."""

    values: tuple[Any, ...]
    is_backwards: bool

    def encode(self) -> str:
        packed = orjson.dumps([int(self.is_backwards), *self.values], option=orjson.OPT_UTC_Z)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


class CustomCursorPagination(BasePagination):
    """Follows the query set's own order, which ends in the primary key and runs one way."""

    page_size = 20
    ordering: tuple[str, ...] = ("-created_at", "-pk")
    cursor_param = "cursor"
    limit_param = "limit"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        if not queryset.query.order_by:
            queryset = queryset.order_by(*self.ordering)
        names = [name.lstrip("-") for name in ordering(queryset)]
        shape = self._begin(request, queryset.model, names)
        after = self._cursor.values if self._cursor else ()
        rows = self._finish(list(keyset_page(queryset, shape, after)), shape)
        self._ends = [tuple(getattr(row, name) for name in names) for row in _ends(rows)]
        return rows

    def paginate_compiled(
        self,
        query: CompiledQuery,
        request: Request,
        *,
        shape: Hashable,
        values: dict[str, Any],
        keep: bool = True,
    ) -> list[Row]:
        """A page of a compiled query.

        The query is run with ``(shape, PageShape)``, and the row to begin behind among its values
        as ``after_0``, ``after_1`` …
        """
        page = self._begin(request, query.model, query.order)
        after = {f"after_{n}": v for n, v in enumerate(self._cursor.values)} if self._cursor else {}
        rows = self._finish(query.rows((shape, page), {**values, **after}, keep=keep), page)
        self._ends = [query.place_of(row) for row in _ends(rows)]
        return rows

    def _begin(self, request: Request, model: type[Model], names: Sequence[str]) -> PageShape:
        self._stem = self._stem_of(request)
        limit = _limit(request, self.limit_param, self.page_size)
        self._cursor = self._decode(request, model, names)
        if self._cursor is None:
            return PageShape(limit)
        return PageShape(limit, is_after=True, is_backwards=self._cursor.is_backwards)

    def _finish(self, rows: list[Any], shape: PageShape) -> list[Any]:
        """The page without the row that only tells that there is more, in the list's order."""
        self._has_more = len(rows) > shape.limit
        rows = rows[: shape.limit]
        return rows[::-1] if shape.is_backwards else rows

    def get_paginated_response(self, data: Any) -> Any:
        return Answer(self.page_with(data))

    def page_with(self, data: Any) -> dict[str, Any]:
        """The page as it is answered, with ``data`` as its rows."""
        return {
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "results": data,
        }

    def get_next_link(self) -> str | None:
        came_from_there = self._cursor is not None and self._cursor.is_backwards
        return self._link(-1, False) if self._has_more or came_from_there else None

    def get_previous_link(self) -> str | None:
        if self._cursor is None:
            return None
        exists = self._has_more if self._cursor.is_backwards else True
        return self._link(0, True) if exists else None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": self.cursor_param,
                "in": "query",
                "description": "From `next` or `previous` of another page.",
                "schema": {"type": "string", "maxLength": 500},
            },
            {
                "name": self.limit_param,
                "in": "query",
                "description": "Rows on a page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_LIMIT,
                    "default": self.page_size,
                },
            },
        ]

    def _link(self, row: int, is_backwards: bool) -> str:
        values = self._cursor.values if self._cursor is not None else ()
        if self._ends:
            values = self._ends[row]
        return self._stem + Cursor(values, is_backwards).encode()

    def _stem_of(self, request: Request) -> str:
        """What links to pages of this list begin with, up to the cursor itself."""
        url = request.build_absolute_uri()
        if request.query_params.keys() <= {self.cursor_param}:
            # Most lists are asked for without more; taking a query apart takes its time.
            url = url.partition("?")[0]
        else:
            url = remove_query_param(url, self.cursor_param)
        return f"{url}{'&' if '?' in url else '?'}{self.cursor_param}="

    def _decode(self, request: Request, model: type[Model], names: Sequence[str]) -> Cursor | None:
        given = request.query_params.get(self.cursor_param)
        if not given:
            return None
        try:
            padded = given + "=" * (-len(given) % 4)
            direction, *values = orjson.loads(base64.urlsafe_b64decode(padded))
            if len(values) != len(names) or direction not in (0, 1):
                raise ValueError
            parsed = tuple(
                _place(_field(model, name), value)
                for name, value in zip(names, values, strict=True)
            )
        except (ValueError, TypeError, OverflowError, DjangoValidationError) as error:
            message = "This cursor is not valid. Start again without one."
            raise ValidationError({self.cursor_param: [message]}) from error
        return Cursor(parsed, bool(direction))


class NotificationPagination(PageNumberPagination):
    """Page numbers, as the plan wants them for notifications, with the count of unread ones."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = MAX_LIMIT
    last_page_strings = ()

    def get_page_size(self, request: Request) -> int:
        return _limit(request, "limit", self.page_size)

    def get_paginated_response(self, data: Any, unread_count: int = 0) -> Any:
        return Answer(
            {
                "count": self.page.paginator.count,  # type: ignore[union-attr]
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
                "unread_count": unread_count,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results", "unread_count"],
            "properties": {
                "count": {"type": "integer"},
                "next": link,
                "previous": link,
                "results": schema,
                "unread_count": {"type": "integer"},
            },
        }


def _limit(request: Request, name: str, default: int) -> int:
    """Rows on a page, as asked for. Raises ValidationError."""
    given = request.query_params.get(name)
    if given is None:
        return default
    # At most three digits: more are no limit, however many zeros they begin with.
    if not (
        given.isascii() and given.isdecimal() and len(given) <= 3 and 1 <= int(given) <= MAX_LIMIT
    ):
        raise ValidationError({name: [f"Give a number from 1 to {MAX_LIMIT}."]})
    return int(given)


def _place(field: Any, value: Any) -> Any:
    """``value`` as one of ``field``, such as a list may have. Raises ValueError and the like."""
    place = field.to_python(value)
    if isinstance(place, datetime):
        if place.tzinfo is None:
            raise ValueError("a moment without a time zone")
        # Half-way offsets near the ends of the calendar are more than PostgreSQL reads.
        return place.astimezone(UTC)
    if not isinstance(place, int) or not -(2**63) <= place < 2**63:
        raise ValueError("neither a moment nor a whole number")
    return place


def _ends(rows: list[Any]) -> list[Any]:
    """The first and the last row, if there are any."""
    return [rows[0], rows[-1]] if rows else []


def _field(model: type[Model], name: str) -> Any:
    meta = model._meta
    try:
        return meta.pk if name == "pk" else meta.get_field(name)
    except FieldDoesNotExist as error:
        raise TypeError(f"{name} is not a column") from error
