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

_wanted = threading.local()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _prepare() -> None:
    from django.db import connection
    from django.db.backends.base.base import BaseDatabaseWrapper

    from app.delivery import outbox

    commit, enqueue = BaseDatabaseWrapper.commit, outbox.enqueue

    def enqueue_and_note(*arguments: Any, **options: Any) -> Any:
        _wanted.has_written = True
        return enqueue(*arguments, **options)

    def commit_or_die(self: BaseDatabaseWrapper) -> None:
        at = getattr(_wanted, "at", "") if getattr(_wanted, "has_written", False) else ""
        if at == "before-commit":
            _die()
        commit(self)
        if at == "after-commit":
            _die()

    outbox.enqueue = enqueue_and_note
    BaseDatabaseWrapper.commit = commit_or_die  # type: ignore[method-assign]
    connection.close()


_prepare()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    _wanted.at = environ.get("HTTP_X_FAULT", "")
    _wanted.has_written = False
    return real_application(environ, start_response)
