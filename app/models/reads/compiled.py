"""Reads that are compiled to SQL once, with named rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from django.db.models import QuerySet

from app.models.reads.paging import PageShape, keyset_page
from app.models.reads.row import Row, fields
from app.utils.links import Link
from speed.queries import CompiledQuery
from speed.queries import Values as Values

Named = TypeVar("Named", bound=Row)
# Makes the query set of a shape; ``values`` fill it.
Build = Callable[[Any, Values], QuerySet[Any, Any]]


@dataclass(frozen=True)
class Viewer:
    """What query set methods look at in a user. The shape of a read says whether there is one; its
    id is the value ``viewer_id``."""

    pk: int | None
    is_authenticated: bool
    is_artist: bool = False


def of_viewer(viewer_id: int | None) -> Values:
    """The value that a viewer adds to those of a read."""
    return {} if viewer_id is None else {"viewer_id": viewer_id}


class Read(Generic[Named]):
    """``shape`` decides the SQL, ``values`` fill it. ``is_uneven`` says for which shapes the
    database had better plan each time, since some values have ten rows and others ten thousand."""

    def __init__(
        self,
        row: type[Named],
        build: Build,
        *,
        is_uneven: Callable[[Any], bool] = lambda shape: False,
    ) -> None:
        self._row = row
        self._query = CompiledQuery(
            lambda shape, values: build(shape, values).values_list(*row.columns()),
            is_uneven=is_uneven,
        )

    def rows(
        self,
        shape: Hashable,
        values: Values,
        *,
        keep: bool = True,
        link: Link | None = None,
    ) -> list[Named]:
        """``keep`` is False for shapes that seldom come twice, such as those with a searched
        text. ``link`` makes the links to files, if they are not to be those of everybody."""
        return self._row.from_tuples(self._query.rows(shape, values, keep=keep), link)

    def first(self, shape: Hashable, values: Values) -> Named | None:
        return next(iter(self.rows(shape, values)), None)


class PagedRead(Generic[Named]):
    """The same of a list. ``order`` names what its rows are ordered by: fields, or properties that
    are whole numbers."""

    def __init__(
        self,
        row: type[Named],
        order: tuple[str, ...],
        build: Build,
        *,
        is_uneven: Callable[[Any], bool] = lambda shape: False,
    ) -> None:
        self.order = order
        types = {field.name: field.type for field in fields(row)}
        self.kinds = [datetime if types.get(name) is datetime else int for name in order]
        behind = [f"after_{name}" for name in order]

        def build_page(shape: tuple[Any, PageShape], values: Values) -> QuerySet[Any, Any]:
            wanted, page = shape
            after = tuple(values[name] for name in behind) if page.is_after else ()
            return keyset_page(build(wanted, values), page, after)

        self.read = Read(row, build_page, is_uneven=lambda shape: is_uneven(shape[0]))

    def listing(self, shape: Hashable, values: Values, *, keep: bool = True) -> PagedRows[Named]:
        return PagedRows(self, shape, values, keep)


@dataclass(frozen=True)
class PagedRows(Generic[Named]):
    """A list of ``PagedRead``, which pages are cut out of."""

    paged: PagedRead[Named]
    shape: Hashable
    values: Values
    keep: bool = True
    link: Link | None = None

    def with_keys(self) -> Self:
        """The same rows with the storage keys of files instead of links, for those who make more
        links of them than one."""
        return replace(self, link=lambda key: key)

    @property
    def kinds(self) -> Sequence[type]:
        return self.paged.kinds

    def cut(self, shape: PageShape, after: tuple[Any, ...]) -> list[Named]:
        behind = {f"after_{name}": v for name, v in zip(self.paged.order, after, strict=False)}
        values = {**self.values, **behind}
        return self.paged.read.rows((self.shape, shape), values, keep=self.keep, link=self.link)

    def first(self, count: int) -> list[Named]:
        """The first ``count`` rows."""
        return self.cut(PageShape(count), ())[:count]

    def place_of(self, row: Named) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self.paged.order)
