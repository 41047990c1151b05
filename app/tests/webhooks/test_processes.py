"""Processes that deliver: killed at each write, several at once, and beside slow receivers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connections

from app.delivery import webhook_deliverer
from app.models import User, WebhookDelivery
from app.services.webhooks import deliveries, endpoints
from app.tests.factories import GenerationFactory, UserFactory
from app.tests.webhooks.receiver import Receiver, receiving
from app.utils import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DEADLINE_SECONDS = 30.0


def start(act: Callable[[], object]) -> BaseProcess:
    """Run ``act`` in a process of its own, with its own connection."""
    connections.close_all()
    process = get_context("fork").Process(target=act, daemon=True)
    process.start()
    return process


def end(process: BaseProcess) -> int | None:
    process.join(DEADLINE_SECONDS)
    assert not process.is_alive()
    return process.exitcode


def deliver_once() -> None:
    call_command("deliver_webhooks", "--once")


def messages(user: User, receiver: Receiver, count: int) -> list[WebhookDelivery]:
    endpoint = endpoints.create(user=user, url=receiver.url)
    this = {"user": user, "endpoint_id": endpoint.pk}
    return [endpoints.send_test(**this) for _ in range(count)]


def die() -> None:
    os._exit(9)


class Killed:
    """Ways to die: each replaces a step of a delivery in a process that is forked then."""

    @staticmethod
    def before_the_claim(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(deliveries, "claim", lambda *_, **__: die())

    @staticmethod
    def after_the_claim(patch: pytest.MonkeyPatch) -> None:
        claim = deliveries.claim
        patch.setattr(deliveries, "claim", lambda *a, **k: (claim(*a, **k), die()))

    @staticmethod
    def before_it_is_recorded(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(deliveries, "record", lambda *_: die())

    @staticmethod
    def before_the_record_is_committed(patch: pytest.MonkeyPatch) -> None:
        finish = deliveries._finish
        patch.setattr(deliveries, "_finish", lambda *a, **k: (finish(*a, **k), die()))

    @staticmethod
    def after_it_is_recorded(patch: pytest.MonkeyPatch) -> None:
        record = deliveries.record
        patch.setattr(deliveries, "record", lambda *a: (record(*a), die()))


@pytest.mark.parametrize(
    ("kill", "count"),
    [
        (Killed.before_the_claim, 1),
        (Killed.after_the_claim, 1),
        (Killed.before_it_is_recorded, 2),
        (Killed.before_the_record_is_committed, 2),
        (Killed.after_it_is_recorded, 1),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_killed_at_a_write_it_is_sent_at_least_once_with_one_id(
    buyer: User,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    kill: Callable[[Any], None],
    count: int,
) -> None:
    (message,) = messages(buyer, receiver, 1)
    with monkeypatch.context() as patch:
        kill(patch)
        assert end(start(deliver_once)) == 9
    # Whoever was killed may have claimed it.
    with time_machine.travel(clock.now() + timedelta(seconds=deliveries.LEASE_SECONDS + 1)):
        assert end(start(deliver_once)) == 0
    received = receiver.wait_for(count)
    assert {one.headers["webhook-id"] for one in received} == {message.webhook_id}
    assert len(received) == count
    message.refresh_from_db()
    assert message.state == "delivered"


def test_several_processes_send_each_message_once(buyer: User, receiver: Receiver) -> None:
    sent = messages(buyer, receiver, 40)
    processes = [start(deliver_once) for _ in range(3)]
    assert [end(process) for process in processes] == [0, 0, 0]
    ids = Counter(one.headers["webhook-id"] for one in receiver.wait_for(40))
    assert ids == Counter(message.webhook_id for message in sent)
    assert receiver.most_at_once <= 3 * webhook_deliverer.PER_ENDPOINT


def test_a_slow_receiver_holds_up_nobody(buyer: User, receiver: Receiver) -> None:
    """Nor do twenty messages to it: four are under way, and the others wait."""
    free = threading.Event()
    with receiving(answer=lambda _: free.wait(DEADLINE_SECONDS)) as slow:
        messages(buyer, slow, 20)
        slow.wait_for(0)
        process = start(lambda: call_command("deliver_webhooks"))
        try:
            slow.wait_for(webhook_deliverer.PER_ENDPOINT, DEADLINE_SECONDS)
            other = UserFactory()
            began = time.monotonic()
            messages(other, receiver, 5)
            receiver.wait_for(5)
            # They were not found by looking: PostgreSQL's NOTIFY has woken the process.
            assert time.monotonic() - began < 10
            assert slow.most_at_once == webhook_deliverer.PER_ENDPOINT
        finally:
            free.set()
            os.kill(process.pid or 0, signal.SIGTERM)
        assert end(process) == 0


def test_nothing_is_written_for_those_without_endpoints(buyer: User) -> None:
    GenerationFactory(user=buyer)
    assert not WebhookDelivery.objects.exists()
