"""Tasks for the workers: written with the change that needs them, handed over afterwards.

With a broker the relay publishes the messages; without one the local worker takes them from here.
Either way a message is handed over at least once, and is marked as sent only afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import F

from app.models import OutboxMessage
from app.utils import clock
from protocol import Task, encode

CHANNEL = "outbox"
# First key of the advisory locks on messages; the second is the message's id.
LOCK_SPACE = 0x57A1


def enqueue(queue: str, task: Task, *, available_at: datetime | None = None) -> OutboxMessage:
    """Write ``task`` to the outbox, in the caller's transaction.

    A trigger of the table wakes the relay, or the local worker, when that transaction commits.
    """
    return OutboxMessage.objects.create(
        queue=queue,
        task_id=task.task_id,
        attempt=task.attempt,
        body=encode(task),
        available_at=available_at or clock.now(),
    )


def webhook_url(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


@contextmanager
def claim_next() -> Iterator[OutboxMessage | None]:
    """The next message that is due and that nobody else holds; None when there is none.

    It is held by an advisory lock of this database session: when the process dies the message is
    free again at once, however long the job would have taken. The try is counted and committed
    before the work, so that a message that kills its worker is noticed.
    """
    message = _lock_one()
    try:
        yield message
    finally:
        if message is not None:
            _unlock(message.pk)


def mark_sent(message: OutboxMessage, *, error: str = "") -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(sent_at=clock.now(), last_error=error[:500])


def mark_unsent(message: OutboxMessage, *, error: str, delay: float = 0) -> None:
    """Leave the message for another try, ``delay`` seconds from now."""
    OutboxMessage.objects.filter(pk=message.pk).update(
        last_error=error[:500], available_at=clock.seconds_from_now(delay)
    )


def _lock_one() -> OutboxMessage | None:
    due = OutboxMessage.objects.filter(sent_at__isnull=True, available_at__lte=clock.now())
    # Pictures before trainings: somebody is waiting for them.
    for message_id in due.order_by("queue", "available_at", "pk").values_list("pk", flat=True)[:20]:
        if not _try_lock(message_id):
            continue
        # Read again under the lock: another process may have sent it meanwhile.
        message = due.filter(pk=message_id).first()
        if message is not None:
            OutboxMessage.objects.filter(pk=message_id).update(tries=F("tries") + 1)
            message.tries += 1
            return message
        _unlock(message_id)
    return None


def _try_lock(message_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, message_id % 2**31])
        return bool(cursor.fetchone()[0])


def _unlock(message_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, message_id % 2**31])
