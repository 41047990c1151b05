"""The migration that begins the books may break off at its index, and be run again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from tests.system import PROJECT, new_database

pytestmark = pytest.mark.slow

BEFORE, BOOKS = "0022", "0023"
A_DAY = """
INSERT INTO app_licenceday (day, count, root, previous, digest, published_at)
VALUES ('2026-01-01', 0, '', '', '', now())
"""


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    monkeypatch.setenv("DATABASE_URL", new_database())
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def migrate(target: str) -> str:
    """What went wrong; nothing if all went well."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "app", target, "--verbosity=0"],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_ENV": "development"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stderr if done.returncode else ""


def test_it_is_run_again(database: psycopg.Connection) -> None:
    assert migrate(BEFORE) == ""
    # Something has the name of its index.
    database.execute("CREATE TABLE licence_booked ()")
    assert '"licence_booked" is not an index' in migrate(BOOKS)
    database.execute("DROP TABLE licence_booked")
    assert migrate(BOOKS) == ""
    kind = database.execute("SELECT relkind FROM pg_class WHERE relname = 'licence_booked'")
    assert kind.fetchall() == [("i",)]
    database.execute(A_DAY)
    with pytest.raises(psycopg.errors.RestrictViolation, match="never change"):
        database.execute("DELETE FROM app_licenceday")
