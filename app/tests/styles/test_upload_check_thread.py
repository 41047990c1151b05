"""The relay's thread that checks uploads: woken by the request, stopped with the relay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from app.delivery import upload_checks
from app.delivery.upload_checks import UploadChecks
from app.models import Artwork, OutboxMessage, Style, UploadCheck
from app.services.uploads import check_service, checkers
from app.tests.factories import StyleFactory
from app.tests.uploads import create_of, uploaded
from app.utils import clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def checks() -> Iterator[UploadChecks]:
    made = UploadChecks()
    yield made
    made.stop()
    assert not made.is_alive()


def wait_for(happened: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def listens() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN upload%%'")
        return cursor.fetchone() == (1,)


def test_a_request_wakes_it(as_artist, checks, monkeypatch) -> None:
    monkeypatch.setattr(upload_checks, "POLL_SECONDS", 600.0)
    keys = uploaded(as_artist)
    checks.start()
    wait_for(listens, 30)
    create_of(as_artist, keys)
    wait_for(lambda: OutboxMessage.objects.exists(), 60)
    assert Artwork.objects.count() == 10


def test_what_waits_already_is_found_at_the_start(as_artist, checks) -> None:
    create_of(as_artist, uploaded(as_artist))
    checks.start()
    wait_for(lambda: OutboxMessage.objects.exists(), 60)


def test_one_round_of_the_command_checks_all_that_is_due(as_artist) -> None:
    create_of(as_artist, uploaded(as_artist))
    call_command("relay_outbox", once=True)
    assert OutboxMessage.objects.count() == 1


def broken_check() -> Style:
    """One that no version of this code writes."""
    style: Style = StyleFactory(training_status="pending")
    UploadCheck.objects.create(style=style, works=[{"key": 5}], due_at=clock.now())
    return style


def test_a_check_that_breaks_keeps_no_other_from_its_turn(as_artist, checks) -> None:
    broken_check()
    create_of(as_artist, uploaded(as_artist))
    checks.start()
    wait_for(lambda: OutboxMessage.objects.exists(), 60)
    assert UploadCheck.objects.get().attempt == 1
    assert checks.is_alive()


def test_a_check_that_always_breaks_ends() -> None:
    style = broken_check()
    for number in range(checkers.MAX_ATTEMPTS + 1):
        with time_machine.travel(clock.now() + number * timedelta(minutes=3)):
            check_service.check_next()
    style.refresh_from_db()
    assert (style.training_status, style.failure_reason) == ("failed", checkers.BROKEN)
    assert not UploadCheck.objects.exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_relay_ends_with_its_thread(monkeypatch) -> None:
    """So that somebody starts it again, and the log says why."""
    monkeypatch.setattr(upload_checks, "POLL_SECONDS", None)
    with pytest.raises(CommandError, match="The check of uploads broke"):
        call_command("relay_outbox", sweep_seconds=0.1)
