"""Database connections: one for each thread, kept between requests, checked after a rest."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import OperationalError, connection, connections, transaction

from app.models import User
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order_of
from app.utils import metric_registry
from devtools.servers.process import wait_for
from speed.database.base import LABEL, TIMED_OUT, WAITING, DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)
# Roles are the whole server's, which other test processes may be using.
TWO_ONLY = f"two_only_{os.getpid()}"


def counted(name: str) -> int:
    return metric_registry.value_of(name, **{LABEL: "default"})


def session(used: DatabaseWrapper) -> int:
    """The process of the server that answers."""
    with used.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def begin_request(used: DatabaseWrapper) -> None:
    """What Django does with the connection of a thread before and after each request."""
    used.close_if_unusable_or_obsolete()


@pytest.fixture
def thread() -> Iterator[DatabaseWrapper]:
    """What another thread has instead of ``django.db.connection``."""
    connection.ensure_connection()
    wrapper: DatabaseWrapper = connection.copy()  # type: ignore[misc, assignment]
    yield wrapper
    wrapper.close()


class TestOneForEachThread:
    def test_each_thread_keeps_its_own(self) -> None:
        both = threading.Barrier(2)

        def ask() -> list[int]:
            try:
                found = []
                for _ in range(3):
                    both.wait(30)
                    found.append(session(connection))  # type: ignore[arg-type]
                    begin_request(connection)  # type: ignore[arg-type]
                return found
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            first, second = (pool.submit(ask), pool.submit(ask))
            kept = [set(first.result(60)), set(second.result(60))]
        assert [len(each) for each in kept] == [1, 1]
        assert kept[0] != kept[1]

    def test_it_is_closed_when_it_is_old(self, thread: DatabaseWrapper) -> None:
        thread.settings_dict["CONN_MAX_AGE"] = 60
        first = session(thread)
        begin_request(thread)
        assert session(thread) == first
        thread.close_at -= 60
        begin_request(thread)
        assert session(thread) != first

    def test_settings_are_the_plans(self, settings) -> None:
        kept = settings.DATABASES["default"]
        assert (kept["CONN_MAX_AGE"], kept["CONN_HEALTH_CHECKS"]) == (600, True)


class TestHealth:
    @pytest.fixture
    def checks(self, monkeypatch: pytest.MonkeyPatch, thread: DatabaseWrapper) -> list[bool]:
        """Whether it was usable, each time it was asked; with a request that is about to begin."""
        found: list[bool] = []
        ask = thread.is_usable

        def asked() -> bool:
            found.append(ask())
            return found[-1]

        monkeypatch.setattr(thread, "is_usable", asked)
        thread.settings_dict["CONN_HEALTH_CHECKS"] = True
        session(thread)
        begin_request(thread)
        return found

    def test_one_that_was_just_used_is_not_checked(self, thread, checks) -> None:
        for _ in range(3):
            session(thread)
            begin_request(thread)
        assert checks == []

    def test_one_that_was_idle_is_checked_once_a_request(self, thread, checks) -> None:
        thread.used_at -= 60
        session(thread)
        session(thread)
        assert checks == [True]

    def test_one_that_died_meanwhile_is_replaced(self, thread, checks) -> None:
        died = session(thread)
        begin_request(thread)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [died])
        thread.used_at -= 60
        assert session(thread) != died
        assert checks == [False]

    @pytest.mark.parametrize("fails", [False, True])
    def test_a_statement_that_waited_long_does_no_harm_to_its_transaction(self, fails) -> None:
        class Refused(Exception):
            pass

        def change() -> None:
            with transaction.atomic():
                UserFactory(username="patient")
                # As if it had waited for a lock.
                connection.used_at -= 60  # type: ignore[attr-defined]
                if fails:
                    raise Refused

        connection.ensure_connection()
        connection.health_check_enabled, connection.health_check_done = True, False
        if fails:
            with pytest.raises(Refused):
                change()
        else:
            change()
        assert connection.get_autocommit()
        assert User.objects.filter(username="patient").exists() is not fails


class TestThereAreNoMore:
    @pytest.fixture
    def limited(self, thread: DatabaseWrapper) -> Iterator[list[DatabaseWrapper]]:
        """Three threads to which the server gives two connections."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            (user,) = cursor.fetchone()
            cursor.execute(
                f"CREATE ROLE {TWO_ONLY} LOGIN PASSWORD 'two' CONNECTION LIMIT 2 IN ROLE {user}"
            )
        thread.settings_dict |= {"USER": TWO_ONLY, "PASSWORD": "two"}
        wrappers: list[DatabaseWrapper] = [thread.copy() for _ in range(3)]  # type: ignore[misc]
        yield wrappers
        for wrapper in wrappers:
            wrapper.close()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP ROLE {TWO_ONLY}")

    def test_a_thread_is_refused_at_once_and_counted(self, limited) -> None:
        first, second, third = limited
        session(first)
        session(second)
        before = counted(TIMED_OUT)
        began_at = time.monotonic()
        with pytest.raises(OperationalError, match="too many"):
            session(third)
        assert time.monotonic() - began_at < 1
        assert counted(TIMED_OUT) == before + 1
        first.close()
        assert session(third)
        assert counted(TIMED_OUT) == before + 1

    def test_one_that_waits_for_a_silent_server_is_seen_and_gives_up(self, thread) -> None:
        before = counted(TIMED_OUT)
        with closing(socket.create_server(("127.0.0.1", 0))) as silent:
            host, port = silent.getsockname()
            thread.settings_dict |= {"HOST": host, "PORT": port}
            thread.CONNECT_SECONDS = 2

            def connect() -> None:
                thread.inc_thread_sharing()
                with pytest.raises(OperationalError):
                    thread.ensure_connection()

            with ThreadPoolExecutor(1) as pool:
                waits = pool.submit(connect)
                assert wait_for(lambda: counted(WAITING) == 1, 10)
                waits.result(30)
        assert counted(WAITING) == 0
        assert counted(TIMED_OUT) == before + 1


@pytest.mark.parametrize("tokens", [1000, 0], ids=["goes well", "is refused"])
def test_no_lock_of_a_request_outlives_it(tokens: int) -> None:
    """Such a lock is the session's, and the next request of this thread has the same session."""
    buyer, style = UserFactory(tokens=tokens), StyleFactory()
    answer = Api(buyer).post(
        "/api/images/generate", order_of(style), headers={"Idempotency-Key": "a-key"}
    )
    assert answer.status == (202 if tokens else 402)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == (0,)
