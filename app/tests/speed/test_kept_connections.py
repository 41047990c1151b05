"""Connections that are kept between requests, and when they are checked."""

import pytest
from django.db import connection, transaction

from app.models import User
from app.tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection as a request finds it that follows another one closely."""
    connection.ensure_connection()
    monkeypatch.setattr(connection, "health_check_enabled", True)
    monkeypatch.setattr(connection, "health_check_done", False)


def long_ago() -> None:
    """As if the last statement had waited for a lock for a long time."""
    connection.used_at -= 60  # type: ignore[attr-defined]


@pytest.mark.parametrize("fails", [False, True])
def test_a_statement_that_waited_long_does_no_harm_to_its_transaction(unchecked, fails) -> None:
    class Refused(Exception):
        pass

    def change() -> None:
        with transaction.atomic():
            UserFactory(username="patient")
            long_ago()
            if fails:
                raise Refused

    if fails:
        with pytest.raises(Refused):
            change()
    else:
        change()
    assert connection.get_autocommit()
    assert User.objects.filter(username="patient").exists() is not fails


def test_an_idle_connection_that_died_is_made_anew(unchecked) -> None:
    connection.connection.close()
    long_ago()
    assert User.objects.count() == 0
