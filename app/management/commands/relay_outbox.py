"""``manage.py relay_outbox``: publish tasks, check uploads, end expired leases and orders, delete
what is old, once a day tell artists what they sold, and publish the books."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection

from app.delivery import outbox
from app.delivery.exports import Exports
from app.delivery.listener import Listener
from app.delivery.relay import Relay
from app.delivery.upload_checks import UploadChecks
from app.services import (
    deletion_service,
    export_service,
    guard,
    idempotency_service,
    sales_service,
    user_service,
    worker_service,
)
from app.services.checks import pictures
from app.services.jobs import lease_service
from app.services.licences import books
from app.services.orders import admission, ending
from app.services.payments import noting, payouts, revoking, sweeping
from app.services.safety import keeping, reporting, suspension
from app.services.uploads import check_service, upload_service

log = structlog.get_logger(__name__)

# One that breaks keeps none of the others from its turn, and is tried again by the next sweep.
SWEEP: dict[str, Callable[[], object]] = {
    "leases": lease_service.sweep,
    "without worker": lease_service.end_unserved,
    "deadlines": ending.end_overdue,
    "ended orders": ending.tell_of_ended,
    "idempotency keys": idempotency_service.forget_old,
    "pending uploads": upload_service.forget_expired,
    "deleted pictures": deletion_service.delete_files,
    "sessions": user_service.forget_ended_sessions,
    "workers": worker_service.forget_old,
    "sales": sales_service.tell_of_sales,
    "books": books.publish_days,
    "monthly payouts": payouts.pay_monthly,
    "payouts": payouts.sweep,
    "payments": sweeping.sweep,
    "revoked licences": revoking.sweep,
    "suspensions": suspension.sweep,
    "reporters": reporting.tell_reporters,
    "reports": keeping.sweep,
    "payment events": noting.forget_old,
    "sent tasks": outbox.forget_sent,
    "exports": export_service.forget_old,
}


class Command(BaseCommand):
    help = "Publish the outbox, check uploads, re-queue lost jobs. Any number may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then exit.")
        parser.add_argument("--sweep-seconds", type=float, default=5.0)

    def handle(self, *args: Any, **options: Any) -> None:
        self._sweep_seconds: float = options["sweep_seconds"]
        self._sweep_at = 0.0
        stopping = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: stopping.set())
        relay = Relay(settings.AMQP_URL)
        listener = Listener(outbox.CHANNEL)
        checks, exports = UploadChecks(), Exports()
        try:
            if options["once"]:
                self._round(relay)
                while check_service.check_next() or pictures.check_next():
                    continue
                while export_service.make_next():
                    continue
                return
            checks.start()
            exports.start()
            while not stopping.is_set():
                self._round(relay)
                if not checks.is_alive():
                    raise CommandError("The check of uploads broke; the log says why.")
                if not exports.is_alive():
                    raise CommandError("The making of exports broke; the log says why.")
                listener.wait(0 if relay.is_behind else self._sweep_seconds, stopping)
        finally:
            checks.stop()
            exports.stop()
            relay.close()
            listener.close()

    def _round(self, relay: Relay) -> None:
        try:
            guard.attempt("broker", relay.keep_alive)
            guard.attempt("held pictures", admission.hand_over)
            guard.attempt("outbox", relay.publish_due)
            # Every order wakes the relay; what ends by its age can wait for the next sweep.
            if time.monotonic() >= self._sweep_at:
                self._sweep_at = time.monotonic() + self._sweep_seconds
                self._sweep()
        except (OperationalError, InterfaceError) as error:
            log.warning("database_unavailable", error=str(error))
            # The next round reconnects.
            connection.close()

    @staticmethod
    def _sweep() -> None:
        for step, act in SWEEP.items():
            guard.attempt(step, act)
