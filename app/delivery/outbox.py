"""The outbox: tasks for workers, written in the transaction that needs them.

With a broker, the relay publishes the messages; without one, the local worker takes them from here.
Either way, a message is delivered at least once, and is marked as sent afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Least

from app.models import OutboxMessage
from app.models.outbox import FIRST_DUE
from app.utils import clock
from protocol import Task, encode

CHANNEL = "outbox"
# First key of the advisory locks on messages; the second is the message's id.
LOCK_SPACE = 0x57A1
MAX_COUNTED_ATTEMPTS = 32_000


def enqueue(queue: str, task: Task, *, available_at: datetime | None = None) -> None:
    """Write ``task`` to the outbox, in the caller's transaction.

    A trigger of the table notifies the relay, or the local worker, when that transaction commits.
    """
    OutboxMessage.objects.create(
        queue=queue,
        task_id=task.task_id,
        attempt=task.attempt,
        body=encode(task),
        available_at=available_at or clock.now(),
    )


def enqueue_all(tasks: Iterable[tuple[str, Task]]) -> None:
    """Write many tasks to the outbox at once, each with its queue."""
    now = clock.now()
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            queue=queue,
            task_id=task.task_id,
            attempt=task.attempt,
            body=encode(task),
            available_at=now,
        )
        for queue, task in tasks
    )


def webhook_url(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


@contextmanager
def claim_next(queues: Sequence[str]) -> Iterator[OutboxMessage | None]:
    """The next message of these queues that is due and that nobody else holds; None when there is
    none."""
    with claim_batch(1, queues) as messages:
        yield messages[0] if messages else None


@contextmanager
def claim_batch(size: int, queues: Sequence[str] = ()) -> Iterator[list[OutboxMessage]]:
    """At most ``size`` messages that are due and not claimed by others, oldest first; with
    ``queues`` only theirs.

    Each is held by an advisory lock of this database session: when the process dies the messages
    are free again at once, however long their jobs would have taken. The attempt is
    counted and committed before the work, so that a message that kills its worker is noticed.
    """
    with connection.cursor() as cursor:
        named = [list(queues)] if queues else []
        found = _LOCK_DUE.format(named="AND queue = ANY(%s)" if queues else "")
        cursor.execute(found, [clock.now(), *named, size * 4, LOCK_SPACE, size])
        locked = [row[0] for row in cursor.fetchall()]
    try:
        yield _begin_attempts(locked)
    finally:
        if locked and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(_UNLOCK, [LOCK_SPACE, locked])


def mark_sent(*messages: OutboxMessage, error: str = "") -> None:
    ids = [message.pk for message in messages]
    OutboxMessage.objects.filter(pk__in=ids).update(sent_at=clock.now(), last_error=error[:500])


def mark_unsent(message: OutboxMessage, *, error: str, delay: float = 0) -> None:
    """Leave the message for another attempt, ``delay`` seconds from now. It stays late."""
    OutboxMessage.objects.filter(pk=message.pk).update(
        last_error=error[:500], available_at=clock.seconds_from_now(delay), due_at=FIRST_DUE
    )


def oldest_age() -> float:
    """For how many seconds the oldest message has been due, whatever its queue and however often
    it was put off since; 0 when none is."""
    unsent = OutboxMessage.objects.filter(sent_at__isnull=True)
    oldest = unsent.order_by(FIRST_DUE, "pk").values_list(FIRST_DUE, flat=True).first()
    return max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0


def _begin_attempts(message_ids: list[int]) -> list[OutboxMessage]:
    """Count an attempt at those that nobody has sent meanwhile, and read them under the lock."""
    if not message_ids:
        return []
    unsent = OutboxMessage.objects.filter(
        pk__in=message_ids, sent_at__isnull=True, available_at__lte=clock.now()
    )
    unsent.update(tries=Least(F("tries") + 1, MAX_COUNTED_ATTEMPTS))
    # Pictures before trainings: somebody is waiting for them.
    return list(unsent.order_by("queue", "available_at", "pk"))


# The filter is judged row by row, in order, until the limit is reached: no lock is taken beyond it.
_LOCK_DUE = """
    WITH due AS MATERIALIZED (
        SELECT id FROM app_outboxmessage WHERE sent_at IS NULL AND available_at <= %s {named}
        ORDER BY queue, available_at, id LIMIT %s
    )
    SELECT id FROM due WHERE pg_try_advisory_lock(%s, (id %% 2147483648)::int) LIMIT %s
"""
_UNLOCK = """
    SELECT pg_advisory_unlock(%s, (held.id %% 2147483648)::int)
    FROM unnest(%s::bigint[]) AS held(id)
"""
