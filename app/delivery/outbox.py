"""The outbox: tasks for workers, written in the transaction that needs them.

With a broker, the relay publishes the messages; without one, the local worker takes them from here.
Either way, a message is delivered at least once, and is marked as sent afterwards. Whose turn it is
is said by ``turns``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from operator import itemgetter

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Least

from app.delivery import turns
from app.models import Generation, OutboxMessage, Priority, QueueClock, Style
from app.models.job import Job
from app.models.outbox import FIRST_DUE
from app.models.writes import LEAVE_QUEUE, TAKE_TURN, write
from app.utils import clock
from protocol import Task, encode

CHANNEL = "outbox"
# First key of the advisory locks on messages; the second is the message's id.
LOCK_SPACE = 0x57A1
MAX_COUNTED_ATTEMPTS = 32_000
# How often it looks further for messages that nobody else holds.
MOST_TRIES = 5
# How many messages without a turn get one at a time.
TURNS_AT_ONCE = 100
# A job has ended by then, or has a later attempt.
KEPT_FOR = timedelta(days=30)
FORGOTTEN_AT_ONCE = 500


def enqueue(
    queue: str,
    task: Task,
    *,
    owner_id: int | None = None,
    priority: str = Priority.NORMAL,
    available_at: datetime | None = None,
) -> None:
    """Write ``task`` to the outbox, in the caller's transaction.

    It takes the turn of the user ``owner_id``; without one it has the queue's present virtual time
    when it is due. A trigger of the table notifies the relay, or the local worker, when that
    transaction commits.
    """
    turn = None
    if owner_id is not None and available_at is None:
        lane = lane_of(queue, priority)
        work = turns.share_of(turns.work_of(task), lane.weight)
        turn, _ = _take_turn(queue, lane, owner_id, work)
    OutboxMessage.objects.create(
        queue=queue,
        task_id=task.task_id,
        attempt=task.attempt,
        body=encode(task),
        available_at=available_at or clock.now(),
        turn=turn,
        style_id=task.data.style_id,
    )


def enqueue_all(tasks: Iterable[tuple[str, Task, int, str]]) -> None:
    """Write many tasks to the outbox at once, each with its queue, the user whose turn it takes,
    and its priority.

    One statement takes the turns of a user in a lane. Ascending by both, so that of two who call
    it at once, neither waits for the other in a circle.
    """
    now = clock.now()
    of_owner = dict[tuple[str, int, str, str], list[Task]]()
    for queue, task, owner_id, priority in tasks:
        lane = lane_of(queue, priority)
        of_owner.setdefault((lane.name, owner_id, queue, priority), []).append(task)
    messages = list[OutboxMessage]()
    for (_, owner_id, queue, priority), theirs in sorted(of_owner.items(), key=itemgetter(0)):
        lane = lane_of(queue, priority)
        works = [turns.share_of(turns.work_of(task), lane.weight) for task in theirs]
        first, weight = _take_turn(queue, lane, owner_id, sum(works))
        shares = [turns.share_of(work, weight) for work in works]
        messages += (
            OutboxMessage(
                queue=queue,
                task_id=task.task_id,
                attempt=task.attempt,
                body=encode(task),
                available_at=now,
                turn=tag,
                style_id=task.data.style_id,
            )
            for task, tag in zip(theirs, turns.tags_of(first, shares, is_bulk=True), strict=True)
        )
    OutboxMessage.objects.bulk_create(messages)


def leave(pictures: Sequence[Generation], *, owner_id: int) -> None:
    """Take the tasks of these pictures, which nobody has begun, out of their queues, if they are
    there still. Whoever ordered them gets the turns back."""
    works = [_share_of(picture) for picture in pictures]
    _leave(pictures, works, [picture.priority for picture in pictures], owner_id)


def leave_training(style: Style) -> None:
    """The same of a style's training."""
    work = turns.PICTURE * max(1, style.artworks.count())
    _leave([style], [work], [Priority.NORMAL], int(style.artist_id))


