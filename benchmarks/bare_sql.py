"""The statements of ``bare``: one for each path, written by hand for PostgreSQL.

What they read and write is what the application reads and writes; ``benchmarks.compare`` checks
that the answers are the same, and for writes that the rows are. Which columns a row has is said
in ``app/models/reads``.
"""

from __future__ import annotations

from app.models.reads.notifications import NotificationRow
from app.models.reads.picture import FeedPicture, PictureDetail
from app.models.reads.row import Row
from app.models.reads.status import Status
from app.models.reads.style import ArtworkRow, StyleDetail
from app.models.reads.styles import StyleRow


def _columns(row: type[Row], tables: dict[str, str], **own: str) -> str:
    """The columns of ``row`` in the tables of a statement, by the path from its model to theirs.

    ``own`` has those that are no columns of a table.
    """
    found = []
    for path in row.columns():
        relation, _, name = path.rpartition("__")
        found.append(own.get(path) or f"{tables[relation]}.{'id' if name == 'pk' else name}")
    return ", ".join(found)


# Who sends a session: the table is filled beside Django's sessions by ``benchmarks.prepare``.
VIEWER = "SELECT user_id FROM bench_session WHERE session_key = %(session)s"

_OF_PICTURE = {
    "": "g",
    "user": "u",
    "style": "s",
    "style__artist": "a",
    "style__artist__user": "au",
}
_PEOPLE = """
    JOIN app_user u ON u.id = g.user_id JOIN app_style s ON s.id = g.style_id
    JOIN app_artist a ON a.user_id = s.artist_id JOIN app_user au ON au.id = a.user_id"""
_NOT_ASKED = "false"
_LIKED = """EXISTS (SELECT 1 FROM app_like l
    WHERE l.generation_id = g.id AND l.user_id = %(viewer)s)"""
_SHOWN = {
    _NOT_ASKED: "g.rating = 'general'",
    _LIKED: """(g.rating = 'general' OR EXISTS (
        SELECT FROM app_user WHERE id = %(viewer)s AND shows_mature))""",
}
_PUBLIC = "g.visibility = 'public' AND g.status = 'completed'"


def _feed(liked: str, behind: str = "") -> str:
    shown = _columns(FeedPicture, _OF_PICTURE, is_liked=liked)
    return f"""SELECT {shown} FROM app_generation g {_PEOPLE}
        WHERE {_PUBLIC} AND {_SHOWN[liked]} {behind}
        ORDER BY g.created_at DESC, g.id DESC LIMIT 21"""  # noqa: S608


_BEHIND = "AND (g.created_at, g.id) < (%(created_at)s, %(id)s)"
# By whether somebody is signed in, and whether the page begins behind a row.
FEED = {
    (False, False): _feed(_NOT_ASKED),
    (False, True): _feed(_NOT_ASKED, _BEHIND),
    (True, False): _feed(_LIKED),
    (True, True): _feed(_LIKED, _BEHIND),
}


def _image(liked: str, visible: str) -> str:
    tables = {**_OF_PICTURE, "licence": "li"}
    shown = _columns(PictureDetail, tables, is_liked=liked)
    return f"""SELECT {shown} FROM app_generation g {_PEOPLE}
        LEFT JOIN app_licence li ON li.generation_id = g.id
        WHERE g.id = %(id)s AND {visible}"""  # noqa: S608


_VISIBLE = f"({_PUBLIC} OR g.user_id = %(viewer)s)"
IMAGE = {False: _image(_NOT_ASKED, _PUBLIC), True: _image(_LIKED, _VISIBLE)}
_QUEUED = """CASE WHEN g.status = 'queued' THEN
    (SELECT COUNT(*) FROM app_generation q WHERE q.status = 'queued' AND q.id <= g.id) END"""
_STATUS = _columns(Status, _OF_PICTURE, progress="g.progress::text", queue_position=_QUEUED)
STATUS = f"SELECT {_STATUS} FROM app_generation g WHERE g.id = %(id)s AND {_VISIBLE}"  # noqa: S608

_OF_STYLE = {"": "s", "artist": "a", "artist__user": "u"}
_TAGS = """COALESCE((SELECT jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name,
            'sequence', st.sequence) ORDER BY st.sequence, st.id)
        FROM app_styletag st JOIN app_tag t ON t.id = st.tag_id WHERE st.style_id = s.id
    ), '[]')::text"""
