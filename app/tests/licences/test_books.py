"""The books for all: each day is published once, with all of its licences, and stays as it is."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from app.models import Generation, Licence, LicenceDay, LicenceDayBlock, LicenceState
from app.services.licences import blocks, books, merkle, states
from app.services.licences.figures import figures
from app.tests.factories import (
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.licences.booking import booked, day, sold, without_triggers
from app.tests.together import all_at_once

pytestmark = pytest.mark.django_db

EMPTY = hashlib.sha256().hexdigest()


def recomputed(row: LicenceDay) -> str:
    return merkle.root(books.leaves_of(row.day)).hex()


def test_a_licence_is_booked_by_the_database() -> None:
    licence = GenerationFactory().licence
    assert abs(licence.booked_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_each_day_that_has_ended_is_published_once_and_none_is_left_out() -> None:
    assert books.publish_days() == 0
    style = StyleFactory()
    for days_ago in (4, 4, 2, 0):
        sold(days_ago, style=style)
    # The relay was away for days; yesterday and the day before last nothing was sold.
    assert [books.publish_days() for _ in range(3)] == [4, 0, 0]
    rows = list(LicenceDay.objects.order_by("day"))
    assert [(row.day, row.count) for row in rows] == [
        (day(4), 2), (day(3), 0), (day(2), 1), (day(1), 0)
    ]  # fmt: skip
    assert [row.root == EMPTY for row in rows] == [False, True, False, True]
    assert [row.previous for row in rows] == [books.NOTHING, *(row.digest for row in rows[:-1])]
    for row in rows:
        assert row.digest == books.digest_of(row.day, row.count, row.root, row.previous)
        assert row.root == recomputed(row)


def test_the_relay_publishes() -> None:
    sold(1)
    call_command("relay_outbox", once=True)
    assert LicenceDay.objects.get().count == 1


@pytest.mark.django_db(transaction=True)
def test_the_relay_outlives_books_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    sold(1)
    monkeypatch.setattr(books, "_terms", lambda terms_id: {}[terms_id])
    call_command("relay_outbox", once=True)
    assert not LicenceDay.objects.exists()


def test_nothing_that_changes_later_is_in_it() -> None:
    picture = PublicPictureFactory()
    booked(picture.licence, 1)
    books.publish_days()
    row = LicenceDay.objects.get()
    Generation.objects.update(visibility="private", description="Another.")
    picture.style.name = "Another"
    picture.style.save()
    picture.style.artist.artist_name = "Somebody"
    picture.style.artist.save()
    Licence.objects.update(buyer_is_named=True)
    states.end(picture, LicenceState.REVOKED, "A mistake.")
    assert recomputed(row) == row.root


@pytest.mark.parametrize(
    "change",
    [
        {"file_sha256": "0" * 64},
        {"preview_sha256": "1" * 64},
        {"issued_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"number": "SL-0000-0000-0000"},
        {"booked_at": datetime.now(UTC)},
    ],
)
def test_what_does_not_change_is(change: dict[str, Any]) -> None:
    sold(1)
    other = sold(1)
    books.publish_days()
    row = LicenceDay.objects.get()
    with without_triggers():
        Licence.objects.filter(pk=other.pk).update(**change)
    assert recomputed(row) != row.root


def test_price_style_and_terms_are_in_it() -> None:
    licence = sold(1)
    books.publish_days()
    row = LicenceDay.objects.get()
    roots = {row.root}
    for change in ({"cost": 1}, {"style": StyleFactory()}, {"terms_id": "personal/1"}):
        Generation.objects.filter(pk=licence.pk).update(**change)
        roots.add(recomputed(row))
    assert len(roots) == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app_licenceday SET count = 9",
        "DELETE FROM app_licenceday",
        "UPDATE app_licencedayblock SET number = 9",
        "DELETE FROM app_licencedayblock",
    ],
)
def test_published_days_stay(statement: str) -> None:
    sold(1)
    books.publish_days()
    with pytest.raises(IntegrityError, match="never change"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_relays_at_once_publish_the_same_once() -> None:
    for days_ago in (3, 2, 1):
        sold(days_ago)
    all_at_once([books.publish_days] * 4)
    rows = list(LicenceDay.objects.order_by("day"))
    assert [row.count for row in rows] == [1, 1, 1]
    assert [row.previous for row in rows[1:]] == [row.digest for row in rows[:-1]]


@pytest.mark.django_db(transaction=True)
def test_a_day_waits_for_whoever_may_still_book_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that was under way when the day ended."""
    licence = sold(1)
    with another_connection() as other:
        other.execute(WRITE, [licence.pk])
        # As if the day had ended since: its end is what the question compares with.
        ends = books._bounds
        monkeypatch.setattr(
            books, "_bounds", lambda day: (ends(day)[0], datetime.now(UTC) + timedelta(seconds=5))
        )
        assert books.publish_days() == 0
        assert not LicenceDay.objects.exists()
        other.rollback()
        assert books.publish_days() == 1


