"""Tasks for an engine that has no worker: they are late, and end in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from app.delivery import outbox
from app.delivery.relay import Relay
from app.models import Generation, OutboxMessage, Style, Worker
from app.services.jobs import lease_service
from app.services.training_service import TRAININGS
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory
from app.utils import clock

pytestmark = pytest.mark.django_db
HOURS = 3


@pytest.fixture(autouse=True)
def nobody_looked_before() -> None:
    lease_service._unserved_since.clear()


@pytest.fixture
def now() -> Iterator[Any]:
    with time_machine.travel(clock.now(), tick=False) as travelling:
        yield travelling


def later(now: Any, hours: float) -> int:
    """How many end after so long, in which the relay looks now and then."""
    lease_service.end_unserved()
    now.shift(timedelta(hours=hours, seconds=1))
    lease_service.sweep()
    return lease_service.end_unserved()


def announced(engine: str) -> None:
    told = {"engine_version": "1", "warm_styles": [], "done_count": 0, "failed_count": 0}
    now = clock.now()
    Worker.objects.create(id=uuid4(), engine=engine, started_at=now, seen_at=now, **told)


def states() -> list[str]:
    return list(Generation.objects.order_by("pk").values_list("status", flat=True))


def test_what_waits_and_what_lies_in_the_broker_is_refunded(buyer, now):
    pictures = [GenerationFactory(user=buyer, status="queued") for _ in range(3)]
    first = OutboxMessage.objects.earliest("pk")
    outbox.mark_sent(first)
    lease_service.KINDS[first.queue].mark_accepted(first)
    # Nobody has taken it: its second attempt waits behind the first.
    assert later(now, 1) == 0
    Generation.objects.filter(pk=pictures[2].pk).update(is_held=True)
    assert later(now, HOURS) == 3
    assert states() == ["failed"] * 3
    assert Generation.objects.latest("pk").failure_reason == lease_service.NO_WORKER
    assert ledger.balance_of(buyer) == 1000
    assert not OutboxMessage.objects.filter(sent_at=None).exists()
    assert lease_service.end_unserved() == 0
    ledger.assert_right()


def test_who_comes_back_after_everything_was_away_has_as_long(now):
    GenerationFactory(status="queued")
    now.shift(timedelta(hours=100))
    assert lease_service.end_unserved() == 0
    assert later(now, HOURS - 1) == 0
    assert later(now, 1) == 1


def test_what_was_ordered_later_waits_as_long(now):
    old = GenerationFactory(status="queued")
    assert later(now, HOURS - 1) == 0
    GenerationFactory(status="queued", style=old.style)
    assert later(now, 1) == 1
    assert states() == ["failed", "queued"]


def test_with_a_worker_nothing_ends(now):
    picture = GenerationFactory(status="queued")
    lease_service.end_unserved()
    now.shift(timedelta(hours=HOURS - 1))
    announced(picture.style.engine)
    assert later(now, 1) == 0
    # It has left, and nobody else came.
    assert later(now, HOURS) == 1


def test_a_worker_that_tells_nothing_of_itself_is_known_by_its_task(now):
    waiting = GenerationFactory(status="queued")
    GenerationFactory(status="processing", style=waiting.style)
    at_work = Generation.objects.filter(status="processing")
    for _ in range(HOURS + 1):
        assert lease_service.end_unserved() == 0
        now.shift(timedelta(hours=1))
        at_work.update(lease_expires_at=clock.seconds_from_now(60))
    assert lease_service.end_unserved() == 0


def test_a_training_fails_and_one_whose_works_are_checked_waits(now):
    style = StyleFactory(training_status="pending", works=1)
    checked = StyleFactory(training_status="pending", works=1)
    TRAININGS.enqueue(style)
    assert later(now, HOURS) == 1
    found = Style.objects.in_bulk([style.pk, checked.pk])
    states = [found[each.pk].training_status for each in (style, checked)]
    assert states == ["failed", "pending"]
    assert not OutboxMessage.objects.filter(sent_at=None).exists()


def test_what_nobody_takes_is_late(now):
    class FullBroker:
        def backlog(self, queue: str) -> Any:
            return SimpleNamespace(messages=9, idle_workers=0)

    message = GenerationFactory(status="queued")
    relay = Relay("")
    relay._broker = FullBroker()  # type: ignore[assignment]
    now.shift(timedelta(minutes=5))
    assert relay.publish_due() == 0
    assert outbox.oldest_age() == pytest.approx(300, abs=5)
    announced(message.style.engine)
    assert relay.publish_due() == 0
    assert outbox.oldest_age() == 0
