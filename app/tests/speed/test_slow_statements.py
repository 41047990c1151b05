"""Statements over 100 ms are in the log, those under it are not, and no values are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog
from django.db import connection

from speed.database.base import SLOW_SECONDS

pytestmark = pytest.mark.django_db


def by_django(sql: str, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [seconds])


def compiled(sql: str, seconds: float) -> None:
    connection.run_compiled(sql, [seconds])


@pytest.mark.parametrize("run", [by_django, compiled])
def test_a_slow_statement_is_logged(run: Callable[[str, float], None]) -> None:
    with structlog.testing.capture_logs() as events:
        run("SELECT 1 FROM pg_sleep(%s::float)", 0)
        run("SELECT 2 FROM pg_sleep(%s::float)", 0.12)
    (event,) = (each for each in events if each["event"] == "slow_statement")
    assert event["sql"] == "SELECT 2 FROM pg_sleep(%s::float)"
    assert 0.12 <= event["seconds"] < 5
    assert event["log_level"] == "warning"


def test_a_migration_may_take_its_time() -> None:
    with structlog.testing.capture_logs() as events, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE slow ON COMMIT DROP AS SELECT 1 FROM pg_sleep(0.12)")
    assert events == []


def test_slow_is_what_the_plan_calls_slow() -> None:
    assert SLOW_SECONDS == 0.1
