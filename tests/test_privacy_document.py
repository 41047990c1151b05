"""docs/privacy.md is true: its periods are those of the code, and the tests it names exist."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.delivery import outbox
from app.management.commands.relay_outbox import SWEEP
from app.services import deletion_service, export_service, idempotency_service
from app.services.payments import noting
from app.services.uploads import upload_service
from app.services.webhooks import deliveries
from web import kept

PROJECT = Path(__file__).resolve().parent.parent
PAGE = (PROJECT / "docs" / "privacy.md").read_text()
# The rows of "What goes by itself": what is kept, for how long, who sees it, how it goes, its test.
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## What goes by itself")[2].partition("## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| what |")
]
# Sweeps of the relay that delete nothing that is of people.
OF_NOBODY = {
    *("leases", "without worker", "deadlines", "ended orders", "workers", "sales", "books"),
    *("monthly payouts", "payouts", "payments", "revoked licences", "suspensions", "reporters"),
}


def period(of: str) -> timedelta:
    """What the page says of the row that begins with these words."""
    [said] = [cells[1] for cells in ROWS if cells[0].startswith(of)]
    number, unit = re.findall(r"(\d+) (days|hours)", said)[0]
    return timedelta(**{unit: int(number)})


def test_the_periods_are_those_of_the_code(settings: Any) -> None:
    settings_age = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    for of, kept_for in {
        "sessions": settings_age,
        "an export": export_service.KEPT_FOR,
        "what a request": idempotency_service.KEPT_FOR,
        "uploads": timedelta(seconds=upload_service.PLACE_SECONDS),
        "a signature": timedelta(seconds=upload_service.REPLACED_SECONDS),
        "files of a picture": deletion_service.KEPT_FOR,
        "messages to webhooks": deliveries.KEPT_FOR,
        "tasks": outbox.KEPT_FOR,
        "what the payment provider told": noting.KEPT_FOR,
        "who reported": timedelta(days=settings.REPORTER_KEPT_DAYS),
        "who signed": timedelta(days=settings.REPORTER_KEPT_DAYS),
        "comments": timedelta(days=settings.APPEAL_DAYS),
    }.items():
        assert period(of) == kept_for, of
    assert kept.SECONDS == 3600
    assert "`kept` (an hour" in PAGE


def test_each_sweep_is_on_the_page() -> None:
    named = " ".join(cells[3] for cells in ROWS)
    for step, act in SWEEP.items():
        path = f"{act.__module__.replace('.', '/')}.py: {act.__name__}"
        assert step in OF_NOBODY or path in named, step


def test_what_the_page_names_is_there() -> None:
    for place in re.findall(r"`((?:app|web)/[\w/]+\.py: \w+)`", PAGE):
        path, _, name = place.partition(": ")
        assert f"def {name}(" in (PROJECT / path).read_text(), place
    tests = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)
    assert len(tests) >= len(ROWS)
    for path, name in tests:
        assert f"def {name}(" in (PROJECT / path).read_text(), name


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0][:20])
def test_each_row_has_a_test(cells: list[str]) -> None:
    assert "::test_" in cells[-1]