WRITE = "UPDATE app_licence SET state_reason = 'x' WHERE generation_id = %s"


def another_connection() -> psycopg.Connection:
    settings = connections["default"].get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    return psycopg.connect(**{name: settings[name] for name in names if settings.get(name)})


@pytest.mark.django_db(transaction=True)
def test_and_for_those_of_whom_it_may_not_see_when_they_began() -> None:
    """A role sees of others only that they are there, and their locks."""
    licence, end = sold(1), datetime.now(UTC) + timedelta(seconds=5)
    counts = []
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE looks_on")
        try:
            with another_connection() as other:
                for write in (False, True):
                    if write:
                        other.execute(WRITE, [licence.pk])
                    cursor.execute("SET ROLE looks_on")
                    cursor.execute(books._STILL_WRITING, {"end": end})
                    counts += cursor.fetchone()
                    cursor.execute("RESET ROLE")
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP ROLE looks_on")
    assert counts == [0, 1]


def test_a_day_ends_minutes_after_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    licence = sold(1)
    midnight = datetime.combine(day(0), time(), UTC)
    # A minute before the end of the margin, and a minute after it.
    for seconds, published in ((1, 0), (-1, 1)):
        now = datetime.now(UTC)
        monkeypatch.setattr(books, "MARGIN", now - midnight + timedelta(seconds=60 * seconds))
        assert books.publish_days() == published
    assert LicenceDay.objects.get().day == licence.booked_at.date()


class TestTheDatabase:
    def test_a_licence_stays_in_its_day(self) -> None:
        licence = sold(1)
        with pytest.raises(IntegrityError, match="stays in the books"), transaction.atomic():
            Licence.objects.update(booked_at=datetime.now(UTC))
        Licence.objects.update(booked_at=licence.booked_at, buyer_is_named=True)

    @pytest.mark.parametrize(("published", "expected"), [(False, 2), (True, 0)])
    def test_none_is_booked_into_a_published_day(self, published: bool, expected: int) -> None:
        """After the clock was set back, or by somebody's hand."""
        sold(3)
        if published:
            books.publish_days()
        late = GenerationFactory().licence
        copy = Licence.objects.get(pk=late.pk)
        late.delete()
        copy.booked_at = datetime.combine(day(2), time(12), UTC)
        copy.save(force_insert=True)
        copy.refresh_from_db()
        assert copy.booked_at.astimezone(UTC).date() == day(expected)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_a_path_leads_from_each_leaf_to_the_root(count: int) -> None:
    leaves = [merkle.leaf(bytes([number])) for number in range(count)]
    for index, leaf in enumerate(leaves):
        assert root_by(leaf, index, count, merkle.path(leaves, index)) == merkle.root(leaves)
    assert merkle.root(leaves) == rfc_root([bytes([number]) for number in range(count)])


def rfc_root(contents: list[bytes]) -> bytes:
    """As RFC 9162, 2.1.1 writes it down."""
    if len(contents) == 1:
        return hashlib.sha256(b"\0" + contents[0]).digest()
    half = 1 << (len(contents) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + rfc_root(contents[:half]) + rfc_root(contents[half:])).digest()


def root_by(leaf: bytes, index: int, count: int, path: list[bytes]) -> bytes:
    """As RFC 9162, 2.1.3.2 checks it."""
    last, found = count - 1, leaf
    for beside in path:
        if index & 1 or index == last:
            found = hashlib.sha256(b"\1" + beside + found).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + beside).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    return found


