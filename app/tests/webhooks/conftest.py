from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from app.delivery.webhook_deliverer import Deliverer
from app.delivery.webhook_sender import Sender
from app.tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def database(db: None) -> Iterator[ThreadPoolExecutor]:
    """A thread that sees what the test has written: they share a connection."""
    shared = connections["default"]
    shared.inc_thread_sharing()

    def share() -> None:
        connections["default"] = shared

    with ThreadPoolExecutor(1, initializer=share) as thread:
        yield thread
    shared.dec_thread_sharing()


@pytest.fixture
def deliver(database: ThreadPoolExecutor) -> Callable[..., int]:
    """Send what is due. Returns how many messages."""

    def send(**options: object) -> int:
        sender = Sender(allow_loopback=True, **options)  # type: ignore[arg-type]
        return asyncio.run(Deliverer(sender, database=database).run_once())

    return send
