"""Rows with names. Each field of a read is declared once, in a class of this kind.

The declaration says a field's JSON name, its type and its column. From it come the columns of the
query set, the JSON of the API, the schema of the API (``app/serializers/base.py``), the site's
card and the columns of ``benchmarks/bare.py``. A field's column is the one of its own name,
unless a note says otherwise; a field that is a row itself has its columns behind its own name::

    class FeedPicture(Row):
        width: int                                            # width
        image_url: Annotated[FileLink, Column("image_path")]  # image_path, signed
        user: UserBrief                                       # user_id, user__username …

They are msgspec structs because that was the fastest of what has names. 21 pictures, from the
database's tuples to JSON: 25 µs, where a NamedTuple or a dataclass with slots takes 31 µs (they
have to be made into dicts first), nested dataclasses 62 µs, and ``row[22]`` took 21 µs. To read
six fields of each: 0.6 µs as structs, 1.6 µs as dataclasses, 1.8 µs as NamedTuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Self, get_args, get_origin, get_type_hints

import msgspec
from django.core.exceptions import ObjectDoesNotExist

from app.utils.links import Link, linker, page_url


@dataclass(frozen=True)
class Column:
    """Where a field comes from, as query sets spell it. For a row within a row: where its own
    columns are, "" for those of the same table."""

    path: str


@dataclass(frozen=True)
class Page:
    """The field is the address of a page of the site: that of the column's value in ``folder``."""

    folder: str


@dataclass(frozen=True, eq=False)
class Names:
    """What some of the column's values are called; the others keep their names."""

    known: Mapping[Any, Any]


@dataclass(frozen=True)
class _Note:
    name: str


# The column holds a storage key; the field is a signed link to the file, null when there is none.
IS_FILE = _Note("file")
# An empty text is null in JSON.
BLANK_IS_NULL = _Note("blank is null")
# The database's JSON goes out as it came; the type only says what is in it.
IS_JSON = _Note("JSON")
# No column: the read fills it in.
FILLED_IN = _Note("filled in")
# For the owner's eyes only; null for others. The read calls ``hide_from_others``.
OWNER_ONLY = _Note("owner only")
# The site prints it below the picture on walls.
ON_CARD = _Note("on card")

_encoder = msgspec.json.Encoder()
FileLink = Annotated[str | None, IS_FILE]


class Field(NamedTuple):
    """What the declaration says of one field."""

    name: str
    # Without None and without notes.
    type: Any
    is_nullable: bool
    notes: tuple[Any, ...]

    @property
    def path(self) -> str:
        return next((note.path for note in self.notes if isinstance(note, Column)), self.name)

    @property
    def is_row(self) -> bool:
        return isinstance(self.type, type) and issubclass(self.type, Row)

    @property
    def has_own_columns(self) -> bool:
        return self.is_row and IS_JSON not in self.notes


class Row(msgspec.Struct, gc=False):
    """What a read gives, in the order of its JSON."""

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """What a query set's ``values_list`` is to give, and ``from_tuples`` takes."""
        return _columns(cls)

    @classmethod
    def from_tuples(cls, found: Iterable[Sequence[Any]], link: Link | None = None) -> list[Self]:
        """Rows of the tuples that the database gave for ``columns``. ``link`` makes the links."""
        make, link = _maker(cls), link or linker()
        return [make(link, *values) for values in found]  # type: ignore[misc]

    @classmethod
    def of(cls, instance: Any, link: Link | None = None) -> Self:
        """The row of a model's instance that is at hand already."""
        return cls.from_tuples([[_value(instance, path) for path in cls.columns()]], link)[0]

    @staticmethod
    def to_json(rows: Sequence[Row]) -> msgspec.Raw:
        """All rows in one go, which is faster than one by one."""
        return msgspec.Raw(_encoder.encode(rows))

    def hide_from_others(self) -> None:
        for name in marked(type(self), OWNER_ONLY):
            setattr(self, name, None)


@cache
def fields(row: type[Row]) -> tuple[Field, ...]:
    hints = get_type_hints(row, include_extras=True)
    return tuple(_field(name, hints[name]) for name in row.__struct_fields__)


@cache
def marked(row: type[Row], note: Any) -> tuple[str, ...]:
    """The names of the fields that carry ``note``."""
    return tuple(field.name for field in fields(row) if note in field.notes)


def _field(name: str, hint: Any) -> Field:
    bare, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    options = [each for each in get_args(bare) if each is not type(None)]
    is_nullable = isinstance(bare, UnionType)
    return Field(name, options[0] if is_nullable else bare, is_nullable, tuple(notes))


@cache
def _maker(row: type[Row]) -> Callable[..., Row]:
    """Makes a row of ``link`` and the values of its columns, by their names.

    It is written out once for each kind of row, as NamedTuple and dataclass do with their methods::

        lambda link, pk, image_path, …: FeedPicture(pk, link(image_path) or None, …)
    """
    names: dict[str, Any] = {"_raw": _raw, "_page": page_url}
    text = _expression(row, "", names)
    return eval(f"lambda link, {', '.join(row.columns())}: {text}", names)  # noqa: S307 (the names of our own fields)


def _expression(row: type[Row], prefix: str, names: dict[str, Any]) -> str:
    """What makes a ``row`` whose columns begin with ``prefix``. ``names`` is what it refers to."""
    names[row.__name__] = row
    values = []
    for field in fields(row):
        column = _joined(prefix, field.path)
        if FILLED_IN in field.notes:
            values.append("None")
        elif field.has_own_columns:
            inner = _expression(field.type, _prefix(prefix, field), names)
            key = _columns(field.type, _prefix(prefix, field))[0]
            values.append(f"({inner} if {key} else None)" if field.is_nullable else inner)
        elif IS_FILE in field.notes:
            values.append(f"link({column}) or None")
        elif page := next((note for note in field.notes if isinstance(note, Page)), None):
            values.append(f"_page({page.folder!r}, {column})")
        elif IS_JSON in field.notes:
            values.append(f"_raw({column})")
        elif called := next((note for note in field.notes if isinstance(note, Names)), None):
            names[f"_names_{field.name}"] = called.known
            values.append(f"_names_{field.name}.get({column}, {column})")
        else:
            values.append(f"{column} or None" if BLANK_IS_NULL in field.notes else column)
    return f"{row.__name__}({', '.join(values)})"


@cache
def _columns(row: type[Row], prefix: str = "") -> tuple[str, ...]:
    found: list[str] = []
    for field in fields(row):
        if field.has_own_columns:
            found += _columns(field.type, _prefix(prefix, field))
        elif FILLED_IN not in field.notes:
            found.append(_joined(prefix, field.path))
    return tuple(dict.fromkeys(found))


def _prefix(prefix: str, field: Field) -> str:
    return f"{prefix}{field.path}__" if field.path else prefix


def _joined(prefix: str, path: str) -> str:
    """A column of a row within a row. The related row's key is in the table that refers to it."""
    return f"{prefix[:-2]}_id" if prefix and path == "pk" else f"{prefix}{path}"


def _raw(found: Any) -> msgspec.Raw | None:
    """JSON as the database gives it, which is text; of an instance, the value itself."""
    if found is None:
        return None
    return msgspec.Raw(found if isinstance(found, str) else msgspec.json.encode(found))


def _value(instance: Any, path: str) -> Any:
    found = instance
    for name in path.split("__"):
        try:
            found = None if found is None else getattr(found, name)
        except ObjectDoesNotExist:
            # A table that refers to this one need not have a row for each of its rows.
            return None
    return found
