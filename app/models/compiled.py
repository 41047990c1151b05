"""Query sets of hot paths, compiled to SQL once and run again with other parameters.

Compiling the feed's query set takes longer than running it. The query set stays the only place
that says what is read; its SQL is kept for each shape (which filters, which page size), and the
values that change from request to request are put in anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import Literal

Row = tuple[Any, ...]
Inserted = TypeVar("Inserted", bound=Model)


class Builds(Protocol):
    """Makes the query set (of ``values_list`` rows) of a shape, with ``values`` as parameters."""

    def __call__(self, shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]: ...


@dataclass(frozen=True)
class _Statement:
    sql: str
    # Names of the values, in the order of the SQL's parameters.
    parameters: tuple[str, ...]
    compiler: SQLCompiler
    is_planned_once: bool

    def run(self, values: dict[str, Any]) -> list[Row]:
        filled = [values[name] for name in self.parameters]
        if not self.is_planned_once:
            with connection.cursor() as cursor:
                cursor.execute(self.sql, filled)
                return cursor.fetchall()
        rows: list[Row] = connection.run_prepared(self.sql, filled)  # type: ignore[attr-defined]
        return rows


class _Compiled:
    """``shape`` decides the SQL and must be hashable; ``values`` (int, str, UUID or datetime) only
    fill it, and are passed to the database as they are.

    The database plans a shape once and for all values. ``is_uneven`` says for which shapes that
    would not do, since some values have ten rows and others ten thousand.
    """

    MAX_SHAPES = 500

    def __init__(
        self, build: Builds, *, is_uneven: Callable[[Any], bool] = lambda shape: False
    ) -> None:
        self._build = build
        self._is_uneven = is_uneven
        self._statements: dict[Hashable, _Statement] = {}
        self._lock = Lock()

    def _statement(self, shape: Hashable, values: dict[str, Any], *, keep: bool) -> _Statement:
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._compile(shape, values)
            with self._lock:
                if keep and len(self._statements) < self.MAX_SHAPES:
                    self._statements[shape] = statement
        return statement

    def _compile(self, shape: Hashable, values: dict[str, Any]) -> _Statement:
        stand_ins = {
            name: _stand_in(number, value) for number, (name, value) in enumerate(values.items())
        }
        names = {stand_in: name for name, stand_in in stand_ins.items()}
        compiler = self._build(shape, stand_ins).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        named = [_name(value, names) for value in parameters]
        statement = _Statement(
            _with_literals(sql, zip(named, parameters, strict=True)),
            tuple(name for name in named if name),
            compiler,
            not self._is_uneven(shape),
        )
        missing = set(values) - set(statement.parameters)
        if missing:
            raise ValueError(f"the query set of {shape} does not use {sorted(missing)}")
        return statement


class CompiledQuery(_Compiled):
    """A query set of ``values_list`` rows."""

    def __init__(
        self,
        model: type[Model],
        order: Sequence[str],
        build: Builds,
        *,
        order_at: int = 0,
        is_uneven: Callable[[Any], bool] = lambda shape: False,
    ) -> None:
        """``order``: the columns that rows are ordered by, from ``order_at`` on in each."""
        super().__init__(build, is_uneven=is_uneven)
        self.model = model
        self.order = tuple(order)
        self._place = slice(order_at, order_at + len(self.order))

    def rows(self, shape: Hashable, values: dict[str, Any], *, keep: bool = True) -> list[Row]:
        """``keep`` is False for shapes that seldom come twice, such as those with a searched text:
        they are compiled each time."""
        return self._statement(shape, values, keep=keep).run(values)

    def place_of(self, row: Row) -> Row:
        """The values that ``row`` is ordered by."""
        return row[self._place]


class CompiledInstances(_Compiled):
    """A query set of model instances, ``select_related`` and locks included.

    Locks are only held within a transaction; the caller sees to one.
    """

    def instances(self, shape: Hashable, values: dict[str, Any]) -> list[Any]:
        statement = self._statement(shape, values, keep=True)
        compiler: Any = statement.compiler
        info, columns = compiler.klass_info, compiler.select
        rows: Any = statement.run(values)
        if converters := compiler.get_converters(column for column, *_ in columns):
            rows = map(tuple, compiler.apply_converters(rows, converters))
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        names = [columns[at][0].target.attname for at in range(first, last)]
        related = get_related_populators(info, columns, connection.alias)  # type: ignore[call-arg]
        found = []
        for row in rows:
            instance = info["model"].from_db(connection.alias, names, row[first:last])
            for populator in related:
                populator.populate(row, instance)
            found.append(instance)
        return found


class CompiledInsert:
    """Inserts instances of a model, one statement each and no signals."""

    def __init__(self, model: type[Model]) -> None:
        self._fields = [f for f in model._meta.local_concrete_fields if not f.primary_key]
        names = ", ".join(f'"{field.column}"' for field in self._fields)
        marks = ", ".join("%s" for _ in self._fields)
        self._sql = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks}) RETURNING id'  # noqa: S608 (our own names)

    def save(self, instance: Inserted) -> Inserted:
        values = [
            field.get_db_prep_save(field.pre_save(instance, True), connection)
            for field in self._fields
        ]
        ((instance.pk,),) = connection.run_prepared(self._sql, values)  # type: ignore[attr-defined]
        instance._state.adding = False
        instance._state.db = connection.alias
        return instance


def _name(value: Any, names: dict[Any, str]) -> str:
    """Which value a parameter stands for; "" for a constant."""
    return names.get(value, "") if isinstance(value, int | str | UUID | datetime) else ""


def _with_literals(sql: str, parameters: Iterable[tuple[str, Any]]) -> str:
    """``sql`` with its constants written out: for ``status = $1`` the server could not use an index
    of the completed alone, and would plan the statement anew each time."""
    rest = iter(parameters)

    def put(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return mark[0]
        name, value = next(rest)
        return mark[0] if name else Literal(value).as_string().replace("%", "%%")

    return re.sub("%[s%]", put, sql)


def _stand_in(number: int, value: Any) -> Any:
    """A value of the same type that occurs nowhere else in the query."""
    if isinstance(value, datetime):
        return datetime(1066, 10, 14, tzinfo=UTC) + timedelta(days=number)
    if isinstance(value, UUID):
        return UUID(int=10**30 + number)
    if isinstance(value, str):
        return f"stand-in {number} \ue000"
    if isinstance(value, int) and not isinstance(value, bool):
        return 8_111_222_333_444_555_000 + number
    raise TypeError(f"{type(value).__name__} cannot be a parameter of a compiled query")
