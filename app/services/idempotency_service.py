"""Idempotency keys: the same request with the same key takes effect once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from django.db import DatabaseError, connection, transaction

from app.exceptions import IdempotencyKeyReused, RequestInProgress
from app.models import IdempotencyKey, User
from app.utils import clock

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255

Prepared = TypeVar("Prepared")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    """A status, which thing was made, what of it may change, and whether this is given again."""

    status: int
    made: str
    facts: dict[str, object] = field(default_factory=dict)
    is_replay: bool = False


def run_once(
    *,
    user: User,
    key: str,
    fingerprint: str,
    prepare: Callable[[], Prepared],
    act: Callable[[Prepared], Answer],
    discard: Callable[[Prepared], None] | None = None,
    fingerprint_before: str = "",
) -> Answer:
    """Return the answer to the first request with this key, or act and keep the answer.

    ``prepare`` does what must not happen inside a transaction (files, payments); ``act`` runs in
    one, together with the memory of its answer: a crash leaves both or neither. When ``act`` fails,
    ``discard`` undoes ``prepare`` and nothing is remembered. Without a key nothing is remembered.

    What is kept are facts. The caller renders the body after the commit, and again for each replay,
    so that its links are alive.

    ``fingerprint_before`` is what the version before this one took of the same request, if that is
    another.

    Raises RequestInProgress, IdempotencyKeyReused, and what ``prepare`` and ``act`` raise.
    """
    if not key:
        return _act(prepare, act, discard)
    with _exclusive(user, key):
        kept = IdempotencyKey.objects.filter(user=user, key=key).first()
        if kept is not None and kept.created_at > clock.now() - KEPT_FOR:
            if kept.fingerprint == fingerprint_before:
                fingerprint = fingerprint_before
            # A version long before took fingerprints of the bytes, and kept no facts.
            if kept.facts is not None and kept.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            facts = kept.facts or {}
            return Answer(kept.response_status, kept.response_body, facts, is_replay=True)

        def act_and_keep(prepared: Prepared) -> Answer:
            answer = act(prepared)
            if kept is not None:
                kept.delete()
            IdempotencyKey.objects.create(
                user=user,
                key=key,
                fingerprint=fingerprint,
                response_status=answer.status,
                response_body=answer.made,
                facts=answer.facts,
            )
            return answer

        return _act(prepare, act_and_keep, discard)


def forget_old() -> int:
    """Delete expired answers. Returns how many there were."""
    count, _ = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT_FOR).delete()
    return count


def _act(
    prepare: Callable[[], Prepared],
    act: Callable[[Prepared], Result],
    discard: Callable[[Prepared], None] | None,
) -> Result:
    prepared = prepare()
    try:
        with transaction.atomic():
            return act(prepared)
    except DatabaseError:
        # The commit may have happened all the same, so what was prepared has to stay.
        raise
    except BaseException:
        if discard is not None:
            discard(prepared)
        raise


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