_STYLE = _columns(StyleRow, _OF_STYLE, tags_json=_TAGS)
_STYLE_DETAIL = _columns(
    StyleDetail,
    {**_OF_STYLE, "terms": "te"},
    tags_json=_TAGS,
    progress="s.progress::text",
    memorisation="s.memorisation::text",
    samples="s.samples::text",
    style_score="s.style_score::text",
)
_ARTIST = """
    JOIN app_artist a ON a.user_id = s.artist_id JOIN app_user u ON u.id = a.user_id"""
_OFFERED = "s.is_active AND s.training_status = 'completed'"


def _styles(order: str, narrowed: str = "") -> str:
    return f"""SELECT {_STYLE} FROM app_style s {_ARTIST}
        WHERE {_OFFERED} {narrowed} ORDER BY {order} LIMIT 21"""  # noqa: S608


_NEWEST = "s.created_at DESC, s.id DESC"
_TAGGED = """AND EXISTS (SELECT 1 FROM app_styletag st JOIN app_tag t ON t.id = st.tag_id
    WHERE st.style_id = s.id AND t.name = %({name})s)"""
STYLES = _styles(_NEWEST)
POPULAR_STYLES = _styles(f"s.usage_count DESC, {_NEWEST}")
TAGGED_STYLES = _styles(_NEWEST, _TAGGED.format(name="tag_0") + _TAGGED.format(name="tag_1"))
STYLE = f"""
    SELECT {_STYLE_DETAIL},
        (SELECT json_agg(json_build_array({_columns(ArtworkRow, {"": "w"})})
                         ORDER BY w.position, w.id)
         FROM app_artwork w WHERE w.style_id = s.id)
    FROM app_style s {_ARTIST} JOIN app_terms te ON te.id = s.terms_id
    WHERE s.id = %(id)s AND {_OFFERED}"""  # noqa: S608

TAGS = """
    SELECT id, name, usage_count FROM app_tag WHERE is_active AND usage_count > 0
    ORDER BY usage_count DESC, name, id LIMIT 20"""
BALANCE = """
    SELECT u.token_balance FROM bench_session b JOIN app_user u ON u.id = b.user_id
    WHERE b.session_key = %(session)s"""
# Preview and words of the target, if the reader may see it.
_SUBJECT = f"""CASE n.target_type
    WHEN 'image' THEN (
        SELECT concat_ws(E'\\n', g.preview_path, array_to_string(g.prompt_tags, ', '))
        FROM app_generation g
        WHERE g.id = n.target_id AND ({_PUBLIC} OR g.user_id = n.recipient_id))
    WHEN 'style' THEN (
        SELECT concat_ws(E'\\n', s.thumbnail, s.name) FROM app_style s
        WHERE s.id = n.target_id AND ({_OFFERED} OR s.artist_id = n.recipient_id))
    WHEN 'user' THEN (
        SELECT concat_ws(E'\\n', u.profile_image, u.username) FROM app_user u
        WHERE u.id = n.target_id AND u.closed_at IS NULL)
    END"""  # noqa: S608
NOTIFICATIONS = f"""
    WITH counted AS (
        SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE NOT is_read) AS unread
        FROM app_notification WHERE recipient_id = %(viewer)s AND NOT is_folded
    )
    SELECT counted.n, counted.unread,
        {_columns(NotificationRow, {"": "n", "actor": "a"}, subject=_SUBJECT)}
    FROM counted LEFT JOIN app_notification n
        ON n.recipient_id = %(viewer)s AND NOT n.is_folded
    LEFT JOIN app_user a ON a.id = n.actor_id
    ORDER BY n.created_at DESC, n.id DESC LIMIT 20"""  # noqa: S608