def _leave(
    jobs: Sequence[Job], works: Sequence[int], priorities: Sequence[str], owner_id: int
) -> None:
    write(
        LEAVE_QUEUE,
        task_ids=[job.task_id for job in jobs],
        attempts=[job.attempt for job in jobs],
        works=works,
        lanes=[lane_of("", priority).name for priority in priorities],
        user_id=owner_id,
        now=clock.now(),
        reason="ended",
    )


def lane_of(queue: str, priority: str) -> turns.Lane:
    is_high = priority == Priority.HIGH
    return turns.lane_of(queue, is_high=is_high, weight=settings.PRIORITY_WEIGHT)


def _share_of(picture: Generation) -> int:
    work = turns.work_of_pixels(picture.width, picture.height)
    return turns.share_of(work, lane_of("", picture.priority).weight)


def _take_turn(queue: str, lane: turns.Lane, owner_id: int, work: int) -> tuple[int, int]:
    """The first tag of tasks that are ``work`` together, and the weight of their owner."""
    given = {"lane": lane.name, "head_start": lane.head_start, "work": work}
    [(first, weight)] = write(TAKE_TURN, queue=queue, user_id=owner_id, **given)
    return first, weight


def ahead(queue: str, lane: turns.Lane, user_id: int, *, before_last: int) -> tuple[int, int]:
    """How many tasks wait in ``queue`` that go before the next one of this user in ``lane``, and
    before one of theirs that has ``before_last`` of work of their own before it."""
    name, head_start = lane.name, lane.head_start
    with connection.cursor() as cursor:
        cursor.execute(_AHEAD, [queue, name, user_id, head_start, before_last, queue])
        before_next, before_that = cursor.fetchone()
    return before_next, before_that


def webhook_url(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


@contextmanager
def claim_next(queues: Sequence[str] = ()) -> Iterator[OutboxMessage | None]:
    """The message whose turn it is and that nobody else holds; None when there is none."""
    with claim_batch(1, queues) as messages:
        yield messages[0] if messages else None


@contextmanager
def claim_batch(size: int, queues: Sequence[str] = ()) -> Iterator[list[OutboxMessage]]:
    """At most ``size`` messages of one queue whose turn it is and that are not claimed by others:
    of the first of ``queues``, by name, that has any; without names, of any queue. So pictures go
    before trainings: somebody is waiting for them.

    Each is held by an advisory lock of this database session: when the process dies the messages
    are free again at once, however long their jobs would have taken. The attempt is
    counted and committed before the work, so that a message that kills its worker is noticed.
    """
    give_turns()
    locked: list[int] = []
    messages: list[OutboxMessage] = []
    try:
        for queue in sorted(queues) or waiting_queues():
            # One commit for all that is noted of them.
            with transaction.atomic():
                _lock_next(queue, size, locked)
                messages = _begin_attempts(locked)
            if locked:
                break
        yield messages
    finally:
        _unlock(locked)


def waiting_queues() -> list[str]:
    """The queues for which a message waits for its turn, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING_QUEUES)
        return [queue for (queue,) in cursor.fetchall()]


def unsent_queues() -> list[str]:
    """The queues for which any message waits, for its turn or for its time, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSENT_QUEUES)
        return [queue for (queue,) in cursor.fetchall()]


def give_turns() -> None:
    """Give messages that have no turn and are due the present virtual time of their queue.

    Those are: attempts after the first, what the broker refused, and what the version before this
    one wrote.
    """
    now = clock.now()
    due = OutboxMessage.objects.filter(
        sent_at__isnull=True, turn__isnull=True, available_at__lte=now
    ).order_by("available_at")
    ids = list(due.values_list("pk", flat=True)[:TURNS_AT_ONCE])
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_TURNS, [ids, now])


def note_full(queue: str) -> None:
    """The workers of ``queue`` have enough: what waits is not late."""
    defaults = {"full_at": clock.now()}
    QueueClock.objects.update_or_create(queue=queue, defaults=defaults)


