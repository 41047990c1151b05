"""Writes of hot paths: one row each, by SQL that is put together once from a model's columns.

Values go to the database as they are: no signal is sent and no field looks at them, but for JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import Field, JSONField, Model
from psycopg.sql import Literal


class CompiledWrite:
    """Its ``columns`` (``user_id``, not ``user``; ``pk`` for the row that is changed) are given
    each time."""

    def __init__(
        self, sql: str, columns: Sequence[str], json: Sequence[Field[Any, Any]] = ()
    ) -> None:
        self.sql = sql
        self.columns = tuple(columns)
        self._json_at = [(self.columns.index(field.attname), field) for field in json]
        self._read = attrgetter(*self.columns)

    def run(self, **values: Any) -> int | None:
        """The id of the row that was written; None when there was nothing to write, and where
        writes are put off."""
        return self._run([values[column] for column in self.columns])

    def save(self, instance: Model) -> int | None:
        """The same, with the values that ``instance`` has."""
        return self._run(list(self._read(instance)))

    def _run(self, values: list[Any]) -> int | None:
        for at, field in self._json_at:
            values[at] = field.get_db_prep_save(values[at], connection)
        put_off = _put_off.get()
        if put_off is not None:
            put_off.append((self, values))
            return None
        return _execute(self.sql, values)


_PutOff = list[tuple[CompiledWrite, list[Any]]]
_put_off: ContextVar[_PutOff | None] = ContextVar("put_off", default=None)


@contextmanager
def in_one_statement() -> Iterator[None]:
    """Put off the compiled writes of this block to its end, where all go to the database at once.

    Each way to the database and back costs more than a write. Nothing else is put off: locks are
    taken where they are asked for, and the block lies in the transaction that holds them. It must
    not read what it writes, nor write a row twice.
    """
    if _put_off.get() is not None:
        yield
        return
    writes: _PutOff = []
    token = _put_off.set(writes)
    try:
        yield
    finally:
        _put_off.reset(token)
    if writes:
        statements = tuple(write.sql for write, _ in writes)
        _execute(_joined(statements), [value for _, values in writes for value in values])


def are_put_off() -> bool:
    """Whether what is written here goes to the database only at the end of such a block."""
    return _put_off.get() is not None


def insert(model: type[Model], *columns: str, or_ignore: bool = False) -> CompiledWrite:
    """A new row; the columns that are not given have the model's defaults.

    With ``or_ignore`` nothing is written where a constraint allows only one and that is there.
    """
    fields = [f for f in model._meta.concrete_fields if f.attname in columns or not f.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    given = [field.attname for field in fields if field.attname in columns]
    values = ", ".join("%s" if field.attname in given else _default(field) for field in fields)
    conflict = " ON CONFLICT DO NOTHING" if or_ignore else ""
    return CompiledWrite(
        f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({values}){conflict} RETURNING id',  # noqa: S608 (our own names)
        given,
        _json(model, columns),
    )


def update(model: type[Model], *columns: str, counted: Sequence[str] = ()) -> CompiledWrite:
    """The row ``pk``: its ``columns`` are set, and those that are ``counted`` go up by one."""
    changes = [f'"{column}" = %s' for column in columns]
    changes += [f'"{column}" = "{column}" + 1' for column in counted]
    return CompiledWrite(
        f'UPDATE "{model._meta.db_table}" SET {", ".join(changes)} WHERE id = %s RETURNING id',  # noqa: S608 (our own names)
        (*columns, "pk"),
        _json(model, columns),
    )


@cache
def _joined(statements: tuple[str, ...]) -> str:
    *first, last = statements
    named = ", ".join(f"write_{n} AS ({sql})" for n, sql in enumerate(first))
    return f"WITH {named} {last}" if named else last


def _execute(sql: str, values: list[Any]) -> int | None:
    rows = connection.run_compiled(sql, values)  # type: ignore[attr-defined]
    return rows[0][0] if rows else None


def _default(field: Field[Any, Any]) -> str:
    return Literal(field.get_default()).as_string().replace("%", "%%")


def _json(model: type[Model], columns: Sequence[str]) -> list[Field[Any, Any]]:
    fields = model._meta.concrete_fields
    return [field for field in fields if field.attname in columns and isinstance(field, JSONField)]
