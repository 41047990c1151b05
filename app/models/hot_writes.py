"""What an order and its report read under a lock and write, compiled once.

Locks are taken in the order of docs/architecture.md by the ``lock_*`` helpers of the services.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, Func, QuerySet, Value

from app.models.generation import Generation
from app.models.notification import Notification
from app.models.outbox import OutboxMessage
from app.models.reads.hot import styles_for
from app.models.style import Style
from app.models.tagging import GenerationTag, Tag
from app.models.token import Transaction
from app.models.user import User
from speed.queries import CompiledInstances
from speed.writes import CompiledWrite, insert, update


def _build_locked_users(shape: int, values: dict[str, Any]) -> QuerySet[Any, Any]:
    return User.objects.to_lock([values[f"id_{number}"] for number in range(shape)])


# Locks the balances ``id_0`` …, as many as its shape says.
LOCKED_USERS = CompiledInstances(_build_locked_users)


# The number of the next picture, so that all there is to write about it can be written at once.
# Who is refused leaves a gap.
_NEXT_GENERATION_ID = Func(
    Func(Value(Generation._meta.db_table), Value("id"), function="pg_get_serial_sequence"),
    function="nextval",
    output_field=BigIntegerField(),
)


def _build_style_to_buy(shape: bool, values: dict[str, Any]) -> QuerySet[Any, Any]:
    style = styles_for(shape, values).filter(pk=values["style_id"]).order_by()
    return style.select_related("artist").annotate(next_generation_id=_NEXT_GENERATION_ID)


# Its shape is whether an artist buys, who is then the value ``viewer_id``.
STYLE_TO_BUY = CompiledInstances(_build_style_to_buy)


def _build_locked_generation(shape: bool, values: dict[str, Any]) -> QuerySet[Any, Any]:
    return Generation.objects.to_lock(with_balance=shape).filter(pk=values["generation_id"])


# With its style and artist. Its shape is whether the artist's balance is locked with it.
LOCKED_GENERATION = CompiledInstances(_build_locked_generation)

NEW_GENERATION = insert(
    Generation,
    *("id", "task_id", "request_id", "user_id", "style_id", "prompt_tags", "aspect_ratio"),
    *("width", "height", "seed", "cost", "created_at"),
)
# Links to those of the ``words`` that are tags, in their order.
PROMPT_TAGS = CompiledWrite(
    f"INSERT INTO {GenerationTag._meta.db_table} (generation_id, tag_id, sequence)"  # noqa: S608 (our own table names)
    " SELECT %s, tag.id, word.sequence - 1"
    " FROM unnest(%s::text[]) WITH ORDINALITY AS word(name, sequence)"
    f" JOIN {Tag._meta.db_table} tag ON tag.name = word.name RETURNING id",
    ("generation_id", "words"),
)
GENERATION_PROGRESS = update(Generation, "status", "started_at", "progress", "lease_expires_at")
COMPLETED_GENERATION = update(
    Generation,
    *("status", "image_path", "preview_path", "placeholder", "metadata"),
    *("progress", "lease_expires_at", "finished_at"),
)
STYLE_USE = update(Style, counted=["usage_count"])

BALANCE = update(User, "token_balance")
NEW_TRANSACTION = insert(
    Transaction,
    *("sender_id", "receiver_id", "type", "amount", "memo", "generation_id", "purchase_id"),
    "created_at",
)

NEW_NOTIFICATION = insert(
    Notification,
    *("recipient_id", "actor_id", "type", "message", "target_type", "target_id", "created_at"),
    or_ignore=True,
)
NEW_OUTBOX_MESSAGE = insert(
    OutboxMessage, "queue", "task_id", "attempt", "body", "available_at", "created_at"
)
