"""What orders and reports lock and write: the statements of the money path, each said once.

The SQL is run as it stands here, in the caller's transaction, by ``write``. Rows are locked in the
order of docs/architecture.md by the ``lock_*`` helpers of the services. A test holds every INSERT
to the columns of its model.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import BigIntegerField, Func, QuerySet, Value
from psycopg.types.json import Jsonb

from app.models.generation import Generation
from app.models.reads.styles import styles_for
from app.models.user import User
from speed.queries import CompiledInstances, Row, Values

# Writes the new balance and its entry, both or neither. Returns no row where the ledger's unique
# constraints know the entry already: a second charge, payment or refund of one generation. That is
# no error of the database, so the caller's transaction can go on.
BOOK_ENTRY = """
    WITH entry AS (
        INSERT INTO app_transaction
            (sender_id, receiver_id, type, amount, memo, generation_id, order_id, purchase_id,
             payout_id, purchase_refund_id, dispute_id, bought, earned, created_at)
        VALUES
            (%(sender_id)s, %(receiver_id)s, %(type)s, %(amount)s, %(memo)s, %(generation_id)s,
             %(order_id)s, %(purchase_id)s, %(payout_id)s, %(purchase_refund_id)s, %(dispute_id)s,
             %(bought)s, %(earned)s, %(created_at)s)
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    UPDATE app_user
    SET token_balance = %(balance)s, bought_balance = bought_balance + %(bought)s,
        earned_balance = earned_balance + %(earned)s
    WHERE id = %(user_id)s AND EXISTS (SELECT FROM entry)
    RETURNING token_balance
"""

# Moves the tags of a person in a lane of a queue on by ``work``, from their last one or the queue's
# virtual time. Returns the first tag and the person's weight. It is ``turns.first_tag`` and
# ``turns.share_of``. The row of a lane is kept under its name: see ``turns.lane_of``.
TAKE_TURN = """
    INSERT INTO app_turn (queue, user_id, finish, weight)
    SELECT %(lane)s::text, %(user_id)s::bigint, %(work)s::bigint + COALESCE(
        (SELECT virtual_time FROM app_queueclock WHERE queue = %(queue)s::text), 0
    ), 1
    FROM (SELECT) ordered
    ON CONFLICT (user_id, queue) DO UPDATE
    SET finish = GREATEST(app_turn.finish, EXCLUDED.finish - %(work)s::bigint)
        + GREATEST(1, %(work)s::bigint / app_turn.weight)
    RETURNING
        finish - GREATEST(1, %(work)s::bigint / weight) - %(head_start)s::bigint AS tag, weight
"""

# Takes tasks that nobody has begun out of the queues, and gives their person the turns back. What
# is handed over in this moment is left: its worker is told that it was canceled.
LEAVE_QUEUE = """
    WITH gone AS MATERIALIZED (
        SELECT message.id, queue || lane AS queue, turn, attempt, work
        FROM app_outboxmessage message
        JOIN unnest(
            %(task_ids)s::uuid[], %(attempts)s::int[], %(works)s::bigint[], %(lanes)s::text[]
        ) AS task(task_id, attempt, work, lane) USING (task_id, attempt)
        WHERE sent_at IS NULL FOR UPDATE OF message SKIP LOCKED
    ), noted AS (
        UPDATE app_outboxmessage SET sent_at = %(now)s, last_error = %(reason)s
        WHERE id IN (SELECT id FROM gone)
    ), back AS (
        SELECT queue, count(*) AS tasks, sum(work)::bigint AS work
        FROM gone WHERE turn IS NOT NULL AND attempt = 1 GROUP BY queue
    ), held AS (
        SELECT id, GREATEST(tasks, work / weight) AS share
        FROM app_turn JOIN back USING (queue) WHERE user_id = %(user_id)s
        ORDER BY queue COLLATE "C" FOR NO KEY UPDATE OF app_turn
    )
    UPDATE app_turn SET finish = finish - share FROM held WHERE app_turn.id = held.id
    RETURNING finish
"""

# Gives one buyer back what each of their pictures ``ids`` cost, in the pots that it was paid from.
# Returns the new balance, bought and earned tokens, and how many entries there are; an entry that
# the ledger has already is not written.
BOOK_REFUNDS = """
    WITH entry AS (
        INSERT INTO app_transaction
            (sender_id, receiver_id, type, amount, memo, generation_id, order_id, purchase_id,
             payout_id, purchase_refund_id, dispute_id, bought, earned, created_at)
        SELECT NULL, user_id, 'refund', cost, %(memo)s, id, NULL, NULL, NULL, NULL, NULL,
            COALESCE(paid_bought, 0), COALESCE(paid_earned, 0), %(created_at)s
        FROM app_generation WHERE id = ANY (%(ids)s::bigint[]) AND user_id = %(user_id)s
        ORDER BY id
        ON CONFLICT DO NOTHING
        RETURNING amount, bought, earned
    ), refunded AS (
        SELECT COALESCE(sum(amount), 0) AS total, COALESCE(sum(bought), 0) AS bought,
            COALESCE(sum(earned), 0) AS earned, count(*) AS entries
        FROM entry
    )
    UPDATE app_user
    SET token_balance = token_balance + refunded.total,
        bought_balance = bought_balance + refunded.bought,
        earned_balance = earned_balance + refunded.earned
    FROM refunded WHERE app_user.id = %(user_id)s
    RETURNING token_balance, bought_balance, earned_balance, refunded.entries
"""

# Keeps styles on offer until the transaction ends: who closes an artist's account waits for it.
# Returns the ids of those that are.
KEEP_OFFERED = """
    SELECT id FROM app_style WHERE id = ANY (%(ids)s::bigint[]) AND is_active
    ORDER BY id FOR KEY SHARE
"""

# The numbers of the next ``count`` generations, ascending.
NEXT_GENERATION_IDS = """
    SELECT nextval(pg_get_serial_sequence('app_generation', 'id'))
    FROM generate_series(1, %(count)s::int)
"""

# How many pictures of a buyer are in work, and how many may be.
_IN_WORK = """(
    SELECT count(*) FROM app_generation
    WHERE user_id = {user_id} AND status IN ('queued', 'processing') AND NOT is_held
)"""
_MAY_BE_IN_WORK = """
    CASE WHEN EXISTS (
            SELECT FROM app_purchase
            WHERE user_id = {user_id} AND status NOT IN ('pending', 'expired', 'failed')
        ) THEN %(max_in_work_paid)s::bigint ELSE %(max_in_work)s::bigint END
"""
_IS_FULL = f"{_IN_WORK} >= {_MAY_BE_IN_WORK}".format(user_id="%(user_id)s")
# How many pictures of a buyer are in work and held, and how many may be in work.
WORK_OF_BUYER = f"""
    SELECT count(*) FILTER (WHERE NOT is_held), count(*) FILTER (WHERE is_held),
        {_MAY_BE_IN_WORK.format(user_id="%(user_id)s")}
    FROM app_generation WHERE user_id = %(user_id)s AND status IN ('queued', 'processing')
"""  # noqa: S608 (no value is put in)
# The held pictures whose turn it is, as many as may be in work: of each buyer those of a high
# priority, then the oldest.
HELD_TO_HAND_OVER = """
    SELECT waiting.id
    FROM (
        SELECT DISTINCT user_id FROM app_generation WHERE is_held AND status = 'queued'
    ) buyer
    CROSS JOIN LATERAL (
        SELECT id FROM app_generation
        WHERE user_id = buyer.user_id AND is_held AND status = 'queued'
        ORDER BY priority = 'high' DESC, id
        LIMIT GREATEST(0, {may_be} - {in_work})
    ) waiting
    ORDER BY waiting.id LIMIT %(batch)s
""".format(  # noqa: S608 (no value is put in)
    may_be=_MAY_BE_IN_WORK.format(user_id="buyer.user_id"),
    in_work=_IN_WORK.format(user_id="buyer.user_id"),
)

# Writes a generation, its tags and its task, unless its style was withdrawn: until the transaction
# ends, who closes the artist's account waits for it. Words of the prompt that are no tags make no
# new tags. While the buyer has many pictures in work, the task is left out: the picture is held,
# and ``orders.admission`` tells the workers later. Returns whether it is.
PLACE_ORDER = """
    WITH offered AS (
        SELECT FROM app_style WHERE id = %(style_id)s AND is_active FOR KEY SHARE
    ), placed AS (
        INSERT INTO app_generation
            (id, user_id, style_id, task_id, attempt, request_id, status, lease_expires_at,
             progress, failure_reason, prompt_tags, prompt, aspect_ratio, width, height, seed,
             cost, paid_bought, paid_earned, priority, image_path, preview_path, placeholder,
             metadata, visibility, description, hidden_reason, like_count, comment_count,
             created_at, started_at, finished_at, licence_number, terms_id, order_id, is_held,
             settings, rating, rated_at)
        SELECT
            %(id)s, %(user_id)s, %(style_id)s, %(task_id)s, %(attempt)s, %(request_id)s,
            %(status)s, NULL, NULL, '', %(prompt_tags)s, %(prompt)s, %(aspect_ratio)s, %(width)s,
            %(height)s, %(seed)s, %(cost)s, %(paid_bought)s, %(paid_earned)s, %(priority)s,
            '', '', '', NULL, %(visibility)s, '', '', 0, 0, %(created_at)s, NULL, NULL,
            %(licence_number)s, %(terms_id)s, NULL, is_full, %(settings)s::jsonb,
            %(rating)s, NULL
        FROM offered
        RETURNING is_held
    ), tagged AS (
        INSERT INTO app_generationtag (generation_id, tag_id, sequence)
        SELECT %(id)s, tag.id, word.sequence - 1
        FROM offered, unnest(%(words)s::text[]) WITH ORDINALITY AS word(name, sequence)
        JOIN app_tag tag ON tag.name = word.name
    ), taken AS (take_turn
    ), told AS (
        INSERT INTO app_outboxmessage
            (queue, task_id, attempt, body, available_at, due_at, sent_at, tries, last_error,
             created_at, turn, style_id, go_at)
        SELECT
            %(queue)s, %(task_id)s, %(attempt)s, %(body)s, %(created_at)s, NULL, NULL, 0, '',
            %(created_at)s, taken.tag, %(style_id)s, NULL
        FROM taken
    )
    SELECT is_held FROM placed
""".replace("is_full", _IS_FULL).replace(
    "take_turn", TAKE_TURN.replace("(SELECT) ordered", "placed WHERE NOT is_held")
)

# Keeps the progress of a generation that is locked, and prolongs its lease.
RECORD_PROGRESS = """
    UPDATE app_generation
    SET status = %(status)s, started_at = %(started_at)s, progress = %(progress)s::jsonb,
        lease_expires_at = %(lease_expires_at)s
    WHERE id = %(id)s
    RETURNING id
"""

# What is told once is told once: where a constraint says so, the second one is not written.
_NOTIFY = """
    INSERT INTO app_notification
        (recipient_id, actor_id, type, message, parameters, target_type, target_id, is_read,
         created_at, other_count)
    SELECT
        %(recipient_id)s, %(actor_id)s, %(type)s, %(message)s, %(parameters)s, %(target_type)s,
        %(target_id)s, false, %(created_at)s, {others}
    {unless}
    ON CONFLICT DO NOTHING
    RETURNING id
"""
# Who is hidden from somebody is not heard of either.
_UNLESS_HIDDEN = """NOT EXISTS (
        SELECT FROM app_hiddenperson
        WHERE viewer_id = %(recipient_id)s AND person_id = %(actor_id)s::bigint
    )"""
NOTIFY = _NOTIFY.format(others="0", unless=f"WHERE {_UNLESS_HIDDEN}")
# Of an order of several pictures, its end alone is told.
_IS_TOLD_BY_ITSELF = (
    "NOT EXISTS (SELECT FROM app_order WHERE id = %(order_id)s::bigint AND item_count > 1)"
)
# Pictures that were ordered one by one are a group: those of a day that their buyer has neither
# looked at nor been mailed.
_FOLD_READY_PICTURES = f"""
    UPDATE app_notification SET is_folded = true, is_read = true
    WHERE {_IS_TOLD_BY_ITSELF} AND id IN (
        SELECT id FROM app_notification
        WHERE recipient_id = %(recipient_id)s AND type = %(type)s AND NOT is_read
            AND parameters IS NOT NULL AND mailed_at IS NULL
            AND created_at > %(created_at)s::timestamptz - interval '1 day'
        ORDER BY id FOR UPDATE
    )
    RETURNING other_count
"""  # noqa: S608 (no value is put in)
_NOTIFY_OF_PICTURE = _NOTIFY.format(
    others="(SELECT COALESCE(SUM(other_count + 1), 0) FROM folded)",
    unless=f"WHERE {_IS_TOLD_BY_ITSELF}",
)

# The same of one more in a group, and folds who spoke for it. There are two of these where the
# version before this one has written another.
_NOTIFY_OF_GROUP = f"""
    WITH folded AS (
        UPDATE app_notification SET is_folded = true, is_read = true
        WHERE recipient_id = %(recipient_id)s AND type = %(type)s
            AND target_type = %(target_type)s {{same_target}}
            AND NOT is_folded AND actor_id IS NOT NULL AND {_UNLESS_HIDDEN}
            AND NOT EXISTS (
                SELECT FROM app_notification WHERE recipient_id = %(recipient_id)s
                    AND actor_id = %(actor_id)s AND type = %(type)s
                    AND target_type = %(target_type)s AND target_id = %(target_id)s
            )
        RETURNING other_count
    )
    INSERT INTO app_notification
        (recipient_id, actor_id, type, message, parameters, target_type, target_id, is_read,
         created_at, other_count)
    SELECT
        %(recipient_id)s, %(actor_id)s, %(type)s, %(message)s, %(parameters)s, %(target_type)s,
        %(target_id)s, false, %(created_at)s,
        (SELECT COALESCE(SUM(other_count + 1), 0) FROM folded)
    WHERE {_UNLESS_HIDDEN}
    ON CONFLICT DO NOTHING
    RETURNING id
"""  # noqa: S608 (no value is put in)
# The likes of one picture, and whoever follows one person.
NOTIFY_OF_LIKE = _NOTIFY_OF_GROUP.format(same_target="AND target_id = %(target_id)s")
NOTIFY_OF_FOLLOW = _NOTIFY_OF_GROUP.format(same_target="")

# Marks as read what somebody was told of a picture, and of the order that it is of. If an unread
# group says that it is ready, it leaves the group, and the next newest speaks where it has spoken.
# That is looked for among the locked: another that left at the same moment is not to speak.
# Returns for each whether there is one unread less.
SEE_PICTURE = """
    WITH about AS (
        SELECT id FROM app_notification
        WHERE recipient_id = %(user_id)s AND NOT is_read
            AND (target_type = 'image' AND target_id = %(picture_id)s OR target_type = 'order'
                AND target_id = (SELECT order_id FROM app_generation WHERE id = %(picture_id)s))
    ), heads AS (
        SELECT id, created_at FROM app_notification
        WHERE recipient_id = %(user_id)s AND type = 'generation_complete' AND NOT is_read
            AND other_count > 0
        ORDER BY id FOR UPDATE
    ), member AS (
        SELECT id, is_folded, other_count, created_at, mailed_at FROM app_notification
        WHERE recipient_id = %(user_id)s AND type = 'generation_complete'
            AND target_id = %(picture_id)s AND (is_folded OR NOT is_read AND other_count > 0)
            AND EXISTS (SELECT FROM heads)
        FOR UPDATE
    ), head AS (
        SELECT heads.id FROM heads JOIN member ON member.is_folded
            AND (heads.created_at, heads.id) > (member.created_at, member.id)
        WHERE NOT EXISTS (
            SELECT FROM app_notification earlier
            WHERE earlier.recipient_id = %(user_id)s AND earlier.type = 'generation_complete'
                AND NOT earlier.is_folded AND earlier.other_count > 0
                AND (earlier.created_at, earlier.id) > (member.created_at, member.id)
                AND (earlier.created_at, earlier.id) < (heads.created_at, heads.id)
        )
    ), counted AS (
        UPDATE app_notification SET other_count = other_count - 1
        WHERE id IN (SELECT id FROM head)
    ), successor AS (
        SELECT folded.id, member.mailed_at, member.other_count
        FROM member JOIN app_notification folded ON NOT member.is_folded AND folded.is_folded
            AND folded.recipient_id = %(user_id)s AND folded.type = 'generation_complete'
            AND (folded.created_at, folded.id) < (member.created_at, member.id)
        ORDER BY folded.created_at DESC, folded.id DESC LIMIT 1 FOR UPDATE OF folded
    ), next AS (
        UPDATE app_notification next
        SET is_folded = false, is_read = false, mailed_at = successor.mailed_at,
            other_count = successor.other_count - 1
        FROM successor WHERE next.id = successor.id
    ), seen AS (
        SELECT id, true AS is_of_group FROM member
        WHERE NOT is_folded OR EXISTS (SELECT FROM head)
        UNION ALL
        SELECT id, false FROM about WHERE id NOT IN (SELECT id FROM member)
    )
    UPDATE app_notification
    SET is_folded = false, is_read = true,
        other_count = CASE WHEN seen.is_of_group THEN 0 ELSE other_count END
    FROM seen WHERE app_notification.id = seen.id
    RETURNING NOT seen.is_of_group
"""

# Deletes what people were told of an actor, or the recipient alone. Of a group, the next newest
# speaks then.
FORGET_ACTOR = """
    WITH gone AS (
        DELETE FROM app_notification WHERE actor_id = %(actor_id)s
            AND (%(recipient_id)s::bigint IS NULL OR recipient_id = %(recipient_id)s::bigint)
        RETURNING recipient_id, type, target_type, target_id, is_folded, is_read, other_count
    ), counted AS (
        UPDATE app_notification head SET other_count = head.other_count - 1
        FROM gone
        WHERE gone.is_folded AND head.recipient_id = gone.recipient_id AND head.type = gone.type
            AND head.target_type = gone.target_type
            AND (head.target_id = gone.target_id OR gone.type = 'follow')
            AND NOT head.is_folded AND head.other_count > 0
    )
    UPDATE app_notification next
    SET is_folded = false, is_read = gone.is_read, other_count = gone.other_count - 1
    FROM gone
    WHERE NOT gone.is_folded AND gone.other_count > 0 AND next.id = (
        SELECT member.id FROM app_notification member
        WHERE member.recipient_id = gone.recipient_id AND member.type = gone.type
            AND member.target_type = gone.target_type
            AND (member.target_id = gone.target_id OR gone.type = 'follow')
            AND member.is_folded
        ORDER BY member.created_at DESC, member.id DESC LIMIT 1
    )
    RETURNING next.id
"""

# Adds to the open case of a thing, or opens one. However many report at once, it is one row.
COUNT_CASE = """
    INSERT INTO app_moderationcase
        (kind, thing_id, subject_id, state, severity, reasons, report_count, findings, opened_at,
         last_reported_at)
    VALUES (%(kind)s, %(thing_id)s, %(subject_id)s, 'open', %(severity)s, %(reasons)s::text[],
        %(reports)s, '[]', %(now)s, CASE WHEN %(reports)s > 0 THEN %(now)s::timestamptz END)
    ON CONFLICT (kind, thing_id) WHERE state = 'open' DO UPDATE SET
        severity = LEAST(app_moderationcase.severity, EXCLUDED.severity),
        reasons = CASE WHEN app_moderationcase.reasons @> EXCLUDED.reasons
            THEN app_moderationcase.reasons
            ELSE app_moderationcase.reasons || EXCLUDED.reasons END,
        report_count = app_moderationcase.report_count + EXCLUDED.report_count,
        last_reported_at = COALESCE(EXCLUDED.last_reported_at,
            app_moderationcase.last_reported_at)
    RETURNING id
"""

# Makes users due for an e-mail, at the latest at ``due_at``, if they want one of this kind. One who
# was mailed a moment ago waits a little longer.
MAIL_IS_DUE = """
    INSERT INTO app_mailpreference (user_id, kinds, due_at)
    SELECT recipient.id, %(kinds)s::text[], %(due_at)s
    FROM unnest(%(user_ids)s::bigint[]) AS recipient(id)
    ON CONFLICT (user_id) DO UPDATE SET due_at = LEAST(
        COALESCE(app_mailpreference.due_at, 'infinity'),
        GREATEST(EXCLUDED.due_at, app_mailpreference.sent_at + %(least_pause)s::interval)
    )
    WHERE %(kind)s = ANY (app_mailpreference.kinds) AND app_mailpreference.refused = ''
    RETURNING user_id
"""

# Writes a message for each endpoint of a user that is to be told of an event; for nearly everybody
# there is none. Who deletes an endpoint meanwhile is waited for.
_TELL_WEBHOOKS = """
    INSERT INTO app_webhookdelivery
        (endpoint_id, type, body, created_at, due_at)
    SELECT
        endpoint.id, event.type,
        json_build_object(
            'type', event.type,
            'timestamp', to_char(
                {at}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
            ),
            'data', event.data
        )::text,
        {at}, {at}
    FROM {events}, app_webhookendpoint endpoint
    WHERE endpoint.user_id = %(user_id)s AND endpoint.is_enabled AND endpoint.deleted_at IS NULL
        AND CASE
            WHEN endpoint.is_for_orders
                THEN (starts_with(event.type, 'generation.') OR event.type = 'order.completed')
                AND EXISTS (
                SELECT FROM app_orderwebhook named
                WHERE named.generation_id = {generation_id} AND named.endpoint_id = endpoint.id
            )
            ELSE endpoint.events = '{{}}' OR event.type = ANY (endpoint.events)
        END
    FOR KEY SHARE OF endpoint
    RETURNING id
"""
TELL_WEBHOOKS = _TELL_WEBHOOKS.format(
    at="%(created_at)s",
    events="(VALUES (%(type)s, %(data)s::json)) AS event(type, data)",
    generation_id="%(generation_id)s::bigint",
)
# The same of many pictures of one user.
TELL_WEBHOOKS_OF_EACH = _TELL_WEBHOOKS.format(
    at="%(created_at)s",
    events="""(
        SELECT %(type)s::text, one.data::json, one.generation_id
        FROM unnest(%(data)s::text[], %(generation_ids)s::bigint[]) AS one(data, generation_id)
    ) AS event(type, data, generation_id)""",
    generation_id="event.generation_id",
)
# The two events of a picture that is delivered. Their data are those of ``webhooks.events``.
_TELL_OF_DELIVERED = _TELL_WEBHOOKS.format(
    at="%(finished_at)s",
    events="""(VALUES
        ('generation.completed', json_build_object(
            'generation_id', %(id)s::bigint, 'style_id', %(style_id)s::bigint,
            'status', %(status)s::text, 'cost', %(cost)s::bigint,
            'licence_number', %(licence_number)s::text, 'failure_reason', '')),
        ('licence.issued', json_build_object(
            'licence_number', %(licence_number)s::text, 'generation_id', %(id)s::bigint,
            'style_id', %(style_id)s::bigint, 'state', 'active', 'reason', ''))
        ) AS event(type, data)""",
    generation_id="%(id)s",
)

# Delivers a generation that is locked, issues its licence, counts the use of its style and tells
# the buyer, and the buyer's endpoints. Returns the id of the notification, if there is one.
COMPLETE_GENERATION = (
    """
    WITH delivered AS (
        UPDATE app_generation
        SET status = %(status)s, image_path = %(image_path)s, preview_path = %(preview_path)s,
            placeholder = %(placeholder)s, metadata = %(metadata)s::jsonb, progress = NULL,
            lease_expires_at = NULL, finished_at = %(finished_at)s, settings = %(settings)s::jsonb,
            licence_number = %(licence_number)s, terms_id = %(terms_id)s
        WHERE id = %(id)s
    ), licensed AS (
        INSERT INTO app_licence
            (generation_id, number, file_sha256, preview_sha256, pdq, bands, features, issued_at,
             state, state_reason, state_changed_at, buyer_is_named)
        VALUES
            (%(id)s, %(licence_number)s, %(file_sha256)s, %(preview_sha256)s, %(pdq)s, %(bands)s,
             %(features)s, %(finished_at)s, 'active', '', NULL, false)
        ON CONFLICT (generation_id) DO NOTHING
    ), counted AS (
        UPDATE app_style SET usage_count = usage_count + 1 WHERE id = %(style_id)s
    ), sent AS (
"""  # noqa: S608 (no value is put in)
    + _TELL_OF_DELIVERED
    + "), folded AS ("
    + _FOLD_READY_PICTURES
    + ")"
    + _NOTIFY_OF_PICTURE
)


def limits_of_work() -> dict[str, int]:
    """The values of the statements above that ask how many pictures may be in work."""
    return {
        "max_in_work": settings.MAX_IN_WORK,
        "max_in_work_paid": settings.MAX_IN_WORK_PAID,
    }


def json_of(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def write(sql: str, **values: object) -> list[Row]:
    """Run one of the statements above. Returns what it wrote, as it says."""
    rows: list[Row] = connection.run_compiled(sql, values)  # type: ignore[attr-defined]
    return rows


def _build_locked_users(shape: int, values: Values) -> QuerySet[Any, Any]:
    users: QuerySet[User] = User.objects.to_lock([values[f"id_{n}"] for n in range(shape)])
    return users


# Locks the balances ``id_0`` …, as many as its shape says.
LOCKED_USERS = CompiledInstances(_build_locked_users)


# The number of the next generation, so that its entry and its task can name it. Who is refused
# leaves a gap.
_NEXT_GENERATION_ID = Func(
    Func(Value(Generation._meta.db_table), Value("id"), function="pg_get_serial_sequence"),
    function="nextval",
    output_field=BigIntegerField(),
)


def _build_style_to_buy(shape: bool, values: Values) -> QuerySet[Any, Any]:
    style = styles_for(shape, values).filter(pk=values["style_id"]).order_by()
    return style.select_related("artist").annotate(next_generation_id=_NEXT_GENERATION_ID)


# Its shape is whether an artist buys, who is then the value ``viewer_id``.
STYLE_TO_BUY = CompiledInstances(_build_style_to_buy)


def _build_locked_generation(shape: bool, values: Values) -> QuerySet[Any, Any]:
    return Generation.objects.to_lock(with_balance=shape).filter(pk=values["generation_id"])


# With its style and artist. Its shape is whether the artist's balance is locked with it.
LOCKED_GENERATION = CompiledInstances(_build_locked_generation)
