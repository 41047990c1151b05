"""Database connections: how many are used, and whether there are enough of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DatabaseError, connection

from app.utils import metric_registry
from speed.database.base import LABEL, TIMED_OUT, WAITING


@dataclass(frozen=True)
class Connections:
    """``in_use`` run a statement or a transaction, ``idle`` are kept for the next request; both
    are of all programs, and None where the database does not answer. ``limit`` is the server's.

    ``waiting`` threads of this web server wait for a connection now; since it started, so many have
    ``timed_out``.
    """

    waiting: int
    timed_out: int
    in_use: int | None = None
    idle: int | None = None
    limit: int | None = None


def used(*, is_connected: bool = True) -> Connections:
    """The figures of now. Where it is known that the database does not answer, it is not asked."""
    counted = {LABEL: connection.alias}
    waiting = metric_registry.value_of(WAITING, **counted)
    timed_out = metric_registry.value_of(TIMED_OUT, **counted)
    if not is_connected:
        return Connections(waiting, timed_out)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_USED)
            in_use, idle, limit = cursor.fetchone()
    except DatabaseError:
        return Connections(waiting, timed_out)
    return Connections(waiting, timed_out, in_use, idle, limit)


# The server's own processes have no user; those that help with a statement have a leader.
_USED = """
    SELECT count(*) FILTER (WHERE state <> 'idle' AND pid <> pg_backend_pid()),
        count(*) FILTER (WHERE state = 'idle' OR pid = pg_backend_pid()),
        current_setting('max_connections')::int
    FROM pg_stat_activity
    WHERE datname IS NOT NULL AND usename IS NOT NULL AND leader_pid IS NULL
"""
