"""A thread of the relay that makes exports of users' data, so that a large one holds up nothing."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError, connection

from app.delivery.background import Background
from app.services import export_service, guard

log = structlog.get_logger(__name__)

POLL_SECONDS = 5.0


class Exports(Background):
    """An export that breaks does not end the thread."""

    name = "exports"

    def run(self) -> None:
        while not self._stopping.is_set():
            if not self._make_next():
                # Nothing is held while there is nothing to do.
                connection.close()
                self._stopping.wait(POLL_SECONDS)
        connection.close()

    def _make_next(self) -> bool:
        try:
            return bool(
                guard.attempt("exports", lambda: export_service.make_next(self._stopping.is_set))
            )
        except (OperationalError, InterfaceError) as error:
            # The lease runs out, and it is made again.
            log.warning("database_unavailable", error=str(error))
            return False
