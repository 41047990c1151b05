"""The web application, with places where it can be told to die.

``X-Fault: before-commit`` or ``after-commit`` kills this process, as a power cut would, at the
commit of the request's outermost transaction that writes an order.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.wsgi import application as real_application

# Whether this transaction has written a message to the workers, however it did.
WRITES_AN_ORDER = """
    SELECT EXISTS (
        SELECT FROM app_outboxmessage
        WHERE xmin::text::bigint = pg_current_xact_id_if_assigned()::text::bigint & 4294967295
    )"""

_wanted = threading.local()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


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
            _die()
        commit(self)
        if at == "after-commit":
            _die()

    BaseDatabaseWrapper.commit = commit_or_die  # type: ignore[method-assign]
    connection.close()


_prepare()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    _wanted.at = environ.get("HTTP_X_FAULT", "")
    return real_application(environ, start_response)