def mark_sent(*messages: OutboxMessage, error: str = "") -> None:
    ids = [message.pk for message in messages]
    OutboxMessage.objects.filter(pk__in=ids).update(sent_at=clock.now(), last_error=error[:500])


def mark_unsent(message: OutboxMessage, *, error: str, delay: float = 0) -> None:
    """Leave the message for another attempt, ``delay`` seconds from now. It stays late.

    After a delay it gets another turn; without, it keeps its own.
    """
    given = {"turn": None} if delay else {}
    OutboxMessage.objects.filter(pk=message.pk).update(
        last_error=error[:500],
        available_at=clock.seconds_from_now(delay),
        due_at=FIRST_DUE,
        **given,
    )


def forget_sent() -> int:
    """Delete tasks that were sent longer than ``KEPT_FOR`` ago: they hold the words of orders.
    Looks at the oldest ``FORGOTTEN_AT_ONCE`` of those that were sent. Returns how many were
    deleted."""
    since = clock.now() - KEPT_FOR
    oldest = OutboxMessage.objects.filter(sent_at__isnull=False).order_by("pk")
    created_at = oldest.values_list("created_at", flat=True).first()
    if created_at is None or created_at >= since:
        return 0
    ids = list(oldest.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return OutboxMessage.objects.filter(pk__in=ids, sent_at__lt=since).delete()[0]


def oldest_age() -> float:
    """For how many seconds a message has been late, whatever its queue and however often it was
    put off since; 0 when none is.

    A message that waits for its turn while the workers of its queue have enough is not late.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LATE_SINCE)
        (since,) = cursor.fetchone()
    return max(0.0, (clock.now() - since).total_seconds()) if since else 0.0


def _lock_next(queue: str, size: int, locked: list[int]) -> None:
    """Lock the messages that go next, and move the virtual time on. Their ids are in ``locked`` at
    once: what breaks the transaction afterwards leaves the locks as they are."""
    clock_now = QueueClock.objects.filter(queue=queue).first() or QueueClock(queue=queue)
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [queue, size * MOST_TRIES + turns.PLACES])
        waiting = [turns.Waiting(*row) for row in cursor.fetchall()]
        for _ in range(MOST_TRIES):
            near = waiting[: size + turns.PLACES]
            chosen = turns.choose(
                near, size, warm=clock_now.warm_styles, handed_over=clock_now.handed_over
            )
            cursor.execute(_LOCK, [[task.id for task in chosen.tasks], LOCK_SPACE])
            locked += [message_id for (message_id,) in cursor.fetchall()]
            if locked or not waiting:
                break
            # Others hold them; what comes after is free, perhaps.
            held = {task.id for task in chosen.tasks}
            waiting = [task for task in waiting if task.id not in held]
        if not locked:
            return
        furthest = max(task.turn for task in chosen.tasks)
        # First, since other relays wait here until this one has written all.
        cursor.execute(_MOVE_CLOCK, [queue, furthest, chosen.warm, len(locked)])
        if chosen.go_at:
            ids = sorted(chosen.go_at)
            cursor.execute(_NOTE_PASSED, [ids, [chosen.go_at[each] for each in ids], ids])


def _unlock(message_ids: list[int]) -> None:
    if message_ids and connection.connection is not None and not connection.connection.closed:
        with connection.cursor() as cursor:
            cursor.execute(_UNLOCK, [LOCK_SPACE, message_ids])


def _begin_attempts(message_ids: list[int]) -> list[OutboxMessage]:
    """Count an attempt at those that nobody has sent meanwhile, and read them under the lock, in
    their order."""
    if not message_ids:
        return []
    unsent = OutboxMessage.objects.filter(
        pk__in=message_ids, sent_at__isnull=True, available_at__lte=clock.now()
    )
    unsent.update(tries=Least(F("tries") + 1, MAX_COUNTED_ATTEMPTS))
    return sorted(unsent, key=lambda message: message_ids.index(message.pk))


# A name at a time, by the index: however many messages wait, it reads one of each queue.
_NAMES_OF = """
    WITH RECURSIVE name(queue) AS (
        (SELECT queue FROM app_outboxmessage WHERE {which} ORDER BY queue LIMIT 1)
        UNION ALL
        SELECT (
            SELECT queue FROM app_outboxmessage WHERE {which} AND queue > name.queue
            ORDER BY queue LIMIT 1
        ) FROM name WHERE name.queue IS NOT NULL
    )
"""
_NAMES = _NAMES_OF.format(which="sent_at IS NULL AND turn IS NOT NULL")
_NAMED = "SELECT queue FROM name WHERE queue IS NOT NULL"
_WAITING_QUEUES = _NAMES + _NAMED
_UNSENT_QUEUES = _NAMES_OF.format(which="sent_at IS NULL") + _NAMED
_GIVE_TURNS = """
    UPDATE app_outboxmessage message
    SET turn = COALESCE(
        (SELECT virtual_time FROM app_queueclock clock WHERE clock.queue = message.queue), 0
    )
    WHERE id = ANY (%s) AND sent_at IS NULL AND turn IS NULL AND available_at <= %s
"""
_NEXT = """
    SELECT id, turn, style_id, go_at FROM app_outboxmessage
    WHERE sent_at IS NULL AND turn IS NOT NULL AND queue = %s
    ORDER BY turn, id LIMIT %s
"""
_LOCK = """
    SELECT id FROM unnest(%s::bigint[]) AS chosen(id)
    WHERE pg_try_advisory_lock(%s, (id %% 2147483648)::int)
"""
_NOTE_PASSED = """
    UPDATE app_outboxmessage message SET go_at = passed.go_at
    FROM unnest(%s::bigint[], %s::bigint[]) AS passed(id, go_at)
    WHERE message.id = passed.id AND message.id IN (
        SELECT id FROM app_outboxmessage WHERE id = ANY (%s) FOR UPDATE SKIP LOCKED
    )
"""
_AHEAD = """
    WITH mine AS (SELECT GREATEST(
        COALESCE((SELECT virtual_time FROM app_queueclock WHERE queue = %s), 0),
        COALESCE((SELECT finish FROM app_turn WHERE queue = %s AND user_id = %s), 0)
    ) - %s AS tag)
    SELECT count(*) FILTER (WHERE turn <= mine.tag), count(*)
    FROM mine JOIN app_outboxmessage ON turn <= mine.tag + %s
    WHERE sent_at IS NULL AND turn IS NOT NULL AND queue = %s
"""
_UNLOCK = """
    SELECT pg_advisory_unlock(%s, (held.id %% 2147483648)::int)
    FROM unnest(%s::bigint[]) AS held(id)
"""
_MOVE_CLOCK = """
    INSERT INTO app_queueclock AS here (queue, virtual_time, warm_styles, handed_over)
    VALUES (%s, %s, %s::bigint[], %s)
    ON CONFLICT (queue) DO UPDATE
    SET virtual_time = GREATEST(here.virtual_time, EXCLUDED.virtual_time),
        warm_styles = EXCLUDED.warm_styles,
        handed_over = here.handed_over + EXCLUDED.handed_over
"""
# Of what has no turn: the longest due. Of each queue: what is next, since it was not full any more.
_LATE_SINCE = """
    names
    SELECT LEAST(
        (SELECT COALESCE(due_at, available_at) FROM app_outboxmessage
         WHERE sent_at IS NULL AND turn IS NULL
         ORDER BY COALESCE(due_at, available_at) LIMIT 1),
        (SELECT min(GREATEST(
            next.since, (SELECT full_at FROM app_queueclock clock WHERE clock.queue = name.queue)
         ))
         FROM name CROSS JOIN LATERAL (
            SELECT COALESCE(due_at, available_at) AS since FROM app_outboxmessage message
            WHERE sent_at IS NULL AND turn IS NOT NULL AND message.queue = name.queue
            ORDER BY turn, id LIMIT 1
         ) next)
    )
""".replace("names", _NAMES)
