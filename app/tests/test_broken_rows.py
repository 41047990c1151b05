"""A row that breaks what runs again and again must not stop the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from app.delivery.relay import Relay
from app.management.commands import relay_outbox
from app.models import (
    CopyCheck,
    Generation,
    GenerationStatus,
    Order,
    OutboxMessage,
    Style,
    User,
    WebhookDelivery,
)
from app.services import guard, measure_service, metrics_service, user_service
from app.services.jobs import lease_service
from app.services.orders import admission, ending
from app.services.webhooks import endpoints
from app.services.webhooks.deliveries import MAX_ATTEMPTS
from app.tests.factories import GenerationFactory, StyleFactory
from app.tests.ordering import order_of
from app.tests.poison import poison
from app.tests.webhooks.conftest import database, deliver, receiver  # noqa: F401 (fixtures)
from app.tests.webhooks.receiver import Receiver
from app.utils import clock

pytestmark = pytest.mark.django_db


def broken() -> dict[str, int]:
    return measure_service.broken_by_step()


def lost(count: int) -> list[Generation]:
    """Pictures whose workers were lost, the longest first."""
    pictures = [GenerationFactory(status=GenerationStatus.PROCESSING) for _ in range(count)]
    for number, picture in enumerate(pictures):
        expired = clock.seconds_from_now(number - 100)
        Generation.objects.filter(pk=picture.pk).update(lease_expires_at=expired)
    return pictures


class TestGuard:
    def test_what_breaks_is_counted_and_logged_with_its_traceback(self, caplog) -> None:
        assert guard.attempt("books", lambda: 1 // 0, day="today") is None
        assert broken() == {"books": 1}
        said = caplog.text
        assert "step_broke" in said
        assert "ZeroDivisionError" in said
        assert "today" in said

    def test_what_is_passing_passes(self) -> None:
        with pytest.raises(ZeroDivisionError):
            guard.attempt("books", lambda: 1 // 0, passing=(ZeroDivisionError,))
        assert broken() == {}

    def test_the_metrics_tell(self, client, settings) -> None:
        guard.attempt("books", lambda: 1 // 0)
        # The figures are kept for some seconds: a test before may have asked for them.
        metrics_service.figures(max_age=0)
        said = client.get("/metrics").content.decode()
        assert 'style_license_broken_steps{step="books"} 1.0' in said


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_ends_the_round() -> None:
    def lose() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(guard.OperationalError):
        guard.attempt("books", lose)
    connection.close()
    assert broken() == {}


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_does_not() -> None:
    def wait() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 20; SELECT pg_sleep(10)")

    assert guard.attempt("books", wait) is None
    connection.close()
    assert broken() == {"books": 1}


def test_each_part_of_a_sweep_has_its_turn(monkeypatch) -> None:
    done: list[str] = []
    acts = {"first": lambda: 1 // 0, "second": lambda: done.append("second")}
    monkeypatch.setattr(relay_outbox, "SWEEP", acts)
    relay_outbox.Command._sweep()
    assert done == ["second"]
    assert broken() == {"first": 1}


def test_of_lost_jobs_only_the_broken_one_stays() -> None:
    first, second = lost(2)
    poison(Generation, first.pk, "attempt")
    assert lease_service.sweep() == 1
    second.refresh_from_db()
    assert second.attempt == 2
    # It waits for a moment, or a hundred of them would keep all others from their turn.
    assert lease_service.sweep() == 0
    assert broken() == {"leases": 1}
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        lease_service.sweep()
    assert broken() == {"leases": 2}


@pytest.mark.django_db(transaction=True)
def test_of_messages_only_the_broken_one_is_not_noted(as_buyer, amqp_url: str, settings) -> None:
    items = [order_of(StyleFactory(price=1), seed=None, count=2)]
    as_buyer.post("/api/orders", {"items": items})
    first, second = Generation.objects.order_by("pk")
    poison(Generation, first.pk, "lease_expires_at")
    # Whatever tests before have left in the queues.
    settings.JOBS_AHEAD = 1_000
    relay = Relay(amqp_url)
    try:
        assert relay.publish_due() == 2
    finally:
        relay.close()
    second.refresh_from_db()
    assert second.lease_expires_at is not None
    assert broken() == {"outbox": 1}


class TestACheckThatOutlivesItsTraining:
    """The version before ends trainings, and begins others, without ending their checks."""

    @pytest.fixture
    def style(self) -> Style:
        style: Style = StyleFactory(training_status="training", works=1)
        Style.objects.filter(pk=style.pk).update(lease_expires_at=clock.seconds_from_now(-1))
        CopyCheck.objects.create(style=style, held_at=clock.now(), due_at=None)
        return style

    def test_when_its_lease_ends_it_fails_with_the_reason(self, style: Style) -> None:
        assert lease_service.sweep() == 1
        style.refresh_from_db()
        assert style.training_status == "failed"
        assert style.failure_reason == "The works of this style are not cleared for training yet."
        assert not CopyCheck.objects.exists()
        assert broken() == {}

    def test_its_artist_can_leave(self, style: Style) -> None:
        artist = style.artist.user
        Style.objects.filter(pk=style.pk).update(
            training_status="failed", failure_reason="Ended.", lease_expires_at=None
        )
        user_service.close_account(user=artist)
        assert not Style.objects.filter(pk=style.pk).exists()
        assert not CopyCheck.objects.exists()


class TestOrders:
    def test_deadlines(self, as_buyer, monkeypatch) -> None:
        in_an_hour = (clock.now() + timedelta(hours=1)).isoformat()
        items = [order_of(StyleFactory(), seed=None, count=2)]
        as_buyer.post("/api/orders", {"items": items, "deadline": in_an_hour})
        first, second = Generation.objects.order_by("pk")
        poison(Generation, first.pk, "status")
        with time_machine.travel(clock.now() + timedelta(hours=2)):
            assert ending.end_overdue() == 1
        second.refresh_from_db()
        assert second.status == "failed"

    def test_ends(self, as_buyer) -> None:
        for _ in range(2):
            items = [order_of(StyleFactory(), seed=None, count=1)]
            as_buyer.post("/api/orders", {"items": items})
        for picture in Generation.objects.all():
            as_buyer.post(f"/api/images/{picture.pk}/cancel")
        first, second = Order.objects.order_by("pk")
        poison(Order, first.pk, "ended_at")
        assert ending.tell_of_ended() == 1
        second.refresh_from_db()
        assert second.ended_at is not None

    def test_held_pictures(self, as_buyer, settings) -> None:
        settings.MAX_IN_WORK = settings.MAX_IN_WORK_PAID = 1
        items = [order_of(StyleFactory(price=1), seed=None, count=3)]
        as_buyer.post("/api/orders", {"items": items})
        settings.MAX_IN_WORK = settings.MAX_IN_WORK_PAID = 3
        _, second, third = Generation.objects.order_by("pk")
        poison(Generation, second.pk, "is_held")
        assert admission.hand_over() == 1
        assert OutboxMessage.objects.filter(task_id=third.task_id).count() == 1


def test_webhooks(buyer: User, receiver: Receiver, deliver) -> None:  # noqa: F811
    endpoint = endpoints.create(user=buyer, url=receiver.url)
    first, second = (endpoints.send_test(user=buyer, endpoint_id=endpoint.pk) for _ in range(2))
    poison(WebhookDelivery, first.pk, "attempts")
    assert deliver() == 2
    second.refresh_from_db()
    assert second.state == "delivered"
    # What cannot be kept counts as failed: it is not sent for ever.
    for _ in range(MAX_ATTEMPTS + 1):
        with time_machine.travel(clock.now() + timedelta(days=2)):
            WebhookDelivery.objects.filter(pk=first.pk).update(due_at=clock.now())
            deliver()
    first.refresh_from_db()
    assert (first.state, first.attempt_count) == ("failed", MAX_ATTEMPTS)
    assert len(receiver.received) == MAX_ATTEMPTS + 1
