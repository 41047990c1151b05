"""What the relay asks of the database when an order wakes it, and what at its own times."""

from __future__ import annotations

from time import monotonic

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.delivery.relay import Relay
from app.management.commands import relay_outbox
from app.models import Generation, GenerationStatus
from app.tests.factories import GenerationFactory
from app.utils import clock

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
