"""Pages of the site: ``?after=`` names the row behind which one begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest

from app.models.reads import paging

Item = TypeVar("Item")
PARAMETER = "after"


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some rows, and where what follows and the first page are: "" where there is none."""

    rows: list[Item]
    next_url: str
    first_url: str

    @property
    def is_first(self) -> bool:
        return not self.first_url


def page_of(
    request: HttpRequest, rows: QuerySet[Any] | paging.Listing[Any], *, size: int = 20
) -> Page[Any]:
    """The page that is asked for.

    A cursor that we did not write is taken as none: the visitor gets the first page.
    """
    listing = paging.QuerySetListing(rows) if isinstance(rows, QuerySet) else rows
    try:
        cursor = paging.Cursor.decode(request.GET.get(PARAMETER, ""), listing.kinds)
    except ValueError:
        cursor = None
    page = paging.page_of(listing, cursor, size)
    next_url = _address(request, page.next) if page.next else ""
    return Page(page.rows, next_url, "" if page.is_first else _address(request, ""))


def _address(request: HttpRequest, cursor: str) -> str:
    query = request.GET.copy()
    query.pop(PARAMETER, None)
    if cursor:
        query[PARAMETER] = cursor
    return f"{request.path}?{query.urlencode()}" if query else request.path
