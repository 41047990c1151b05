"""A thread of the relay that checks uploads and looks for copies, so that this does not hold up the
messages."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError, connection

from app.delivery.background import Background
from app.delivery.listener import Listener
from app.services import guard
from app.services.checks import pictures
from app.services.uploads import check_service, checkers, copy_service

log = structlog.get_logger(__name__)

POLL_SECONDS = 5.0
# Of that, for works from before there were fingerprints, while there are any.
FILL_IN_SECONDS = 0.5


class UploadChecks(Background):
    """A check that breaks does not end the thread."""

    name = "upload-checks"

    def run(self) -> None:
        listener = Listener(checkers.CHANNEL)
        try:
            while not self._stopping.is_set():
                if not self._check_next():
                    self._fill_in()
                    # Nothing is held while there is nothing to do.
                    connection.close()
                    listener.wait(POLL_SECONDS, self._stopping)
        finally:
            listener.close()
            connection.close()

    def _check_next(self) -> bool:
        try:
            stopping = self._stopping.is_set
            return check_service.check_next(stopping) or pictures.check_next(stopping)
        except (OperationalError, InterfaceError) as error:
            # The lease runs out, and the upload is checked again.
            log.warning("database_unavailable", error=str(error))
            return False

    @staticmethod
    def _fill_in() -> None:
        try:
            guard.attempt("fingerprints", lambda: copy_service.fill_in(FILL_IN_SECONDS))
        except (OperationalError, InterfaceError) as error:
            log.warning("database_unavailable", error=str(error))
