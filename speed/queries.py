"""Query sets of hot paths, compiled to SQL once and run again with other parameters.

Compiling the feed's query set takes longer than running it. The query set stays the only place
that says what is read; its SQL is kept for each shape (which filters, which page size), and the
values that change from request to request are put in each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import Literal

Row = tuple[Any, ...]
# Of the parameters, by name: each int, str, UUID or datetime, as its name says.
Values = dict[str, Any]


class Builds(Protocol):
    """Makes the query set (of ``values_list`` rows) of a shape, with ``values`` as parameters."""

    def __call__(self, shape: Any, values: Values) -> QuerySet[Any, Any]: ...


@dataclass(frozen=True)
class _Statement:
    sql: str
    # Names of the values, in the order of the SQL's parameters.
    parameters: tuple[str, ...]
    is_planned_once: bool
    # Makes an instance of a row; None where rows are all that is wanted.
    make: Callable[[Row], Any] | None

    def run(self, values: Values) -> list[Row]:
        rows: list[Row] = connection.run_compiled(  # type: ignore[attr-defined]
            self.sql,
            [values[name] for name in self.parameters],
            is_planned_once=self.is_planned_once,
        )
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

    def _statement(self, shape: Hashable, values: Values, *, keep: bool) -> _Statement:
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._compile(shape, values)
            with self._lock:
                if keep and len(self._statements) < self.MAX_SHAPES:
                    self._statements[shape] = statement
        return statement

    def _compile(self, shape: Hashable, values: Values) -> _Statement:
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
            not self._is_uneven(shape),
            self._maker(compiler),
        )
        missing = set(values) - set(statement.parameters)
        if missing:
            raise ValueError(f"the query set of {shape} does not use {sorted(missing)}")
        return statement

    def _maker(self, compiler: SQLCompiler) -> Callable[[Row], Any] | None:
        return None


class CompiledQuery(_Compiled):
    """A query set of ``values_list`` rows."""

    def rows(self, shape: Hashable, values: Values, *, keep: bool = True) -> list[Row]:
        """``keep`` is False for shapes that seldom come twice, such as those with a searched text:
        they are compiled each time."""
        return self._statement(shape, values, keep=keep).run(values)


class CompiledInstances(_Compiled):
    """A query set of model instances, ``select_related`` and locks included.

    Locks are only held within a transaction; the caller sees to one.
    """

    def instances(self, shape: Hashable, values: Values) -> list[Any]:
        statement = self._statement(shape, values, keep=True)
        make: Any = statement.make
        return [make(row) for row in statement.run(values)]

    def _maker(self, compiler: SQLCompiler) -> Callable[[Row], Any]:
        return _maker(compiler)


def _maker(compiler: SQLCompiler) -> Callable[[Row], Any]:
    """Makes an instance of a row as a query set does, with related ones and what was annotated.

    An annotated value stays as the driver gives it, like all values of ``CompiledQuery``: JSON is
    text, which an answer takes as it is.
    """
    database, info = compiler.connection.alias, compiler.klass_info
    model: type[Model] = info["model"]
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in compiler.select[first:last]]
    populators = get_related_populators(info, compiler.select, database)  # type: ignore[call-arg]
    annotated = list(compiler.annotation_col_map.items())
    converters = compiler.get_converters([expression for expression, *_ in compiler.select])

    def make(row: Row) -> Any:
        found = next(compiler.apply_converters([row], converters)) if converters else row
        instance = model.from_db(database, names, found[first:last])
        for populator in populators:
            populator.populate(found, instance)
        for name, at in annotated:
            setattr(instance, name, row[at])
        return instance

    return make


def _name(value: object, names: Mapping[int | str | UUID | datetime, str]) -> str:
    """Which value a parameter stands for; "" for a constant."""
    return names.get(value, "") if isinstance(value, int | str | UUID | datetime) else ""


def _with_literals(sql: str, parameters: Iterable[tuple[str, object]]) -> str:
    """``sql`` with its constants written out: for ``status = $1`` the server could not use an index
    of the completed alone, and would plan the statement again each time."""
    rest = iter(parameters)

    def put(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return mark[0]
        name, value = next(rest)
        return mark[0] if name else Literal(value).as_string().replace("%", "%%")

    return re.sub("%[s%]", put, sql)


def _stand_in(number: int, value: object) -> int | str | UUID | datetime:
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
