"""More clients than database connections: quick refusals, and nothing that stays broken."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest

from devtools.servers import postgres
from devtools.servers.postgres import PrivatePostgres
from serving.connections import OTHERS
from tests.system import PROJECT, Person, System, wait_for

pytestmark = pytest.mark.slow

PROCESSES, THREADS = 2, 2
# One for each thread, and what the start asks for beside them.
CONNECTIONS = PROCESSES * THREADS + OTHERS + 3  # PostgreSQL keeps three for administrators
CLIENTS = 40
REQUESTS_EACH = 15
# A connection each: whichever thread is free takes it, and gunicorn ends none that idled.
CLOSE = {"Connection": "close"}
ORDER = {"amount": 100, "payment_method": "card"}
OTHERS_ENDED = """
    SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> ALL(%s)"""
# No answer takes longer, however many wait. A machine that does other things takes its time.
SECONDS = 10


@pytest.fixture(scope="module")
def small_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("small-database")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(postgres._THROWAWAY_SETTINGS, "max_connections", str(CONNECTIONS))
        server = PrivatePostgres(folder, durable=False)
        try:
            yield server.start()
        finally:
            server.stop()
            server.remove()


@pytest.fixture(scope="module")
def crowded(small_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("crowded"), {"DATABASE_URL": small_database})
    try:
        system.start(workers=0, relays=0, web_processes=PROCESSES, threads=THREADS)
        yield system
    finally:
        system.stop()


@dataclass
class Rush:
    """What a crowd was answered, and how long the longest took."""

    statuses: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def person(crowded: System) -> Person:
    return Person(crowded, "ada")


def rush(system: System, person: Person, requests_each: int = REQUESTS_EACH) -> Rush:
    """``CLIENTS`` ask at once: what is read, what is written, as somebody and as nobody."""
    seen, lock, start = Rush(), threading.Lock(), threading.Barrier(CLIENTS)
    headers = {"X-CSRFToken": person.http.cookies.get("csrftoken", "")}
    cookies = dict(person.http.cookies)

    def ask() -> None:
        asked: list[Callable[[], httpx.Response]] = [
            lambda: signed_in.get("/api/notifications"),
            lambda: signed_in.post("/api/tokens/purchase", json=ORDER, headers=headers),
            lambda: anyone.get("/"),
            lambda: anyone.get("/api/community/feed"),
        ]
        with (
            httpx.Client(base_url=system.url, timeout=60, headers=CLOSE) as anyone,
            httpx.Client(
                base_url=system.url, timeout=60, headers=CLOSE, cookies=cookies
            ) as signed_in,
        ):
            start.wait(60)
            for ask_next in (asked * requests_each)[:requests_each]:
                begun_at = monotonic()
                answer = ask_next()
                with lock:
                    seen.statuses[answer.status_code] += 1
                    seen.longest = max(seen.longest, monotonic() - begun_at)
                    seen.wrong += wrong_in(answer)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert seen.statuses.total() == CLIENTS * requests_each
    return seen


def wrong_in(answer: httpx.Response) -> list[str]:
    if answer.status_code in (200, 201):
        return []
    if answer.status_code != 503 or "retry-after" not in answer.headers:
        return [f"{answer.request.url}: {answer.status_code} {dict(answer.headers)} {answer.text}"]
    if answer.request.url.path == "/":
        is_right = answer.headers["content-type"].startswith("text/html")
    else:
        is_right = answer.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    return [] if is_right else [f"{answer.request.url}: {answer.text}"]


@contextmanager
def only(count: int, database_url: str) -> Iterator[None]:
    """Somebody else has all connections but ``count``. A web process keeps its own: these are taken
    from it."""
    held: list[psycopg.Connection[Any]] = []

    def hold_all() -> bool:
        try:
            held.append(psycopg.connect(database_url, autocommit=True))
        except psycopg.OperationalError:
            for first in held[:1]:
                ours = [connection.info.backend_pid for connection in held]
                first.execute(OTHERS_ENDED, [ours])
        return len(held) == CONNECTIONS - count

    try:
        wait_for(hold_all, seconds=30, what="all connections")
        yield
    finally:
        for connection in held:
            connection.close()


def connections(system: System) -> dict[str, Any]:
    """What /api/ready says of them; whatever it was asked a second ago."""
    sleep(1.1)
    found: dict[str, Any] = httpx.get(f"{system.url}/api/ready", timeout=60).json()["connections"]
    return found


def test_a_crowd_waits_for_the_threads_and_nobody_is_refused(
    crowded: System, person: Person
) -> None:
    seen = rush(crowded, person)
    assert seen.wrong == []
    assert seen.longest < SECONDS
    assert set(seen.statuses) == {200, 201}
    assert_all_is_well(crowded, person)
    now = connections(crowded)
    assert now["in_use"] + now["idle"] == PROCESSES * THREADS
    assert (now["limit"], now["waiting"], now["timed_out"]) == (CONNECTIONS, 0, 0)


def test_threads_without_a_connection_refuse_at_once_while_others_answer(
    crowded: System, person: Person, small_database: str
) -> None:
    with only(2, small_database):
        seen = rush(crowded, person)
        assert seen.wrong == []
        assert seen.longest < SECONDS
        assert set(seen.statuses) == {200, 201, 503}
    assert_all_is_well(crowded, person)
    assert connections(crowded)["timed_out"] >= seen.statuses[503]


def test_without_connections_all_is_refused_at_once_and_well_again_afterwards(
    crowded: System, person: Person, small_database: str
) -> None:
    with only(0, small_database):
        seen = rush(crowded, person, requests_each=3)
        assert seen.wrong == []
        assert seen.longest < SECONDS
        assert set(seen.statuses) == {503}
        assert {connections(crowded)[name] for name in ("in_use", "idle", "limit")} == {None}
    assert_all_is_well(crowded, person)


def test_the_program_does_not_start_with_more_threads_than_connections(
    crowded: System, small_database: str
) -> None:
    more = {"WEB_CONCURRENCY": str(PROCESSES), "WEB_THREADS": str(THREADS + 1)}
    said = f"2 processes of 3 threads keep 6 database connections, and {OTHERS} more are needed"
    for command in ("-m gunicorn", "-m serving", "manage.py check_environment"):
        done = subprocess.run(
            [sys.executable, *command.split()],
            cwd=PROJECT,
            env=crowded.environment | more,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode != 0
        assert said in done.stdout + done.stderr


def assert_all_is_well(system: System, person: Person) -> None:
    """Not by chance: each thread of each process is asked."""
    balance = person.get("/api/tokens/balance")["balance"]
    with httpx.Client(base_url=system.url, headers=CLOSE) as client:
        for _ in range(5 * CLIENTS):
            assert client.get("/api/community/feed").status_code == 200
    seen = rush(system, person, requests_each=1)
    assert set(seen.statuses) == {200}
    assert person.get("/api/tokens/balance")["balance"] == balance
