"""Connections that threads keep between requests, and take from each other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from devtools.servers.process import wait_for
from speed.database import base
from speed.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)
# Roles are the whole server's, which other test processes may be using.
TWO_ONLY = f"two_only_{os.getpid()}"


@pytest.fixture
def threads() -> Iterator[list[DatabaseWrapper]]:
    """What three threads have instead of ``django.db.connection``, which takes none of theirs."""
    connection.ensure_connection()
    wrappers: list[DatabaseWrapper] = [connection.copy() for _ in range(3)]  # type: ignore[misc]
    yield wrappers
    for wrapper in wrappers:
        wrapper.inc_thread_sharing()
        wrapper.close()


@pytest.fixture
def limit() -> Iterator[None]:
    """The server gives these threads two connections and no more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (user,) = cursor.fetchone()
        cursor.execute(
            f"CREATE ROLE {TWO_ONLY} LOGIN PASSWORD 'two' CONNECTION LIMIT 2 IN ROLE {user}"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE {TWO_ONLY}")


def limited(wrapper: DatabaseWrapper) -> DatabaseWrapper:
    wrapper.settings_dict |= {"USER": TWO_ONLY, "PASSWORD": "two"}
    return wrapper


def session(wrapper: DatabaseWrapper) -> int:
    """The process of the server that answers; as in a request, which is under way afterwards."""
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def end_request(wrapper: DatabaseWrapper) -> None:
    wrapper.close_if_unusable_or_obsolete()


def test_a_thread_keeps_its_connection(threads) -> None:
    first, *_ = threads
    kept = session(first)
    end_request(first)
    assert session(first) == kept


def test_an_idle_connection_is_taken_over_and_its_former_thread_makes_another(threads) -> None:
    first, second, third = threads
    kept = session(first)
    end_request(first)
    assert session(second) == kept
    assert session(first) != kept
    end_request(second)
    assert session(third) == kept


def test_a_connection_in_use_is_not_taken(threads) -> None:
    first, second, _ = threads
    kept = session(first)
    end_request(first)
    assert session(first) == kept
    assert session(second) != kept


def test_a_transaction_that_begins_keeps_others_away(threads) -> None:
    first, second, _ = threads
    kept = session(first)
    end_request(first)
    # As ``atomic`` does, before there is a cursor.
    first.set_autocommit(False)
    assert session(second) != kept
    assert session(first) == kept
    first.rollback()
    first.set_autocommit(True)


def test_of_several_the_last_used_is_taken(threads) -> None:
    first, second, third = threads
    kept = [session(first), session(second)]
    end_request(second)
    end_request(first)
    assert session(third) == kept[0]


def test_another_database_is_not_taken(threads) -> None:
    first, second, _ = threads
    kept = session(first)
    end_request(first)
    second.settings_dict["NAME"] = "postgres"
    assert session(second) != kept


def test_a_connection_that_died_is_not_given(threads) -> None:
    first, second, _ = threads
    kept = session(first)
    end_request(first)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [kept])
    first.used_at -= 60
    assert session(second) != kept


def test_it_does_not_become_younger(threads) -> None:
    first, second, _ = threads
    first.settings_dict["CONN_MAX_AGE"] = 60
    session(first)
    dies_at = first.close_at
    end_request(first)
    session(second)
    assert dies_at is not None
    assert second.close_at == dies_at


def test_what_idles_is_closed_for_others_to_have_but_for_the_last(threads, monkeypatch) -> None:
    first, second, _ = threads
    kept = base.KeptConnections()
    monkeypatch.setattr(kept, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(base, "KEPT", kept)
    session(first)
    last = session(second)
    raw: psycopg.Connection = first.connection
    end_request(first)
    end_request(second)
    assert wait_for(lambda: raw.closed, 5)
    assert first.connection is None
    time.sleep(0.2)
    assert session(second) == last
    assert session(first)


@pytest.mark.usefixtures("limit")
def test_where_there_are_no_more_a_thread_waits_for_one(threads) -> None:
    first, second, third = map(limited, threads)
    first.PATIENCE_SECONDS = second.PATIENCE_SECONDS = third.PATIENCE_SECONDS = 30
    kept = session(first)
    session(second)
    later = threading.Timer(0.3, lambda: end_request(first))
    first.inc_thread_sharing()
    later.start()
    assert session(third) == kept
    later.join(10)
    for wrapper in threads:
        wrapper.close()


@pytest.mark.usefixtures("limit")
def test_where_none_comes_it_is_refused(threads) -> None:
    first, second, third = map(limited, threads)
    third.PATIENCE_SECONDS = 0.3
    session(first)
    session(second)
    with pytest.raises(OperationalError, match="too many"):
        session(third)
    for wrapper in threads:
        wrapper.close()


def test_a_tests_own_transaction_is_not_lent(threads) -> None:
    first, *_ = threads
    with transaction.atomic():
        own = session(connection)  # type: ignore[arg-type]
        assert session(first) != own
