"""``manage.py send_mail``: send users by e-mail what they want to hear of."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from app.services import guard, mail_service
from web import mailer

log = structlog.get_logger(__name__)

POLL_SECONDS = 10.0
ALIVE_SECONDS = 30.0


class Command(BaseCommand):
    help = "Send e-mail to those who are due. Any number may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Send what is due, then exit.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            mailer.send_due()
            mailer.send_reports()
            return
        stopping = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: stopping.set())
        if not mail_service.is_on():
            log.warning("mail_is_off", advice="Set SMTP_URL and MAIL_FROM to send e-mail.")
            stopping.wait()
            return
        alive_at = 0.0
        while not stopping.is_set():
            try:
                if time.monotonic() >= alive_at:
                    alive_at = time.monotonic() + ALIVE_SECONDS
                    guard.attempt("mail", mail_service.keep_alive)
                guard.attempt("mail", lambda: mailer.send_due(stopping.is_set))
                guard.attempt("mail", lambda: mailer.send_reports(stopping.is_set))
            except (OperationalError, InterfaceError) as error:
                log.warning("database_unavailable", error=str(error))
                # The next round reconnects.
                connection.close()
            stopping.wait(POLL_SECONDS)
