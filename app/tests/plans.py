"""The plans of statements as the server really ran them, and what they read.

``auto_explain`` sends each plan to the client that asked, those of prepared statements and of
triggers included.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

# A table of fewer rows may be read whole; any sensible plan does.
BIG_ROWS = 1000

_BEGIN = """
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_analyze = on;
    SET auto_explain.log_timing = off;
    SET auto_explain.log_format = json;
    SET log_min_messages = panic;
    SET client_min_messages = log;
"""
_END = """
    RESET auto_explain.log_min_duration;
    RESET log_min_messages;
    RESET client_min_messages;
"""


@dataclass(frozen=True)
class Bounds:
    """How many rows one statement may look at.

    ``rows`` of any one table, ``tables`` are exceptions. ``entries`` of any one index that answers
    alone, without its table. ``to_sort`` is for each sort.
    """

    rows: int = 64
    entries: int = 64
    to_sort: int = 200
    tables: dict[str, int] = field(default_factory=dict)
    # Tables of so few pages here that reading them whole is cheaper than two hundred look-ups.
    whole: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    statement: str
    root: dict[str, Any]
    # As the server measured it.
    milliseconds: float = 0.0

    def nodes(self) -> Iterator[dict[str, Any]]:
        left = [self.root]
        while left:
            node = left.pop()
            yield node
            left += node.get("Plans", [])

    def problems(self, big_tables: set[str], bounds: Bounds) -> list[str]:
        """What it does that it should not, in words."""
        rows: Counter[str] = Counter()
        entries: Counter[str] = Counter()
        found = []
        for node in self.nodes():
            table, kind = node.get("Relation Name"), node["Node Type"]
            if table in big_tables:
                if kind == "Index Only Scan":
                    entries[node["Index Name"]] += _looked_at(node)
                    rows[table] += node["Heap Fetches"]
                else:
                    rows[table] += _looked_at(node)
                if kind == "Seq Scan" and node["Actual Loops"] and table not in bounds.whole:
                    found.append(f"{table} is read whole")
            if kind.endswith("Sort"):
                to_sort = sum(_looked_at(child) for child in node["Plans"])
                if to_sort > bounds.to_sort:
                    found.append(f"{to_sort} rows are sorted by {', '.join(node['Sort Key'])}")
        for table, count in rows.items():
            if count > (allowed := bounds.tables.get(table, bounds.rows)):
                found.append(f"{count} rows of {table} are looked at, {allowed} are allowed")
        for index, count in entries.items():
            if count > bounds.entries:
                found.append(f"{count} entries of {index} are read, {bounds.entries} are allowed")
        return found


def _looked_at(node: dict[str, Any]) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])


def plans_of(act: Callable[[], object]) -> list[Plan]:
    """The plan of every statement that Django's connection runs in ``act``."""
    with _watched() as plans:
        act()
    return plans


def big_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind = 'r' AND nspname = 'public' AND reltuples >= %s",
            [BIG_ROWS],
        )
        return {row[0] for row in cursor.fetchall()}


@contextmanager
def _watched() -> Iterator[list[Plan]]:
    plans: list[Plan] = []

    def note(message: Any) -> None:
        took, is_plan, text = (message.message_primary or "").partition("plan:\n")
        if is_plan:
            told = json.loads(text)
            # "duration: 0.123 ms  "
            plans.append(Plan(told["Query Text"], told["Plan"], float(took.split()[1])))

    with connection.cursor() as cursor:
        cursor.execute(_BEGIN)
    server = connection.connection
    server.add_notice_handler(note)
    try:
        yield plans
    finally:
        server.remove_notice_handler(note)
        with connection.cursor() as cursor:
            cursor.execute(_END)
