"""The SQL of the money path writes what the models say: each column, and the models' defaults."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.forms import model_to_dict
from psycopg.types.json import Jsonb

from app.models import (
    Generation,
    GenerationTag,
    Licence,
    MailPreference,
    ModerationCase,
    Notification,
    OutboxMessage,
    Style,
    Tag,
    Transaction,
    Turn,
    User,
    WebhookDelivery,
    writes,
)
from app.models.writes import BOOK_ENTRY, COMPLETE_GENERATION, NOTIFY, PLACE_ORDER, write
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.utils import clock

pytestmark = pytest.mark.django_db

STATEMENTS = {
    name: sql for name, sql in vars(writes).items() if isinstance(sql, str) and "INSERT INTO" in sql
}
INSERT = re.compile(r"INSERT INTO (\w+)\s+\(([^)]+)\)")
MODELS = {
    model._meta.db_table: model
    for model in (
        *(Transaction, Generation, GenerationTag, OutboxMessage, Notification, Licence),
        *(WebhookDelivery, MailPreference, Turn, ModerationCase),
    )
}
# The server numbers these rows; the others come with their number.
NUMBERED_BEFORE = {Generation, Licence, MailPreference}


@pytest.mark.parametrize("name", STATEMENTS)
def test_an_insert_names_every_column_of_its_model(name: str) -> None:
    inserts = INSERT.findall(STATEMENTS[name])
    assert len(inserts) == STATEMENTS[name].count("INSERT INTO")
    for table, columns in inserts:
        model = MODELS[table]
        named = [column.strip() for column in columns.split(",")]
        fields = [
            field
            for field in model._meta.concrete_fields
            if model in NUMBERED_BEFORE or not field.primary_key
        ]
        # What the statement leaves out, the database knows by itself, or nobody yet.
        needed = {
            field.column
            for field in fields
            if not field.has_db_default() and (field.has_default() or not field.null)
        }
        assert needed <= set(named) <= {field.column for field in fields}
        assert len(named) == len(set(named))


def test_every_statement_is_held_to_its_columns() -> None:
    assert set(STATEMENTS) == {
        *("BOOK_ENTRY", "BOOK_REFUNDS", "TAKE_TURN", "PLACE_ORDER", "COMPLETE_GENERATION"),
        *("_NOTIFY", "NOTIFY", "_NOTIFY_OF_PICTURE"),
        *("_NOTIFY_OF_GROUP", "NOTIFY_OF_LIKE", "NOTIFY_OF_FOLLOW"),
        *("MAIL_IS_DUE", "COUNT_CASE"),
        *("_TELL_WEBHOOKS", "TELL_WEBHOOKS", "TELL_WEBHOOKS_OF_EACH", "_TELL_OF_DELIVERED"),
    }


def place(**changes: Any) -> tuple[Generation, bool]:
    """An order that is written, and whether it is held."""
    order = Generation(
        pk=7,
        user=UserFactory(),
        style=StyleFactory(),
        prompt_tags=["Castle", "sea"],
        aspect_ratio="1:1",
        width=512,
        height=512,
        seed=5,
        cost=10,
        request_id="of the order",
        created_at=clock.now(),
    )
    values = {**vars(order), "words": ["castle", "sea"], "queue": "a queue", "body": b"{}"}
    values |= {"max_in_work": 1, "max_in_work_paid": 2}
    values |= {"lane": "a queue", "head_start": 0, "work": 1}
    [(is_held,)] = write(PLACE_ORDER, **values | changes)
    return order, is_held


def test_an_order_has_the_models_defaults() -> None:
    order, is_held = place()
    assert not is_held
    assert_same(Generation.objects.get(), order)
    message = OutboxMessage.objects.get()
    expected = OutboxMessage(
        pk=message.pk,
        queue="a queue",
        task_id=order.task_id,
        attempt=order.attempt,
        body=b"{}",
        available_at=order.created_at,
        created_at=order.created_at,
        turn=0,
        style_id=order.style_id,
    )
    assert_same(message, expected)


def test_words_that_are_tags_are_linked_in_their_order() -> None:
    sea, castle = (Tag.objects.create(name=name) for name in ("sea", "castle"))
    place(words=["castle", "100 %", "sea"])
    links = GenerationTag.objects.order_by("sequence")
    assert [(link.tag, link.sequence) for link in links] == [(castle, 0), (sea, 2)]
    assert Tag.objects.count() == 2


def test_an_entry_has_the_models_defaults() -> None:
    user = UserFactory(tokens=100)
    values = {
        **dict.fromkeys(("sender_id", "generation_id", "order_id", "purchase_id")),
        **dict.fromkeys(("payout_id", "purchase_refund_id", "dispute_id")),
        "memo": "100 % yours",
        "bought": 0,
        "earned": 3,
    }
    values |= {"receiver_id": user.pk, "type": "earn", "amount": 5, "created_at": clock.now()}
    assert write(BOOK_ENTRY, user_id=user.pk, balance=105, **values) == [(105,)]
    entry = Transaction.objects.latest("pk")
    assert_same(entry, Transaction(pk=entry.pk, **values))
    kept = User.objects.get(pk=user.pk)
    assert (kept.token_balance, kept.bought_balance, kept.earned_balance) == (105, 0, 3)


def told(user: User) -> dict[str, Any]:
    return {
        "recipient_id": user.pk,
        "actor_id": None,
        "type": "generation_complete",
        "message": "100 % ready.",
        "parameters": None,
        "target_type": "image",
        "target_id": 7,
        "created_at": clock.now(),
    }


def test_a_notification_has_the_models_defaults_and_is_written_once() -> None:
    values = told(UserFactory())
    [(key,)] = write(NOTIFY, **values)
    assert write(NOTIFY, **values) == []
    assert_same(Notification.objects.get(), Notification(pk=key, **values))


def test_a_completed_picture_keeps_what_its_report_does_not_say() -> None:
    picture = GenerationFactory(status="processing")
    metadata = {"steps": [1, None, "ü"]}
    of_file = dict.fromkeys(("file_sha256", "preview_sha256", "pdq", "bands", "features"))
    for _ in range(2):
        picture.status, picture.image_path, picture.description = "completed", "a.png", "Mine."
        picture.finished_at = clock.now()
        values = vars(picture) | told(picture.user) | of_file | {"metadata": Jsonb(metadata)}
        write(COMPLETE_GENERATION, **values)
    kept = Generation.objects.get()
    assert (kept.status, kept.image_path, kept.metadata, kept.description) == (
        *("completed", "a.png", metadata),
        "",
    )
    # Whoever was told already hinders neither the picture nor the count.
    assert Notification.objects.count() == 1
    assert Style.objects.get().usage_count == 2


def test_they_are_planned_once_a_connection() -> None:
    for user in [UserFactory() for _ in range(3)]:
        write(NOTIFY, **told(user))
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements")
        plans = [count for sql, count in cursor.fetchall() if "INTO app_notification" in sql]
    assert sum(plans) >= 3


def assert_same(found: Model, expected: Model) -> None:
    fields = [field.name for field in expected._meta.concrete_fields]
    shown = [model_to_dict(each, fields) for each in (found, expected)]
    for values in shown:
        values |= {k: bytes(v) for k, v in values.items() if isinstance(v, memoryview)}
    assert shown[0] == shown[1]
    assert all(getattr(found, name) == getattr(expected, name) for name in ("created_at",))
