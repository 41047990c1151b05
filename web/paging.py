"""Pages of rows by keyset: a page costs the same at any depth, and nothing is skipped or repeated
when rows come meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BigIntegerField, F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest

from app.models.reads.keyset import PageShape
from speed.queries import CompiledQuery, Row

Item = TypeVar("Item")
ModelRow = TypeVar("ModelRow", bound=Model)
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


def page_of(request: HttpRequest, rows: QuerySet[ModelRow], *, size: int = 20) -> Page[ModelRow]:
    """The page that ``?after=`` asks for. ``rows`` run one way and end in the primary key.

    A cursor that we did not write is taken as none: the visitor gets the first page.
    """
    names = [str(name).lstrip("-") for name in rows.query.order_by]
    is_descending = str(rows.query.order_by[0]).startswith("-")
    after = _decode(rows.model, names, request.GET.get(PARAMETER, ""))
    if after:
        compare = TupleLessThan if is_descending else TupleGreaterThan
        rows = rows.filter(compare(Tuple(*(F(name) for name in names)), after))
    found = list(rows[: size + 1])
    next_url = ""
    if len(found) > size:
        del found[size:]
        next_url = _address(request, _encode(found[-1], names))
    return Page(found, next_url, _address(request, "") if after else "")


def compiled_page(
    request: HttpRequest,
    query: CompiledQuery,
    *,
    shape: Hashable,
    values: dict[str, Any],
    make: Callable[[Row], Item],
    size: int = 20,
) -> Page[Item]:
    """The same of a query that is compiled once, each row made into something by ``make``."""
    names = list(query.order)
    after = _decode(query.model, names, request.GET.get(PARAMETER, ""))
    behind = {f"after_{number}": value for number, value in enumerate(after)}
    rows = query.rows((shape, PageShape(size, is_after=bool(after))), {**values, **behind})
    next_url = _address(request, _cursor(rows[size - 1][: len(names)])) if len(rows) > size else ""
    first_url = _address(request, "") if after else ""
    return Page([make(row) for row in rows[:size]], next_url, first_url)


def _address(request: HttpRequest, cursor: str) -> str:
    query = request.GET.copy()
    query.pop(PARAMETER, None)
    if cursor:
        query[PARAMETER] = cursor
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _encode(row: Model, names: list[str]) -> str:
    return _cursor([getattr(row, name) for name in names])


def _cursor(values: Sequence[Any]) -> str:
    texts = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")


def _decode(model: type[Model], names: list[str], cursor: str) -> tuple[Any, ...]:
    if not cursor:
        return ()
    meta = model._meta
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fields = [_field(meta, name) for name in names]
        parsed = tuple(field.to_python(value) for field, value in zip(fields, values, strict=True))
    except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError):
        return ()
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in parsed):
        return ()
    return () if any(value is None for value in parsed) else parsed


def _field(meta: Any, name: str) -> Any:
    try:
        return meta.pk if name == "pk" else meta.get_field(name)
    except FieldDoesNotExist:
        return BigIntegerField()  # an annotation; those that rows are ordered by are ids