@pytest.mark.parametrize("count", [1, 4, 5, 8, 11])
def test_blocks_are_parts_of_the_tree(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SIZE", 4)
    leaves = sorted(merkle.leaf(bytes([number])) for number in range(count))
    row = LicenceDay.objects.create(day=day(1), count=count, root=merkle.root(leaves).hex())
    blocks.keep(row, leaves)
    assert b"".join(blocks.told(row)) == b"".join(leaves)
    for index, leaf in enumerate(leaves):
        assert blocks.place(row, leaf) == (index, merkle.path(leaves, index))
    for absent in (bytes(32), b"\xff" * 32, merkle.leaf(b"another")):
        assert blocks.place(row, absent) is None


class TestWhatIsPublished:
    def test_days_and_leaves_give_the_root(self, as_anyone) -> None:
        style = StyleFactory()
        for days_ago in (3, 3, 1):
            sold(days_ago, style=style)
        books.publish_days()
        days = as_anyone.get("/api/books/days").data["results"]
        assert [(row["day"], row["count"]) for row in days] == [
            (day(3).isoformat(), 2), (day(2).isoformat(), 0), (day(1).isoformat(), 1)
        ]  # fmt: skip
        for row in days:
            answer = as_anyone.get(f"/books/{row['day']}.txt")
            leaves = [bytes.fromhex(line) for line in answer.content.decode().split()]
            assert leaves == sorted(set(leaves))
            assert merkle.root(leaves).hex() == row["root"]
        path = f"/api/books/days?first={day(2)}&last={day(2)}"
        assert [row["day"] for row in as_anyone.get(path).data["results"]] == [day(2).isoformat()]

    def test_a_day_that_is_not_over_is_not_told(self, as_anyone) -> None:
        licence = sold(0)
        assert as_anyone.get("/api/books/days").data == {"results": []}
        assert as_anyone.get(f"/books/{day(0)}.txt").status == 404
        assert as_anyone.get("/books/today.txt").status == 404
        answer = as_anyone.get(f"/api/licences/{licence.number}/proof")
        assert answer.refusal == (404, "NOT_FOUND")
        assert "when it has ended" in answer.message

    def test_a_day_of_before_gets_its_list(self, as_anyone) -> None:
        """The version before kept none."""
        licence = sold(1)
        books.publish_days()
        list_of_day, proof = f"/books/{day(1)}.txt", f"/api/licences/{licence.number}/proof"
        told = [as_anyone.get(path).content for path in (list_of_day, proof)]
        with without_triggers():
            LicenceDayBlock.objects.all().delete()
        assert [as_anyone.get(path).status for path in (list_of_day, proof)] == [503, 503]
        assert books.publish_days() == 0
        assert [as_anyone.get(path).content for path in (list_of_day, proof)] == told

    def test_what_is_asked_for_reads_no_licences(self, as_anyone) -> None:
        """Of a day, whose list and proofs anybody may ask for."""
        licence = sold(1)
        books.publish_days()
        for path, reads in (
            (f"/books/{day(1)}.txt", 0),
            (f"/api/licences/{licence.number}/proof", 2),
        ):
            with CaptureQueriesContext(connection) as asked:
                assert as_anyone.get(path).status == 200
            statements = [each["sql"] for each in asked.captured_queries]
            of_licences = [sql for sql in statements if 'FROM "app_licence"' in sql]
            assert len(of_licences) == reads
            assert not [sql for sql in of_licences if 'booked_at" >=' in sql]

    def test_not_all_days_at_once(self, as_anyone) -> None:
        sold(1)
        books.publish_days()
        answer = as_anyone.get("/api/books/days?first=2020-01-01&last=2026-01-01")
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert as_anyone.get("/api/books/days?first=yesterday").status == 400
        assert as_anyone.get("/api/books/days?last=0001-01-02").data == {"results": []}

    def test_a_licence_is_proved_to_be_in_it(self, as_anyone) -> None:
        style = StyleFactory()
        numbers = [sold(1, style=style).number for _ in range(5)]
        books.publish_days()
        # In no order of time: five are not in order by chance.
        leaves = as_anyone.get(f"/books/{day(1)}.txt").content.decode().split()
        assert leaves == sorted(leaves)
        for number in numbers:
            said = as_anyone.get(f"/api/licences/{number}/proof").data
            written = json.dumps(said["leaf"], sort_keys=True, separators=(",", ":"))
            leaf = merkle.leaf(written.encode())
            assert leaf.hex() == said["leaf_sha256"]
            path = [bytes.fromhex(each) for each in said["path"]]
            found = root_by(leaf, said["index"], said["day"]["count"], path)
            assert found.hex() == said["day"]["root"]
            public = as_anyone.get(f"/api/licences/{number}").data
            kept = {"number", "picture_id", "style_id", "artist_id", "price_tokens", "file_sha256"}
            assert {name: said["leaf"][name] for name in kept} == {
                name: public[name] for name in kept
            }
            assert said["leaf"]["terms_sha256"] == public["terms"]["sha256"]

    def test_figures_add_up(self, as_anyone, django_assert_num_queries) -> None:
        buyer = UserFactory(tokens=100)
        _, ended = (PublicPictureFactory(user=buyer) for _ in range(2))
        GenerationFactory(user=buyer, status="failed")
        states.end(ended, LicenceState.REVOKED, "A mistake.")
        call_command("audit_ledger")
        said = as_anyone.get("/api/books").data
        assert {row["type"]: (row["entries"], row["tokens"]) for row in said["ledger"]} == {
            "consume": (3, 30), "earn": (3, 120), "refund": (1, 10)
        }  # fmt: skip
        assert said["tokens_held"] == 100
        assert said["licences"] == {"issued": 2, "active": 1, "refunded": 0, "revoked": 1}
        assert said["audit"]["findings"] == 0
        assert (said["signatures"], said["first_day"], said["latest"]) == (0, None, None)
        with django_assert_num_queries(0):
            figures()

    def test_nothing_private_is_told(self, as_anyone) -> None:
        buyer = UserFactory(username="shy-buyer")
        licence = sold(1, user=buyer, prompt_tags=("secret", "garden"))
        books.publish_days()
        paths = ("/api/books", "/api/books/days", f"/books/{day(1)}.txt")
        told = "".join(as_anyone.get(path).content.decode() for path in paths)
        proof = as_anyone.get(f"/api/licences/{licence.number}/proof").content.decode()
        assert licence.number not in told
        for private in ("shy", "secret", "garden", '"user'):
            assert private not in told + proof
