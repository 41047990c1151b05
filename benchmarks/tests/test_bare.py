"""The limit that we are measured against is an honest one, and statements stay within the marks."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from benchmarks.cases import Case, Request
from benchmarks.compare import Ask, differences, in_process
from benchmarks.servers import production, run
from devtools import seed_large

SIZE = 1000
NAMES = (
    *("feed", "feed_signed_in", "feed_deep", "styles", "styles_tagged", "style", "image", "tags"),
    *("balance", "notifications", "status", "generate", "generate_one", "completed"),
    *("feed_cached", "feed_304", "popular_cached"),
)


@pytest.fixture(scope="module")
def seeded_url() -> Iterator[str]:
    """A database of its own with a thousand pictures, seen by processes alone."""
    given = os.environ["DATABASE_URL"]
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def measured(
    seeded_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What ``benchmarks.inside`` finds out about each path."""
    folder: Path = tmp_path_factory.mktemp("bench")
    environment = production(
        database_url=seeded_url,
        redis_url=redis_url,
        folder=folder,
        secret_key=secrets.token_urlsafe(50),
        token=secrets.token_urlsafe(40),
    )
    run(environment, "manage.py", "migrate", "--verbosity=0")
    seed_large.seed(seeded_url, SIZE)
    found: dict[str, Any] = json.loads(run(environment, "-m", "benchmarks.inside"))
    run(environment, "manage.py", "audit_ledger")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_bare_answers_and_writes_the_same(measured: dict[str, Any], name: str) -> None:
    found = measured[name]
    assert found["differences"] == []
    # An order's answer has numbers in it that differ.
    if not name.startswith("generate"):
        assert found["bytes"] == found["bare_bytes"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_statements_stay_within_the_marks(measured: dict[str, Any], name: str) -> None:
    found = measured[name]
    # One for the session, and the one that is written by hand.
    assert found["bare_statements"] <= 2
    if found["allowed"] is not None:
        assert found["statements"] <= found["allowed"], found["sql"]


@pytest.mark.slow
def test_kept_pages_cost_no_statement(measured: dict[str, Any]) -> None:
    for name in ("feed_cached", "feed_304", "popular_cached"):
        assert measured[name]["statements"] == 0, measured[name]["sql"]


def test_another_answer_is_noticed() -> None:
    def answering(text: bytes, status: str = "200 OK") -> Ask:
        def application(environ: dict[str, Any], start: Any) -> list[bytes]:
            start(status, [("Content-Type", "application/json")])
            return [text]

        return in_process(application)

    case = Case("planted", "planted", lambda _: [Request("/")])
    nobody: Any = None
    one = answering(b'{"rows": [{"id": 1}]}')
    assert differences(case, one, one, nobody) == []
    two = answering(b'{"rows": [{"id": 2}]}')
    assert differences(case, one, two, nobody) == ["planted.rows[0].id: ours 1, bare's 2"]
    failed = answering(b"{}", "500 Internal Server Error")
    assert "we answer 500, bare 500" in differences(case, failed, failed, nobody)[0]


def test_every_path_is_compared(measured: dict[str, Any]) -> None:
    assert set(measured) == set(NAMES)


def test_a_filled_database_is_not_filled_again(measured: dict[str, Any], seeded_url: str) -> None:
    with pytest.raises(ValueError, match="not empty"):
        seed_large.seed(seeded_url, SIZE)
