"""Pages of the API. What a page is, is said in ``app/models/reads/paging.py``."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param

from app.http.bodies import Answer
from app.models.reads.paging import Cursor, QuerySetListing, page_of

MAX_LIMIT = 100


class CustomCursorPagination(BasePagination):
    """Follows the query set's own order, which ends in the primary key and runs one way."""

    page_size = 20
    ordering: tuple[str, ...] = ("-created_at", "-pk")
    cursor_param = "cursor"
    limit_param = "limit"

    def paginate_queryset(self, queryset: Any, request: Request, view: object = None) -> list[Any]:
        """Rows of a query set or a ``Listing``. Raises ValidationError."""
        if isinstance(queryset, QuerySet):
            is_ordered = bool(queryset.query.order_by)
            queryset = QuerySetListing(
                queryset if is_ordered else queryset.order_by(*self.ordering)
            )
        limit = _limit(request, self.limit_param, self.page_size)
        try:
            cursor = Cursor.decode(request.query_params.get(self.cursor_param, ""), queryset.kinds)
        except ValueError as error:
            message = "This cursor is not valid. Start again without one."
            raise ValidationError({self.cursor_param: [message]}) from error
        self._page = page_of(queryset, cursor, limit)
        self._stem = self._stem_of(request)
        return self._page.rows

    def get_paginated_response(self, data: object) -> Any:
        return Answer(self.page_with(data))

    def page_with(self, data: object) -> dict[str, object]:
        """The page as it is answered, with ``data`` as its rows."""
        return {
            "next": self._link(self._page.next),
            "previous": self._link(self._page.previous),
            "results": data,
        }

    def get_paginated_response_schema(self, schema: dict[str, object]) -> dict[str, object]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: object) -> list[dict[str, object]]:
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

    def _link(self, cursor: str) -> str | None:
        return self._stem + cursor if cursor else None

    def _stem_of(self, request: Request) -> str:
        """What links to pages of this list begin with, up to the cursor itself."""
        url = request.build_absolute_uri()
        if request.query_params.keys() <= {self.cursor_param}:
            # Most lists are asked for without more; taking a query apart takes its time.
            url = url.partition("?")[0]
        else:
            url = remove_query_param(url, self.cursor_param)
        return f"{url}{'&' if '?' in url else '?'}{self.cursor_param}="


class NotificationPagination(PageNumberPagination):
    """Page numbers, as the plan wants them for notifications, with the count of unread ones."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = MAX_LIMIT
    last_page_strings = ()

    def get_page_size(self, request: Request) -> int:
        return _limit(request, "limit", self.page_size)

    def get_paginated_response(self, data: object, unread_count: int = 0) -> Any:
        return Answer(
            {
                "count": self.page.paginator.count,  # type: ignore[union-attr]
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
                "unread_count": unread_count,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, object]) -> dict[str, object]:
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
