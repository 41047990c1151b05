"""What the relay asks of the database when an order wakes it, and what at its own times."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from app.delivery import outbox
from app.delivery import relay as relaying
from app.delivery.broker import MessageRefused
from app.delivery.relay import Relay
from app.management.commands import relay_outbox
from app.models import Generation, GenerationStatus
from app.tests.factories import GenerationFactory
from app.utils import clock
from protocol import GENERATION_QUEUE

pytestmark = pytest.mark.django_db(transaction=True)


def command(sweep_seconds: float) -> relay_outbox.Command:
    made = relay_outbox.Command()
    made._sweep_seconds, made._sweep_at = sweep_seconds, 0.0
    return made


def statements_of_a_round(made: relay_outbox.Command) -> list[str]:
    relay = Relay("")
    with CaptureQueriesContext(connection) as captured:
        made._round(relay)
    return [query["sql"] for query in captured.captured_queries]


def test_the_first_round_looks_after_everything() -> None:
    asked = " ".join(statements_of_a_round(command(60)))
    tables = ("app_style", "app_generation", "app_idempotencykey", "app_session", "app_salesday")
    for table in tables:
        assert table in asked, table


def test_a_round_that_an_order_woke_sends_and_does_nothing_else() -> None:
    made = command(60)
    statements_of_a_round(made)
    # Without a broker not even the outbox is asked: only for pictures that were held.
    [asked] = statements_of_a_round(made)
    assert "is_held" in asked


def test_it_looks_again_when_its_time_has_come() -> None:
    made = command(0)
    # The first one ever begins the days of sales.
    statements_of_a_round(made)
    first = statements_of_a_round(made)
    assert len(statements_of_a_round(made)) == len(first) > 0


def test_a_lost_job_is_found_while_orders_keep_waking_it() -> None:
    """The sweep has a time of its own: steady orders do not put it off."""
    made, relay = command(0.2), Relay("")
    made._round(relay)
    lost = GenerationFactory(status=GenerationStatus.PROCESSING)
    Generation.objects.filter(pk=lost.pk).update(
        attempt=3, lease_expires_at=clock.seconds_from_now(-1)
    )
    deadline = monotonic() + 10
    while monotonic() < deadline:
        made._round(relay)
        if Generation.objects.get(pk=lost.pk).status == GenerationStatus.FAILED:
            return
    pytest.fail("The job stayed lost.")


def test_what_breaks_a_claim_leaves_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    GenerationFactory(status=GenerationStatus.QUEUED)
    broken = "SELECT 1 / (%s::text IS NULL)::int, %s, %s::bigint[], %s"
    monkeypatch.setattr(outbox, "_MOVE_CLOCK", broken)
    with pytest.raises(DataError), outbox.claim_batch(1):
        pytest.fail("It was claimed.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        assert cursor.fetchone() == (0,)


class Broker:
    """Takes what it is sent, or refuses it."""

    def __init__(self, *, refuses: str = "") -> None:
        self.refuses, self.asked = refuses, 0

    def backlog(self, queue: str) -> None:
        """It has no such queue; the relay tries all the same."""

    def send_generation_task(self, *_: Any, queue: str, **__: Any) -> None:
        self.asked += 1
        if queue == self.refuses:
            raise MessageRefused("The broker has no such queue.")


def relay_to(broker: Broker) -> Relay:
    made = Relay("")
    made._broker = broker  # type: ignore[assignment]
    return made


def test_a_queue_that_refuses_a_batch_is_left_for_this_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relaying, "BATCH", 2)
    for _ in range(5):
        GenerationFactory(status=GenerationStatus.QUEUED)
    broker = Broker(refuses=GENERATION_QUEUE)
    made = relay_to(broker)
    assert (made.publish_due(), broker.asked, made.is_behind) == (0, 2, False)
    # Then others have their turn.
    assert (made.publish_due(), broker.asked) == (0, 4)


def test_what_is_refused_slowly_ends_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "MOST_SECONDS_OF_A_BATCH", 0)
    for _ in range(3):
        GenerationFactory(status=GenerationStatus.QUEUED)
    broker = Broker(refuses=GENERATION_QUEUE)
    assert (relay_to(broker).publish_due(), broker.asked) == (0, 1)


def test_a_round_ends_while_there_is_still_much_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "BATCH", 2)
    monkeypatch.setattr(relaying, "MOST_SECONDS", 0)
    for _ in range(3):
        GenerationFactory(status=GenerationStatus.QUEUED)
    made = relay_to(Broker())
    assert (made.publish_due(), made.is_behind) == (2, True)
    assert made.publish_due() == 1
