"""The published days, computed again from the licences as they are now: what the audit asks."""

from __future__ import annotations

from collections.abc import Iterator

from app.exceptions import ServiceUnavailable
from app.models import LicenceDay
from app.services.licences import blocks, books, merkle

# Of a hundred thousand licences, a day takes a second of CPU.
LATEST_DAYS = 3


def problems(days: list[LicenceDay], *, using: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the published ``days``, all of them, oldest first: the row, and what.

    Each follows the day before. The trees are computed for some of them (``chosen``): from the
    licences, and from the list that everybody is told.
    """
    before: LicenceDay | None = None
    for day in days:
        if day.digest != books.digest_of(day.day, day.count, day.root, day.previous):
            yield f"day {day.day}", "the digest is not that of what is said of the day"
        if day.previous != (before.digest if before else books.NOTHING) or (
            before is not None and day.day - before.day != books.ONE_DAY
        ):
            yield f"day {day.day}", "it does not follow the day before"
        before = day
    for day in chosen(days):
        if merkle.root(books.leaves_of(day.day, using=using)).hex() != day.root:
            yield f"day {day.day}", "the root is not that of its licences"
        if (listed := _listed(day)) is not None and merkle.root(listed).hex() != day.root:
            yield f"day {day.day}", "the root is not that of its list"


def chosen(days: list[LicenceDay]) -> list[LicenceDay]:
    """The latest ones, and each day another of the others.

    Their number grows by one a day: from one power of two to the next, all that there were at the
    first come one after the other.
    """
    others, latest = days[:-LATEST_DAYS], days[-LATEST_DAYS:]
    turn = len(others) - (1 << len(others).bit_length() >> 1)
    return [*others[turn : turn + 1], *latest]


def _listed(day: LicenceDay) -> list[bytes] | None:
    """None before the relay has listed it."""
    try:
        content = b"".join(blocks.told(day))
    except ServiceUnavailable:
        return None
    return [
        content[at : at + blocks.HASH_BYTES] for at in range(0, len(content), blocks.HASH_BYTES)
    ]
