"""One row that breaks must not stop the others: what runs again and again does each part under a
guard.

A part that breaks is logged with its traceback and counted (``style_license_broken_steps``);
whoever calls goes on with the next one. Only a database that is away ends the round: nothing can be
done then, and the caller connects again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from app.services import measure_service

log = structlog.get_logger(__name__)

Result = TypeVar("Result")


def attempt(
    step: str,
    act: Callable[[], Result],
    *,
    passing: tuple[type[Exception], ...] = (),
    **about: object,
) -> Result | None:
    """What ``act`` returns; None if it broke. What asks the database has its own transaction.

    ``step`` and ``about`` name the part and its row in the log. Raises what is ``passing``, and
    OperationalError or InterfaceError if the database is away.
    """
    try:
        return act()
    except passing:
        raise
    except Exception as error:  # noqa: BLE001 - what may pass, note raises
        note(error, step, **about)
        return None


def note(error: Exception, step: str, **about: object) -> None:
    """Log and count what broke; raises ``error`` again if it says that the database is away."""
    is_of_database = isinstance(error, OperationalError | InterfaceError)
    if is_of_database and not connection.is_usable():
        raise error
    log.error("step_broke", step=step, exc_info=error, **about)
    with suppress(DatabaseError):
        measure_service.count_broken(step)
