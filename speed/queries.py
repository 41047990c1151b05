"""Query sets of hot paths, compiled to SQL once and run again with other parameters.

Compiling the feed's query set takes longer than running it. The query set stays the only place
that says what is read; its SQL is kept for each shape (which filters, which page size), and the
values that change from request to request are put in anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import Literal

Row = tuple[Any, ...]


class Builds(Protocol):
    """Makes the query set (of ``values_list`` rows) of a shape, with ``values`` as parameters."""

    def __call__(self, shape: Any, values: dict[str, Any]) -> QuerySet[Any, Any]: ...


@dataclass(frozen=True)
class _Statement:
    sql: str
    # Names of the values, in the order of the SQL's parameters.
    parameters: tuple[str, ...]
    is_planned_once: bool
    # Makes an instance of a row; None where rows are all that is wanted.
    make: Callable[[Row], Any] | None

    def run(self, values: dict[str, Any]) -> list[Row]:
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

    def rows(self, shape: Hashable, values: dict[str, Any], *, keep: bool = True) -> list[Row]:
        """``keep`` is False for shapes that seldom come twice, such as those with a searched text:
        they are compiled each time."""
        return self._statement(shape, values, keep=keep).run(values)


class CompiledInstances(_Compiled):
    """A query set of model instances, ``select_related`` and locks included.

    Locks are only held within a transaction; the caller sees to one.
    """

    def instances(self, shape: Hashable, values: dict[str, Any]) -> list[Any]:
        statement = self._statement(shape, values, keep=True)
        make: Any = statement.make
        return [make(row) for row in statement.run(values)]

    def _maker(self, compiler: SQLCompiler) -> Callable[[Row], Any]:
        return _Maker(compiler, compiler.klass_info).make


class _Maker:
    """Makes instances of rows, with the related ones and what was annotated in them.

    As where instances are copied, ``__init__`` and its signals are passed by: it looks at every
    field again, for every row. What a query set leaves out is read when it is asked for, as ever.
    """

    def __init__(self, compiler: SQLCompiler, info: dict[str, Any]) -> None:
        columns: Any = compiler.select
        self._database = compiler.connection.alias
        self._model: type[Model] = info["model"]
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._place = slice(first, last)
        fields = [column.target for column, *_ in columns[first:last]]
        self._names = [field.attname for field in fields]
        self._key = next(at for at, field in enumerate(fields) if field.primary_key)
        self._converters = [
            (field.attname, column, converters)
            for field, (column, *_) in zip(fields, columns[first:last], strict=True)
            if (converters := field.get_db_converters(connection))
        ]
        annotated = compiler.annotation_col_map if info is compiler.klass_info else {}
        self._annotated = list(annotated.items())
        self._related = [
            (_Maker(compiler, each), each["local_setter"], each["remote_setter"])
            for each in info.get("related_klass_infos", ())
        ]

    def make(self, row: Row) -> Any:
        """None for a related one that does not exist."""
        found = row[self._place]
        if found[self._key] is None:
            return None
        instance = self._model.__new__(self._model)
        instance._state = ModelState()
        instance._state.adding = False
        instance._state.db = self._database
        kept = vars(instance)
        kept.update(zip(self._names, found, strict=True))
        for name, column, converters in self._converters:
            for convert in converters:
                kept[name] = convert(kept[name], column, connection)
        for name, at in self._annotated:
            kept[name] = row[at]
        for related, set_on_instance, set_on_related in self._related:
            other = related.make(row)
            set_on_instance(instance, other)
            if other is not None:
                set_on_related(other, instance)
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
