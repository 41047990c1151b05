"""Many calls at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection, connections

Result = TypeVar("Result")


def all_at_once(calls: Sequence[Callable[[], Result]], *, threads: int = 20) -> list[Result]:
    """The results of ``calls``, in their order, made by ``threads`` threads that start together.

    Each thread has a database connection of its own, closed at its end.
    """
    count = min(threads, len(calls))
    start = threading.Barrier(count)

    def work(number: int) -> list[tuple[int, Result]]:
        try:
            start.wait(30)
            return [(index, calls[index]()) for index in range(number, len(calls), count)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as executor:
        parts: list[Any] = list(executor.map(work, range(count), timeout=120))
    results = dict(pair for part in parts for pair in part)
    return [results[index] for index in range(len(calls))]


def count_waiting() -> int:
    """How many connections to this database wait for a lock of another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])
