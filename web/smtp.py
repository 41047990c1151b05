"""Django's mail by SMTP, on connections that end: the time-out of a socket bounds one answer, not a
server that sends a letter a second."""

from __future__ import annotations

import smtplib
import socket
import threading
from contextlib import suppress
from typing import Any

from django.core.mail.backends import smtp

# For all mails of one connection. Half of the time that a claim holds (``mail_service.LEASE``).
SESSION_SECONDS = 300.0


class _Ends(smtplib.SMTP):
    _end: threading.Timer | None = None

    def _get_socket(self, *address: Any) -> Any:
        opened: Any = super()._get_socket(*address)  # type: ignore[misc]
        self._end = threading.Timer(SESSION_SECONDS, self._shut)
        self._end.daemon = True
        self._end.start()
        return opened

    def _shut(self) -> None:
        """Whoever waits for an answer hears that there is none."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._end is not None:
            self._end.cancel()
        super().close()


class _EndsEncrypted(_Ends, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _EndsEncrypted if self.use_ssl else _Ends
