"""The example that checks the books from outside, against the running program: it is content with
honest books, and finds whatever was changed in them later."""

from __future__ import annotations

import hashlib
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.cache import cache
from django.db import connection

from app.models import Licence, LicenceDay, LicenceDayBlock
from app.services.licences import books
from app.tests.factories import StyleFactory
from app.tests.licences.booking import booked, sold, without_triggers

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
    style = StyleFactory()
    found = [sold(days_ago, style=style) for days_ago in (3, 3, 1, 0)]
    books.publish_days()
    return found


def written_over(sql: str, *values: object) -> None:
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_honest_books_are_right(check: Check, licences: list[Licence]) -> None:
    assert check() == f"0 The books of 3 days are right. Digest of {days()[-1]}: {digests()[-1]}\n"
    odd = licences[0].number.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    typed = [odd, licences[1].number[3:], licences[2].number]
    numbers = [part for number in typed for part in ("--licence", number)]
    assert check(*numbers).startswith("0 The books of 3 days")
    assert check("--first", days()[0], "--last", days()[1]).startswith("0 The books of 2 days")


def test_a_list_that_is_changed_is_found(check: Check, licences: list[Licence]) -> None:
    """What was put in, taken out and changed."""
    assert check().startswith("0 ")
    rows, day = LicenceDayBlock.objects.filter(day=days()[0]), days()[0]
    leaves = bytes(rows.get().leaves)
    for changed, found in (
        (bytes(32) + leaves, "1 licences were put in later"),
        (leaves[32:], "1 licences were taken out later"),
        (leaves[:-1] + bytes([leaves[-1] ^ 1]), "a licence was changed later, or the root"),
    ):
        with without_triggers():
            rows.update(leaves=changed)
        assert check().startswith(f"1 {day}: {found}")


def test_a_licence_that_is_changed_is_no_longer_proved(
    check: Check, licences: list[Licence]
) -> None:
    """Nor is one that is put into a published day."""
    number, late = licences[2].number, licences[3].number
    assert check("--licence", number).startswith("0 ")
    Licence.objects.filter(number=number).update(file_sha256="0" * 64)
    assert check("--licence", number).startswith(f"1 {number}: This licence is not in the books")
    assert check("--licence", late).startswith(f"1 {late}: This day is not in the books")
    booked(licences[3], 3)
    assert check("--licence", late).startswith(f"1 {late}: This licence is not in the books")


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
    written_over("DELETE FROM app_licencedayblock")
    written_over("DELETE FROM app_licenceday")
    booked(licences[3], 3)
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


EMPTY = hashlib.sha256().hexdigest()


def told(number: int, previous: str) -> dict[str, Any]:
    day = date(2026, 11, number)
    digest = books.digest_of(day, 0, EMPTY, previous)
    return {"day": f"{day}", "count": 0, "root": EMPTY, "previous": previous, "digest": digest}


@pytest.mark.parametrize(
    ("shown", "arguments", "said"),
    [
        ([1, 2, 3], [], "The books of 3 days are right"),
        ([1, 2], [], "2026-11-03: it is not told"),
        ([2, 3], [], "2026-11-01: it is not told"),
        ([], [], "2026-11-01: it is not told"),
        ([], ["--first", "2030-01-01"], "The books have no day from 2030-01-01"),
    ],
)
def test_days_that_are_kept_back_are_missed(
    shown: list[int],
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By a site that says it has them: without any day, there is nothing that could be right."""
    every = {1: told(1, books.NOTHING)}
    for number in (2, 3):
        every[number] = told(number, every[number - 1]["digest"])
    figures = {"first_day": every[1]["day"], "latest": every[3]}
    answers = {"/api/books": figures, "/api/books/days": {"results": [every[n] for n in shown]}}

    def fetch(site: str, path: str) -> bytes:
        found = answers.get(path.partition("?")[0])
        return json.dumps({"data": found}).encode() if found else b""

    path = Path(project.BASE_DIR) / "examples" / "check_books.py"
    program = runpy.run_path(str(path))
    program["main"].__globals__["fetch"] = fetch
    monkeypatch.setattr(sys, "argv", ["check_books.py", "https://a.example", *arguments])
    ended = ""
    try:
        program["main"]()
    except SystemExit as error:
        ended = str(error)
    assert said in capsys.readouterr().out + ended


def days() -> list[str]:
    return [str(row.day) for row in LicenceDay.objects.order_by("day")]


def digests() -> list[str]:
    return [row.digest for row in LicenceDay.objects.order_by("day")]
