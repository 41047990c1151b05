"""Nobody reads uploaded pictures in another way."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OTHERS = {
    # Reads what the worker itself has written, for the texts in it.
    "provenance/metadata.py",
    # Reads previews that were made here, and its own QR code.
    "web/card.py",
}


def test_files_are_opened_here_alone() -> None:
    opening = {
        str(path.relative_to(PROJECT))
        for package in ("app", "protocol", "provenance", "speed", "web", "worker")
        for path in (PROJECT / package).rglob("*.py")
        if "tests" not in path.parts
        and re.search(r"\bImage\.open\(|\bImageFile\b", path.read_text())
    }
    assert opening == OTHERS
