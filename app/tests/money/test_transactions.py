"""What begins and ends transactions passes psycopg by; it has to tell of failures all the same."""

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from app.models import Like, Tag
from app.tests.factories import PublicPictureFactory

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = 2**40


def names() -> list[str]:
    """The tags that others see."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT name FROM app_tag ORDER BY name")
            return [name for (name,) in cursor.fetchall()]
    finally:
        other.close()


def test_what_is_written_is_there_at_the_end_and_not_before():
    with transaction.atomic():
        Tag.objects.create(name="sea")
        assert names() == []
    assert names() == ["sea"]
    Tag.objects.create(name="sky")
    assert names() == ["sea", "sky"]


def test_an_error_takes_everything_back():
    @transaction.atomic
    def change() -> None:
        Tag.objects.create(name="sea")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert names() == []


def test_a_part_can_be_taken_back_alone():
    with transaction.atomic():
        Tag.objects.create(name="sea")
        with pytest.raises(IntegrityError), transaction.atomic():
            Tag.objects.create(name="sea")
        Tag.objects.create(name="sky")
    assert names() == ["sea", "sky"]


def test_what_only_the_commit_finds_out_is_an_integrity_error():
    """Foreign keys are checked there."""
    picture = PublicPictureFactory()

    @transaction.atomic
    def change() -> None:
        Tag.objects.create(name="sea")
        Like.objects.bulk_create([Like(generation=picture, user_id=NOBODY)])

    with pytest.raises(IntegrityError, match="app_like_user_id"):
        change()
    assert names() == []
    assert not Like.objects.exists()


def test_a_connection_that_is_lost_before_the_commit_is_an_operational_error():
    @transaction.atomic
    def change() -> None:
        Tag.objects.create(name="sea")
        end_connection()

    with pytest.raises(OperationalError):
        change()
    assert names() == []
    Tag.objects.create(name="sky")
    assert names() == ["sky"]


def test_a_connection_that_is_lost_before_a_transaction_is_an_operational_error():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    end_connection()
    with pytest.raises(OperationalError), transaction.atomic():
        Tag.objects.create(name="sea")
    connections.close_all()
    with transaction.atomic():
        Tag.objects.create(name="sky")
    assert names() == ["sky"]


def test_beginning_and_end_are_logged():
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        Tag.objects.create(name="sea")
    assert [query["sql"].split()[0] for query in queries] == ["BEGIN", "INSERT", "COMMIT"]


def test_who_turns_autocommit_off_ends_their_transaction_themselves():
    other = connection.copy()
    try:
        other.set_autocommit(False)
        # Nothing was begun.
        other.commit()
        for word, expected in (("sea", ["sea"]), ("sky", ["sea", "sky"])):
            other.cursor().execute(
                "INSERT INTO app_tag (name, is_active, usage_count, created_at)"
                " VALUES (%s, true, 0, now())",
                [word],
            )
            other.commit()
            assert names() == expected
        other.set_autocommit(True)
    finally:
        other.close()


def end_connection() -> None:
    """End the connection under way, at the server."""
    assert connection.connection is not None
    pid = connection.connection.info.backend_pid
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()
