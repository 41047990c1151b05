"""Idempotency keys: the same request with the same key takes effect once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction

from app.exceptions import IdempotencyKeyReused, RequestInProgress
from app.models import IdempotencyKey, User
from app.utils import clock

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255
# Before a reference that stands for an answer until that is rendered. No answer begins so.
_REFERENCE = "#"
_KEEP = f"UPDATE {IdempotencyKey._meta.db_table} SET response_body = %s WHERE id = %s"  # noqa: S608 (our own table)

Prepared = TypeVar("Prepared")
Result = TypeVar("Result")
ReleaseWith = Callable[[str, list[Any]], None]


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
    render: Callable[[str], str] | None = None,
    discard: Callable[[Prepared], None] | None = None,
) -> Answer:
    """Return the answer of the first request with this key, or act and store the answer.

    ``prepare`` does what must not happen inside a transaction (files, payments); ``act`` runs in
    one, together with the memory of its answer: a crash leaves both or neither. When ``act`` fails,
    ``discard`` undoes ``prepare`` and nothing is remembered. Without a key nothing is remembered.

    With ``render`` nothing is put into words under the locks of ``act``: that returns a reference,
    such as an id, of which ``render`` makes the body after the commit. Where the process died in
    between, the next request with this key does it: no answer is given before it is remembered.

    Raises RequestInProgress, IdempotencyKeyReused, and what ``prepare`` and ``act`` raise.
    """
    if not key:
        status, text = _act(prepare, act, discard)
        return Answer(status, render(text) if render else text)
    with _exclusive(user, key) as release_with:
        remembered = IdempotencyKey.objects.filter(user=user, key=key).first()
        if remembered is not None and remembered.created_at > clock.now() - KEPT_FOR:
            if remembered.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            return Answer(remembered.response_status, _body_of(remembered, render), is_replay=True)

        def act_and_remember(prepared: Prepared) -> tuple[IdempotencyKey, str]:
            status, text = act(prepared)
            if remembered is not None:
                remembered.delete()
            kept = IdempotencyKey.objects.create(
                user=user,
                key=key,
                fingerprint=fingerprint,
                response_status=status,
                response_body=_REFERENCE + text if render else text,
            )
            return kept, text

        kept, text = _act(prepare, act_and_remember, discard)
        if render is None:
            return Answer(kept.response_status, text)
        body = render(text)
        release_with(_KEEP, [body, kept.pk])
        return Answer(kept.response_status, body)


def _body_of(remembered: IdempotencyKey, render: Callable[[str], str] | None) -> str:
    """The answer that was given; rendered now where it was not, as its process died."""
    reference = remembered.response_body
    if render is None or not reference.startswith(_REFERENCE):
        return reference
    # Another request may be about to give its own: only one of the two is kept, and given by both.
    body = render(reference.removeprefix(_REFERENCE))
    unanswered = IdempotencyKey.objects.filter(pk=remembered.pk, response_body=reference)
    if unanswered.update(response_body=body):
        return body
    remembered.refresh_from_db()
    return remembered.response_body


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
def _exclusive(user: User, key: str) -> Iterator[ReleaseWith]:
    """Hold this user's key against other requests, or raise RequestInProgress.

    An advisory lock of the database session: it is gone at once when the process dies, so that no
    key stays blocked, and it holds across the transactions of one request. What is yielded releases
    it together with a last UPDATE, in one statement.
    """
    digest = hashlib.sha256(f"{user.pk}:{key}".encode()).digest()
    lock_id = int.from_bytes(digest[:8], signed=True)
    is_held = True
    with connection.cursor() as cursor:

        def release_with(update: str, values: list[Any]) -> None:
            nonlocal is_held
            cursor.execute(f"{update} RETURNING pg_advisory_unlock(%s)", [*values, lock_id])
            is_held = cursor.rowcount == 0

        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock_id])
        if not cursor.fetchone()[0]:
            raise RequestInProgress
        try:
            yield release_with
        finally:
            # On a broken connection the session, and the lock with it, has ended already.
            if is_held and connection.connection is not None and not connection.connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [lock_id])
