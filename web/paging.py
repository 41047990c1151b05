"""Pages of rows by keyset: a page costs the same at any depth, and nothing is skipped or repeated
when rows come meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BigIntegerField, F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)
PARAMETER = "after"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where what follows and the first page are: "" where there is none."""

    rows: list[Row]
    next_url: str
    first_url: str

    @property
    def is_first(self) -> bool:
        return not self.first_url


def page_of(request: HttpRequest, rows: QuerySet[Row], *, size: int = 20) -> Page[Row]:
    """The page that ``?after=`` asks for. ``rows`` run one way and end in the primary key.

    A cursor that we did not write is taken as none: the visitor gets the first page.
    """
    names = [str(name).lstrip("-") for name in rows.query.order_by]
    is_descending = str(rows.query.order_by[0]).startswith("-")
    after = _decode(rows, names, request.GET.get(PARAMETER, ""))
    if after:
        compare = TupleLessThan if is_descending else TupleGreaterThan
        rows = rows.filter(compare(Tuple(*(F(name) for name in names)), after))
    found = list(rows[: size + 1])
    next_url = ""
    if len(found) > size:
        del found[size:]
        next_url = _address(request, _encode(found[-1], names))
    return Page(found, next_url, _address(request, "") if after else "")


def _address(request: HttpRequest, cursor: str) -> str:
    query = request.GET.copy()
    query.pop(PARAMETER, None)
    if cursor:
        query[PARAMETER] = cursor
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _encode(row: Model, names: list[str]) -> str:
    values = [getattr(row, name) for name in names]
    texts = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")


def _decode(rows: QuerySet[Any], names: list[str], cursor: str) -> tuple[Any, ...]:
    if not cursor:
        return ()
    meta = rows.model._meta
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
