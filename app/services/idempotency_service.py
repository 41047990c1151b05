"""Idempotency keys: the same request with the same key takes effect once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.db import DatabaseError, connection, transaction

from app.exceptions import IdempotencyKeyReused, RequestInProgress
from app.models import IdempotencyKey, User
from app.utils import clock

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255

Prepared = TypeVar("Prepared")


@dataclass(frozen=True)
class Answer:
    """A status and a body (JSON text), and whether they are given again."""

    status: int
    body: str
    is_replay: bool = False


def run_once(
    *,
    user: User,
    key: str,
    fingerprint: str,
    prepare: Callable[[], Prepared],
    act: Callable[[Prepared], tuple[int, str]],
    discard: Callable[[Prepared], None] | None = None,
) -> Answer:
    """Return the answer of the first request with this key, or act and store the answer.

    ``prepare`` does what must not happen inside a transaction (files, payments); ``act`` runs in
    one, together with the memory of its answer: a crash leaves both or neither. When ``act`` fails,
    ``discard`` undoes ``prepare`` and nothing is remembered. Without a key nothing is remembered.

    Raises RequestInProgress, IdempotencyKeyReused, and what ``prepare`` and ``act`` raise.
    """
    if not key:
        return _act(prepare, act, discard)
    with _exclusive(user, key):
        remembered = IdempotencyKey.objects.filter(user=user, key=key).first()
        if remembered is not None and remembered.created_at > clock.now() - KEPT_FOR:
            if remembered.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            return Answer(remembered.response_status, remembered.response_body, is_replay=True)

        def act_and_remember(prepared: Prepared) -> tuple[int, str]:
            status, body = act(prepared)
            if remembered is not None:
                remembered.delete()
            IdempotencyKey.objects.create(
                user=user,
                key=key,
                fingerprint=fingerprint,
                response_status=status,
                response_body=body,
            )
            return status, body

        return _act(prepare, act_and_remember, discard)


def forget_old() -> int:
    """Delete expired answers. Returns how many there were."""
    count, _ = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT_FOR).delete()
    return count


def _act(
    prepare: Callable[[], Prepared],
    act: Callable[[Prepared], tuple[int, str]],
    discard: Callable[[Prepared], None] | None,
) -> Answer:
    prepared = prepare()
    try:
        with transaction.atomic():
            status, body = act(prepared)
    except DatabaseError:
        # The commit may have happened all the same, so what was prepared has to stay.
        raise
    except BaseException:
        if discard is not None:
            discard(prepared)
        raise
    return Answer(status, body)


@contextmanager
def _exclusive(user: User, key: str) -> Iterator[None]:
    """Hold this user's key against other requests, or raise RequestInProgress.

    An advisory lock of the database session: it is gone at once when the process dies, so that no
    key stays blocked, and it holds across the transactions of one request.
    """
    digest = hashlib.sha256(f"{user.pk}:{key}".encode()).digest()
    lock_id = int.from_bytes(digest[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock_id])
        if not cursor.fetchone()[0]:
            raise RequestInProgress
        try:
            yield
        finally:
            # On a broken connection the session, and the lock with it, has ended already.
            if connection.connection is not None and not connection.connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [lock_id])
