"""Pages by keyset: the rows behind a row, whatever has been added meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan


@dataclass(frozen=True)
class PageShape:
    """``is_after`` a row or from the beginning; ``is_backwards`` towards the beginning."""

    limit: int
    is_after: bool = False
    is_backwards: bool = False


def ordering(queryset: QuerySet[Any, Any]) -> tuple[str, ...]:
    """The names a query set is ordered by, signs included."""
    return tuple(str(name) for name in queryset.query.order_by)


def keyset_page(
    queryset: QuerySet[Any, Any], shape: PageShape, after: tuple[Any, ...] = ()
) -> QuerySet[Any, Any]:
    """The page of ``queryset``, one row longer than its limit to tell whether there is more.

    The query set's order runs one way in all its columns and ends in the primary key; ``after``
    holds their values in the row to begin behind. A backwards page comes in reverse.
    """
    order = ordering(queryset)
    if shape.is_after:
        is_descending = order[0].startswith("-")
        compare = TupleLessThan if is_descending != shape.is_backwards else TupleGreaterThan
        here = Tuple(*(F(name.lstrip("-")) for name in order))
        queryset = queryset.filter(compare(here, after))
    return (queryset.reverse() if shape.is_backwards else queryset)[: shape.limit + 1]
