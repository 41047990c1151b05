"""``python -m benchmarks.inside``: both programs in this process, each path once, no clock.

Prints JSON: for each path how many statements each program ran, which ones we ran (with the values
written in, and as it was prepared where it was), how many bytes were answered, and in what bare
differs from us. The database has to be seeded.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg

# Its text, its values, and whether the server was to keep its plan.
Statement = tuple[str, Any, bool]
_recorded: list[Statement] = []
_execute = psycopg.Cursor.execute


def _recording(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
    _recorded.append((str(query), params, bool(options.get("prepare"))))
    return _execute(cursor, query, params, **options)


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Every statement that any connection of this process is given within."""
    _recorded.clear()
    psycopg.Cursor.execute = _recording  # type: ignore[method-assign, assignment]
    try:
        yield _recorded
    finally:
        psycopg.Cursor.execute = _execute  # type: ignore[method-assign]


def _prepared(bound: Any, query: str, params: Any, is_prepared: bool) -> list[str] | None:
    """The text with numbered parameters, and the values as one would give them to EXECUTE."""
    if not is_prepared:
        return None
    names: list[str] = []

    def number(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return "%"
        # One that has a name may come several times; the others are all different.
        name = mark["name"] or f"%{len(names)}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    text = re.sub(r"%(?:%|s|\((?P<name>\w+)\)s)", number, query)
    values = [params[name] for name in names] if isinstance(params, Mapping) else list(params or ())
    places = ", ".join("%s" for _ in values)
    return [text, bound.mogrify(places, values) if values else ""]


def main() -> None:
    from django.conf import settings

    from benchmarks.bare import application as bare_application
    from benchmarks.cases import all_cases
    from benchmarks.compare import differences, in_process
    from benchmarks.prepare import Database
    from config.wsgi import application

    database = Database(dict(os.environ))
    ours, bare = in_process(application), in_process(bare_application)
    found: dict[str, Any] = {}
    with database.connect() as connection:
        bound = psycopg.ClientCursor(connection)
        for case in sorted(all_cases(database), key=lambda case: case.writes):
            settings.PAGE_CACHE_SECONDS = 60 if case.cached else 0
            wrong = differences(case, ours, bare, database)
            # What is asked for the first time is compiled; this is the second.
            requests = case.make(4)
            with recorded() as statements:
                mine = ours(requests[0])
                our_statements = list(statements)
            with recorded() as statements:
                its = bare(requests[1 if case.once else 0])
                its_count = len(statements)
            found[case.name] = {
                "differences": wrong,
                "statements": len(our_statements),
                "bare_statements": its_count,
                "allowed": case.statements,
                "bytes": len(mine.body),
                "bare_bytes": len(its.body),
                "header_bytes": sum(len(n) + len(v) + 4 for n, v in mine.headers.items()),
                "sql": [bound.mogrify(query, params) for query, params, _ in our_statements],
                "prepared": [_prepared(bound, *statement) for statement in our_statements],
            }
    sys.stdout.write(orjson.dumps(found).decode())


if __name__ == "__main__":
    main()
