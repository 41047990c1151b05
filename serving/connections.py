"""Whether the server gives as many database connections as the program's threads will keep."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from config import environment as variables
from serving.settings import BadSettings, WebSettings, web_settings

# Of a relay: its own, the one that waits for notifications, and one for its housekeeping. Of the
# process that sends webhooks: its own, and the one that waits. And one for a command by hand.
OTHERS = 6
CONNECT_SECONDS = 5
_ROOM = """
    SELECT current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int"""


def describe(environment: Mapping[str, str]) -> tuple[str, bool]:
    """The verdict on each variable and on the connections, for people; and whether all is good."""
    text, is_good = variables.describe(environment)
    problem = shortage(environment)
    return (f"{text}\nBAD  {problem}", False) if problem else (text, is_good)


def shortage(environment: Mapping[str, str], settings: WebSettings | None = None) -> str:
    """A sentence when the server of DATABASE_URL gives too few connections, else "".

    Each thread of each process keeps one. Of a server that does not answer nothing is said here:
    the program starts without it, and ``/api/ready`` names it.
    """
    address = environment.get("DATABASE_URL", "").strip()
    if not address:
        return ""
    try:
        web = settings or web_settings(environment)
        with psycopg.connect(address, connect_timeout=CONNECT_SECONDS) as connection:
            row = connection.execute(_ROOM).fetchone()
    except BadSettings as error:
        return str(error)
    except psycopg.Error:
        return ""
    room, kept = row[0] if row else 0, web.workers * web.threads
    if kept + OTHERS <= room:
        return ""
    return (
        f"{web.workers} processes of {web.threads} threads keep {kept} database connections, and"
        f" {OTHERS} more are needed, but PostgreSQL gives {room}: lower WEB_CONCURRENCY or"
        " WEB_THREADS, or raise PostgreSQL's max_connections."
    )
