"""``manage.py deliver_webhooks``: send to others' systems what they want to be told."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from app.delivery.webhook_deliverer import Deliverer
from app.delivery.webhook_sender import Sender


class Command(BaseCommand):
    help = "Send webhooks, delete their old deliveries. Any number may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Send what is due, then exit.")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: stopping.set())
        deliverer = Deliverer(Sender(allow_loopback=settings.WEBHOOK_ALLOW_LOOPBACK))
        if options["once"]:
            asyncio.run(deliverer.run_once())
        else:
            asyncio.run(deliverer.run(stopping))
