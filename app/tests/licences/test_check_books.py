"""The example that checks the books from outside, against the running program: it is content with
honest books, and finds whatever was changed in them later."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.cache import cache
from django.db import connection

from app.models import Licence, LicenceDay
from app.services.licences import books
from app.tests.factories import GenerationFactory, StyleFactory

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Check = Callable[..., str]


@pytest.fixture
def check(live_server: Any, tmp_path: Path) -> Check:
    """What the example says, after its exit code. What the site keeps for minutes is forgotten."""

    def run(*arguments: str, known: bool = True) -> str:
        cache.clear()
        program = Path(project.BASE_DIR) / "examples" / "check_books.py"
        known_file = ["--known", "known.json"] if known else []
        done = subprocess.run(
            [sys.executable, program, live_server.url, *known_file, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return f"{done.returncode} {done.stdout}{done.stderr}"

    return run


@pytest.fixture
def licences() -> list[Licence]:
    """Two of three days ago and one of yesterday, in published books; and one of today."""
    style, now = StyleFactory(), datetime.now(UTC)
    found = [GenerationFactory(style=style).licence for _ in range(4)]
    for licence, days_ago in zip(found, (3, 3, 1, 0), strict=True):
        Licence.objects.filter(pk=licence.pk).update(booked_at=now - timedelta(days=days_ago))
        licence.refresh_from_db()
    books.publish_days()
    return found


def written_over(sql: str, *values: object) -> None:
    """As somebody does who may do anything with the database."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(sql, values)
        finally:
            cursor.execute("SET session_replication_role = origin")


def test_honest_books_are_right(check: Check, licences: list[Licence]) -> None:
    assert check() == f"0 The books of 3 days are right. Digest of {days()[-1]}: {digests()[-1]}\n"
    numbers = [part for licence in licences[:3] for part in ("--licence", licence.number)]
    assert check(*numbers).startswith("0 The books of 3 days")
    assert check("--first", days()[0], "--last", days()[1]).startswith("0 The books of 2 days")


def test_what_is_put_in_or_taken_out_is_found(check: Check, licences: list[Licence]) -> None:
    assert check().startswith("0 ")
    old, newest = licences[0], licences[3]
    Licence.objects.filter(pk=newest.pk).update(booked_at=old.booked_at)
    assert check() == f"1 {days()[0]}: 1 licences were put in later\n"
    Licence.objects.filter(pk__in=[old.pk, newest.pk]).update(booked_at=datetime.now(UTC))
    assert check() == f"1 {days()[0]}: 1 licences were taken out later\n"


def test_what_is_changed_is_found(check: Check, licences: list[Licence]) -> None:
    assert check().startswith("0 ")
    Licence.objects.filter(pk=licences[2].pk).update(file_sha256="0" * 64)
    assert check() == f"1 {days()[2]}: a licence was changed later, or the root was replaced\n"


def test_a_root_that_is_replaced_is_found(check: Check, licences: list[Licence]) -> None:
    assert check().startswith("0 ")
    written_over("UPDATE app_licenceday SET root = %s WHERE day = %s", "ab" * 32, days()[0])
    assert "the digest is not that of what is said" in check()
    # With the digest as well, the next day follows other books.
    first = LicenceDay.objects.get(day=days()[0])
    digest = books.digest_of(first.day, first.count, first.root, first.previous)
    written_over("UPDATE app_licenceday SET digest = %s WHERE day = %s", digest, days()[0])
    said = check(known=False)
    assert said.startswith(f"1 {days()[0]}: a licence was changed later, or the root was replaced")
    assert f"{days()[1]}: it follows other books" in said


def test_books_that_were_all_written_again_are_known(check: Check, licences: list[Licence]) -> None:
    """Nobody sees it by the new books alone. Who has kept a digest does."""
    before = days()
    assert check().startswith("0 ")
    written_over("DELETE FROM app_licenceday")
    Licence.objects.filter(pk=licences[3].pk).update(booked_at=licences[0].booked_at)
    books.publish_days()
    assert check(known=False).startswith("0 ")
    said = check()
    assert said.startswith("1 ")
    for day in before:
        assert f"{day}: what was published of this day was replaced since it was seen" in said
    written_over("DELETE FROM app_licenceday WHERE day < %s", before[1])
    assert f"{before[1]}: said to be the first day, and it follows another" in check(known=False)
    assert f"{before[0]}: what was published of this day is no longer in the books" in check()


def test_a_day_that_is_left_out_is_found(check: Check, licences: list[Licence]) -> None:
    middle = days()[1]
    written_over("DELETE FROM app_licenceday WHERE day = %s", middle)
    assert "days before it are missing" in check()


def test_a_latest_day_that_was_taken_back_is_known(check: Check, licences: list[Licence]) -> None:
    latest = days()[-1]
    assert check().startswith("0 ")
    written_over("DELETE FROM app_licenceday WHERE day = %s", latest)
    assert f"1 {latest}: what was published of this day is no longer in the books" in check()


def days() -> list[str]:
    return [str(row.day) for row in LicenceDay.objects.order_by("day")]


def digests() -> list[str]:
    return [row.digest for row in LicenceDay.objects.order_by("day")]
