"""Query sets of hot reads, compiled to SQL once and run again with other parameters.

Compiling the feed's query set takes longer than running it. The query set stays the only place
that says what is read; its SQL is kept for each shape (which filters, which page size), and the
values that change from request to request are put in anew.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Protocol

from django.db import connection
from django.db.models import Model, QuerySet

Row = tuple[Any, ...]


class Builds(Protocol):
    """Makes the query set (of ``values_list`` rows) of a shape, with ``values`` as parameters."""

    def __call__(self, shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]: ...


@dataclass(frozen=True)
class _Statement:
    sql: str
    # Either ("", constant) or (name of the value, None), in the order of the SQL's parameters.
    parameters: tuple[tuple[str, Any], ...]

    def filled(self, values: dict[str, Any]) -> list[Any]:
        return [values[name] if name else constant for name, constant in self.parameters]


class CompiledQuery:
    """``shape`` decides the SQL and must be hashable; ``values`` (int, str or datetime) only fill
    it, and are passed to the database as they are."""

    MAX_SHAPES = 500

    def __init__(
        self, model: type[Model], order: Sequence[str], build: Builds, *, order_at: int = 0
    ) -> None:
        """``order``: the columns that rows are ordered by, from ``order_at`` on in each."""
        self.model = model
        self.order = tuple(order)
        self._place = slice(order_at, order_at + len(self.order))
        self._build = build
        self._statements: dict[Hashable, _Statement] = {}
        self._lock = Lock()

    def rows(self, shape: Hashable, values: dict[str, Any], *, keep: bool = True) -> list[Row]:
        """``keep`` is False for shapes that seldom come twice, such as those with a searched text:
        they are compiled each time."""
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._compile(shape, values)
            if keep:
                self._keep(shape, statement)
        with connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(statement.sql, statement.filled(values))
            found: list[Row] = cursor.fetchall()
        return found

    def _compile(self, shape: Hashable, values: dict[str, Any]) -> _Statement:
        stand_ins = {
            name: _stand_in(number, value) for number, (name, value) in enumerate(values.items())
        }
        names = {stand_in: name for name, stand_in in stand_ins.items()}
        sql, parameters = self._build(shape, stand_ins).query.sql_with_params()
        statement = _Statement(sql, tuple(_parameter(value, names) for value in parameters))
        missing = set(values) - {name for name, _ in statement.parameters}
        if missing:
            raise ValueError(f"the query set of {shape} does not use {sorted(missing)}")
        return statement

    def _keep(self, shape: Hashable, statement: _Statement) -> None:
        with self._lock:
            if len(self._statements) < self.MAX_SHAPES:
                self._statements[shape] = statement

    def place_of(self, row: Row) -> Row:
        """The values that ``row`` is ordered by."""
        return row[self._place]


def _parameter(value: Any, names: dict[Any, str]) -> tuple[str, Any]:
    known = isinstance(value, int | str | datetime) and value in names
    return (names[value], None) if known else ("", value)


def _stand_in(number: int, value: Any) -> Any:
    """A value of the same type that occurs nowhere else in the query."""
    if isinstance(value, datetime):
        return datetime(1066, 10, 14, tzinfo=UTC) + timedelta(days=number)
    if isinstance(value, str):
        return f"stand-in {number} \ue000"
    if isinstance(value, int) and not isinstance(value, bool):
        return 8_111_222_333_444_555_000 + number
    raise TypeError(f"{type(value).__name__} cannot be a parameter of a compiled query")
