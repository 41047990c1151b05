"""The list of private pieces that we lean on names places and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (PROJECT / "speed/UPGRADING.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| what we use")
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_names_a_place_and_a_test(row: list[str]) -> None:
    _, place, _, test = row
    path, _, name = place.strip("`| ").partition(": ")
    text = (PROJECT / path).read_text()
    for part in name.split("."):
        assert re.search(rf"(class|def) {part}\b", text), place
    path, *names = test.strip("`| ").split("::")
    text = (PROJECT / path).read_text()
    for part in names:
        assert re.search(rf"(class|def) {part}\b", text), test


def test_what_is_imported_from_within_django_is_listed() -> None:
    listed = (PROJECT / "speed/UPGRADING.md").read_text()
    private = re.compile(r"^from django\.db\.(?:backends|models\.query)\S* import (.+)$", re.M)
    found = {
        name.strip()
        for path in (PROJECT / "speed").rglob("*.py")
        for names in private.findall(path.read_text())
        for name in names.split(",")
    }
    assert found - {"base"}
    assert {name for name in found - {"base"} if name not in listed} == set()