GENERATE = """
    WITH style AS (
        SELECT s.id, CEIL(s.price * %(factor)s::numeric)::int AS cost, s.model_path, s.name,
            s.engine, a.artist_name, a.signature_image, te.id AS terms_id, te.key, te.version,
            te.sha256
        FROM app_style s JOIN app_artist a ON a.user_id = s.artist_id
        JOIN app_terms te ON te.id = s.terms_id
        WHERE s.id = %(style_id)s AND s.is_active AND s.training_status = 'completed'
    ), paid AS (
        UPDATE app_user u SET token_balance = token_balance - style.cost FROM style
        WHERE u.id = %(viewer)s AND token_balance >= style.cost RETURNING token_balance
    ), made AS (
        INSERT INTO app_generation (user_id, style_id, prompt_tags, aspect_ratio, width, height,
            seed, cost, status, image_path, preview_path, placeholder, visibility, description,
            like_count, comment_count, created_at, task_id, attempt, failure_reason, request_id,
            licence_number, terms_id, paid_bought, paid_earned)
        SELECT %(viewer)s, style.id, %(prompt)s, %(aspect_ratio)s, %(width)s, %(height)s, %(seed)s,
            style.cost, 'queued', '', '', '', 'private', '', 0, 0, now(), %(task_id)s, 1, '', '',
            %(number)s, style.terms_id, 0, 0
        FROM style, paid RETURNING id, cost, seed
    ), entry AS (
        INSERT INTO app_transaction (sender_id, type, amount, memo, generation_id, bought, earned,
            created_at)
        SELECT %(viewer)s, 'consume', cost, 'generation', id, 0, 0, now() FROM made
    ), tagged AS (
        INSERT INTO app_generationtag (generation_id, tag_id, sequence)
        SELECT made.id, t.id, word.sequence - 1
        FROM made, unnest(%(words)s::text[]) WITH ORDINALITY AS word(name, sequence)
        JOIN app_tag t ON t.name = word.name
    ), message AS (
        INSERT INTO app_outboxmessage (queue, task_id, attempt, body, available_at, tries,
            last_error, created_at)
        SELECT 'image_generation', %(task_id)s, 1, convert_to(json_build_object(
            'type', 'image_generation', 'task_id', %(task_id)s::text, 'attempt', 1,
            'request_id', '',
            'data', json_build_object(
                'generation_id', made.id, 'style_id', style.id,
                'engine', style.engine, 'lora_path', style.model_path,
                'prompt', array_to_string(%(prompt)s::text[], ', '),
                'aspect_ratio', %(aspect_ratio)s::text, 'width', %(width)s::int,
                'height', %(height)s::int, 'seed', made.seed,
                'signature_path',
                    CASE WHEN style.signature_image <> ''
                        THEN %(files)s::text || '/' || style.signature_image END,
                'output_path', %(files)s::text || '/generations/' || %(task_id)s::text || '/1',
                'artist_name', style.artist_name, 'style_name', style.name,
                'license_url', %(site)s::text || '/styles/' || style.id,
                'licence', json_build_object(
                    'number', %(number)s::text, 'mark_id', %(mark_id)s::bigint,
                    'terms', json_build_object('key', style.key, 'version', style.version,
                        'url', %(site)s::text || '/terms/' || style.terms_id,
                        'sha256', style.sha256),
                    'artist', style.artist_name, 'style', style.name,
                    'verify_url', %(site)s::text || '/licences/' || %(number)s::text,
                    'chain', %(chain)s::text[],
                    'signatures_url', %(site)s::text || '/api/internal/signatures')),
            'webhook_url', %(site)s::text || '/api/images/' || made.id || '/status'
            )::text, 'UTF8'), now(), 0, '', now()
        FROM made, style
    )
    SELECT made.id, made.cost, made.seed, paid.token_balance FROM made, paid"""

COMPLETE = """
    WITH done AS (
        UPDATE app_generation g SET status = 'completed', image_path = %(image)s,
            preview_path = %(preview)s, placeholder = %(placeholder)s, metadata = %(metadata)s,
            progress = NULL, lease_expires_at = NULL, finished_at = now(),
            licence_number = %(number)s, terms_id = s.terms_id
        FROM app_style s
        WHERE g.id = %(id)s AND g.task_id = %(task_id)s AND g.attempt = %(attempt)s
            AND g.status = ANY (%(under_way)s) AND s.id = g.style_id
        RETURNING g.id, g.user_id, g.cost, g.style_id, s.artist_id, s.name
    ), paid AS (
        UPDATE app_user u SET token_balance = token_balance + done.cost
        FROM done WHERE u.id = done.artist_id
    ), entry AS (
        INSERT INTO app_transaction (receiver_id, type, amount, memo, generation_id, bought, earned,
            created_at)
        SELECT artist_id, 'earn', cost, 'generation', id, 0, 0, now() FROM done
    ), licensed AS (
        INSERT INTO app_licence (generation_id, number, issued_at, state, state_reason,
            buyer_is_named)
        SELECT id, %(number)s, now(), 'active', '', false FROM done
    ), used AS (
        UPDATE app_style s SET usage_count = usage_count + 1 FROM done WHERE s.id = done.style_id
    ), told AS (
        INSERT INTO app_notification (recipient_id, type, message, parameters, target_type,
            target_id, is_read, created_at)
        SELECT user_id, 'generation_complete', 'Your picture in the style ' || name || ' is ready.',
            jsonb_build_object('name', name), 'image', id, false, now()
        FROM done ON CONFLICT DO NOTHING
    )
    SELECT id FROM done"""
