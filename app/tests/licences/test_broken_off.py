"""The migration that begins the books may break off at its index, and be run again."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

from app.models import LicenceDay
from app.tests.factories import GenerationFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BEFORE, BOOKS = ("app", "0022_artist_looks"), ("app", "0023_books")


def to(target: tuple[str, str]) -> None:
    MigrationExecutor(connection).migrate([target])


def test_it_is_run_again() -> None:
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        to(BEFORE)
        with connection.cursor() as cursor:
            # Something has the name of its index.
            cursor.execute("CREATE TABLE licence_booked ()")
            try:
                with pytest.raises(ProgrammingError, match="licence_booked"):
                    to(BOOKS)
            finally:
                cursor.execute("DROP TABLE licence_booked")
            to(BOOKS)
            cursor.execute("SELECT current_setting('lock_timeout'), 'licence_booked'::regclass")
            assert cursor.fetchone() == ("0", "licence_booked")
    finally:
        MigrationExecutor(connection).migrate(leaves)
    day = LicenceDay.objects.create(day=GenerationFactory().licence.booked_at.date(), count=0)
    with pytest.raises(IntegrityError, match="never change"):
        day.delete()
