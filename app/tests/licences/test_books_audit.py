"""The audit computes published days again, and names those that are not what was published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.models import Generation, Licence, LicenceDay, LicenceDayBlock
from app.services import audit_service
from app.services.licences import books, recheck
from app.tests.factories import StyleFactory
from app.tests.licences.booking import booked, day, sold, without_triggers

pytestmark = pytest.mark.django_db

ROOT = "the root is not that of its licences"
LIST = "the root is not that of its list"


@pytest.fixture
def licences() -> list[Licence]:
    """Two of the day before yesterday, one of yesterday, and one of today."""
    style = StyleFactory()
    found = [sold(days_ago, style=style) for days_ago in (2, 2, 1, 0)]
    books.publish_days()
    return found


def found() -> list[tuple[str, str]]:
    return [(each.row, each.problem) for each in audit_service.audit()]


def row(days_ago: int) -> str:
    return f"day {day(days_ago)}"


def test_honest_books_are_right(licences: list[Licence]) -> None:
    assert LicenceDay.objects.count() == 2
    assert found() == []


def test_a_licence_that_is_put_in_or_taken_out_is_named(licences: list[Licence]) -> None:
    booked(licences[3], 2)
    said = "has 2 licences in the books, and 3 were booked"
    assert found() == [(row(2), said), (row(2), ROOT)]
    booked(licences[3], 0)
    booked(licences[2], 0)
    assert found() == [(row(1), "has 1 licences in the books, and 0 were booked"), (row(1), ROOT)]


def test_one_that_took_the_place_of_another_is_named(licences: list[Licence]) -> None:
    booked(licences[3], 2)
    booked(licences[0], 0)
    assert found() == [(row(2), ROOT)]


@pytest.mark.parametrize("change", [{"file_sha256": "0" * 64}, {"issued_at": datetime.now(UTC)}])
def test_a_licence_that_is_changed_is_named(licences: list[Licence], change: dict) -> None:
    Licence.objects.filter(pk=licences[0].pk).update(**change)
    assert found() == [(row(2), ROOT)]


def test_an_order_that_is_changed_is_named(licences: list[Licence]) -> None:
    Generation.objects.filter(pk=licences[0].pk).update(terms_id="personal/1")
    assert found() == [(row(2), ROOT)]


def test_a_list_that_is_changed_is_named(licences: list[Licence]) -> None:
    with without_triggers():
        LicenceDayBlock.objects.filter(day=day(1)).update(leaves=bytes(32))
    assert found() == [(row(1), LIST)]


def test_a_day_that_is_changed_is_named(licences: list[Licence]) -> None:
    with without_triggers():
        LicenceDay.objects.filter(day=day(2)).update(root="ab" * 32)
    digest = (row(2), "the digest is not that of what is said of the day")
    assert found() == [digest, (row(2), ROOT), (row(2), LIST)]
    # With a digest that fits, the next day follows another.
    first = LicenceDay.objects.get(day=day(2))
    fits = books.digest_of(first.day, first.count, first.root, first.previous)
    with without_triggers():
        LicenceDay.objects.filter(day=day(2)).update(digest=fits)
    follows = (row(1), "it does not follow the day before")
    assert found() == [follows, (row(2), ROOT), (row(2), LIST)]


def test_a_day_that_is_left_out_is_named(licences: list[Licence]) -> None:
    with without_triggers():
        LicenceDayBlock.objects.filter(day=day(2)).delete()
        LicenceDay.objects.filter(day=day(2)).delete()
    assert found() == [(row(1), "it does not follow the day before")]


def test_nor_may_one_be_left_out_if_the_next_names_the_day_before_it() -> None:
    style = StyleFactory()
    for days_ago in (3, 1):
        sold(days_ago, style=style)
    books.publish_days()
    first, _, last = LicenceDay.objects.order_by("day")
    digest = books.digest_of(last.day, last.count, last.root, first.digest)
    with without_triggers():
        LicenceDay.objects.filter(day=day(2)).delete()
        LicenceDay.objects.filter(day=day(1)).update(previous=first.digest, digest=digest)
    assert found() == [(row(1), "it does not follow the day before")]


def test_each_day_has_its_turn() -> None:
    """The latest ones are looked at each time, the others one after the other, while there is one
    more each day."""
    days = [LicenceDay(day=day(days_ago)) for days_ago in range(40, 0, -1)]
    first, seen = {each.day for each in days}, set()
    for _ in range(2 * len(days)):
        other, *latest = recheck.chosen(days)
        assert latest == days[-3:]
        seen.add(other.day)
        days.append(LicenceDay(day=days[-1].day + timedelta(days=1)))
    assert first <= seen
    assert recheck.chosen(days[-2:]) == days[-2:]
