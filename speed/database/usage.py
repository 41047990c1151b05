"""How many threads wait for a database connection, and how many did not get one, for Prometheus.

How many connections are in use and how many are idle, PostgreSQL itself knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from prometheus_client import Counter, Gauge

WAITING = "style_license_database_connections_waiting"
TIMED_OUT = "style_license_database_connections_timed_out_total"
# By database, so that nothing is counted, and no file opened for it, before the first connection.
LABEL = "database"
# A process that has ended waits for nothing.
_waiting = Gauge(
    WAITING, "Threads that wait for a connection.", [LABEL], multiprocess_mode="livesum"
)
_timed_out = Counter(
    TIMED_OUT, "Connections that the server refused or did not open in time.", [LABEL]
)


@contextmanager
def counted(database: str) -> Iterator[None]:
    """Count a connection to ``database`` that is being opened, and whether that fails."""
    timed_out = _timed_out.labels(database)
    try:
        with _waiting.labels(database).track_inprogress():
            yield
    except psycopg.OperationalError:
        timed_out.inc()
        raise
