"""The web application, with places where it can be told to die.

``X-Fault: before-commit`` or ``after-commit`` kills this process, as a power cut would, at the
commit of the request's outermost transaction that writes an order; ``X-Fault: write 3`` before the
third statement of the request that writes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.wsgi import application as real_application
from tests.faults.dying import Countdown, die, watch

# Whether this transaction has written a message to the workers, however it did.
WRITES_AN_ORDER = """
    SELECT EXISTS (
        SELECT FROM app_outboxmessage
        WHERE xmin::text::bigint = pg_current_xact_id_if_assigned()::text::bigint & 4294967295
    )"""

_wanted = threading.local()


def _prepare() -> None:
    from django.db import connection
    from django.db.backends.base.base import BaseDatabaseWrapper

    commit = BaseDatabaseWrapper.commit

    def commit_or_die(self: BaseDatabaseWrapper) -> None:
        at = getattr(_wanted, "at", "")
        if at:
            with self.cursor() as cursor:
                cursor.execute(WRITES_AN_ORDER)
                [writes_an_order] = cursor.fetchone() or [False]
            at = at if writes_an_order else ""
        if at == "before-commit":
            die()
        commit(self)
        if at == "after-commit":
            die()

    BaseDatabaseWrapper.commit = commit_or_die  # type: ignore[method-assign]
    watch(lambda: getattr(_wanted, "write", Countdown(0))())
    connection.close()


_prepare()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    wanted = environ.get("HTTP_X_FAULT", "")
    _wanted.at = wanted if wanted.endswith("-commit") else ""
    _wanted.write = Countdown(int(wanted.split()[1]) if wanted.startswith("write ") else 0)
    return real_application(environ, start_response)
