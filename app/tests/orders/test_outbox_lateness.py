"""A message is late since it was first due, whatever its queue and however often it was put off."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model

from app import migrations
from app.delivery import outbox
from app.models import GenerationStatus, OutboxMessage
from app.tests.factories import GenerationFactory
from app.utils import clock
from protocol import GENERATION_QUEUE

MIGRATIONS = Path(migrations.__file__).parent
BEFORE = [("app", "0006_session")]
OLD_INSERT = """
    INSERT INTO app_outboxmessage
        (queue, task_id, attempt, body, available_at, tries, last_error, created_at)
    VALUES ('image_generation', gen_random_uuid(), 1, '', now(), 0, '', now())
"""


def due_for(seconds: float) -> OutboxMessage:
    """A message that has been due for so long."""
    GenerationFactory(status=GenerationStatus.QUEUED)
    message = OutboxMessage.objects.latest("pk")
    message.available_at = clock.seconds_from_now(-seconds)
    message.save()
    return message


@pytest.mark.django_db
def test_nothing_that_waits_for_its_time_is_late() -> None:
    due_for(-100)
    assert outbox.oldest_age() == 0


@pytest.mark.django_db
def test_a_message_that_is_put_off_again_and_again_stays_as_late_as_it_was() -> None:
    message = due_for(100)
    for _ in range(3):
        outbox.mark_unsent(message, error="The broker has no queue.", delay=30)
        message.refresh_from_db()
        assert message.available_at > clock.now()
        assert outbox.oldest_age() == pytest.approx(100, abs=5)
    outbox.mark_sent(message)
    assert outbox.oldest_age() == 0


@pytest.mark.django_db
def test_a_message_for_a_queue_that_nobody_knows_is_late_as_well() -> None:
    due_for(10)
    lost = due_for(100)
    OutboxMessage.objects.filter(pk=lost.pk).update(queue="nowhere")
    assert outbox.oldest_age() == pytest.approx(100, abs=5)


@pytest.fixture
def before_migration(transactional_db) -> Iterator[type[Model]]:
    """The message as the version before knows it, in a database of that version: the tests' own
    would have to be migrated back and forth by all that has come since."""
    own, former = connection.settings_dict["NAME"], f"before_{uuid4().hex}"
    ask(f'CREATE DATABASE "{former}" TEMPLATE template0')
    use(former)
    try:
        executor = MigrationExecutor(connection)
        yield executor.migrate(BEFORE).apps.get_model("app", "OutboxMessage")
    finally:
        use(own)
        ask(f'DROP DATABASE "{former}" WITH (FORCE)')


def ask(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def use(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database


def migrate_forward() -> None:
    """As far as the table of messages changes. What comes after that is about other tables."""
    changing = [
        path.stem
        for path in sorted(MIGRATIONS.glob("0*.py"))
        if "outboxmessage" in path.read_text().lower()
    ]
    MigrationExecutor(connection).migrate([("app", changing[-1])])


def write(model: type[Model], *, due: float, **fields: Any) -> int:
    row = {"queue": GENERATION_QUEUE, "task_id": uuid4(), "attempt": 1, "body": b""}
    row |= {"available_at": clock.seconds_from_now(-due), **fields}
    return model._default_manager.create(**row).pk


@contextmanager
def written_to() -> Iterator[list[int]]:
    """The version before goes on writing meanwhile; how many messages so far. None may fail, and
    they are gone afterwards."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    there = OutboxMessage.objects.values_list("pk", flat=True)
    over, written, errors = threading.Event(), [0], list[Exception]()

    def go_on() -> None:
        try:
            with psycopg.connect(urlunsplit(url), autocommit=True) as writer:
                while not over.is_set():
                    writer.execute(OLD_INSERT)
                    written[0] += 1
        except psycopg.Error as error:
            errors.append(error)

    before = list(there)
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield written
    finally:
        over.set()
        thread.join(30)
    assert (errors, thread.is_alive()) == ([], False)
    assert OutboxMessage.objects.exclude(pk__in=before).delete()[0] == written[0]


def test_the_version_before_goes_on_writing_and_is_late_by_the_same_rule(before_migration) -> None:
    began = clock.now()
    waiting = write(before_migration, due=50)
    refused = write(before_migration, due=-30, last_error="no queue", tries=9)
    made = {"created_at": clock.seconds_from_now(-200)}
    before_migration._default_manager.filter(pk=refused).update(**made)
    with written_to() as written:
        migrate_forward()
        assert written[0] > 0
    took = (clock.now() - began).total_seconds()
    assert outbox.oldest_age() == pytest.approx(200 + took, abs=5)
    outbox.mark_sent(OutboxMessage.objects.get(pk=refused))
    assert outbox.oldest_age() == pytest.approx(50 + took, abs=5)
    # The version before still writes; what it wrote is put off by this one.
    late = OutboxMessage.objects.get(pk=write(before_migration, due=70))
    assert late.due_at is None
    assert outbox.oldest_age() == pytest.approx(70, abs=5)
    outbox.mark_unsent(late, error="no queue", delay=30)
    assert outbox.oldest_age() == pytest.approx(70, abs=5)
    # It knows no second column: what it puts off itself is late since then, once this one has it.
    again = before_migration._default_manager.filter(pk=waiting)
    again.update(available_at=clock.seconds_from_now(-5), last_error="no queue")
    outbox.mark_unsent(OutboxMessage.objects.get(pk=waiting), error="no queue", delay=30)
    outbox.mark_sent(late)
    assert outbox.oldest_age() == pytest.approx(5, abs=5)
