"""The limit: the least program that gives the same answers. WSGI, one hand-written SQL statement by
psycopg on a kept connection, orjson. Run under the same gunicorn settings as the real one:
``gunicorn benchmarks.bare:application``.

No framework, no authentication beyond looking up the session, no limits, no request id, no errors.
Links are signed by the project's own function, since the same bytes are to come out.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import django
import orjson
import psycopg

# Only for the signing key of links; nothing of Django runs in a request.
django.setup()

from app.utils.links import link  # noqa: E402 (needs the settings)

Start = Callable[[str, list[tuple[str, str]]], Any]
_local = threading.local()

FEED = """
    SELECT g.id, g.image_path, g.preview_path, g.placeholder, g.width, g.height, g.aspect_ratio,
        g.prompt_tags, g.seed, g.description, g.like_count, g.comment_count, g.created_at,
        u.id, u.username, u.profile_image, s.id, s.name, a.user_id, au.username, au.profile_image,
        a.artist_name{liked}
    FROM app_generation g
    JOIN app_user u ON u.id = g.user_id JOIN app_style s ON s.id = g.style_id
    JOIN app_artist a ON a.user_id = s.artist_id JOIN app_user au ON au.id = a.user_id
    WHERE g.visibility = 'public' AND g.status = 'completed'
    ORDER BY g.created_at DESC, g.id DESC LIMIT 21"""
LIKED = """, EXISTS (SELECT 1 FROM app_like l WHERE l.generation_id = g.id AND l.user_id = %s)"""
STYLES = """
    SELECT s.id, s.name, s.thumbnail, s.price, s.usage_count, s.training_status, s.created_at,
        a.user_id, u.username, u.profile_image, a.artist_name,
        (SELECT json_agg(json_build_object('id', t.id, 'name', t.name, 'sequence', st.sequence)
                         ORDER BY st.sequence, st.id)
         FROM app_styletag st JOIN app_tag t ON t.id = st.tag_id WHERE st.style_id = s.id)
    FROM app_style s JOIN app_artist a ON a.user_id = s.artist_id
    JOIN app_user u ON u.id = a.user_id
    WHERE s.is_active AND s.training_status = 'completed'
    ORDER BY s.created_at DESC, s.id DESC LIMIT 21"""
STATUS = """
    SELECT id, status, progress, image_path, preview_path, failure_reason FROM app_generation
    WHERE id = %s AND visibility = 'public' AND status = 'completed'"""
TAGS = """
    SELECT id, name, usage_count FROM app_tag WHERE is_active AND usage_count > 0
    ORDER BY usage_count DESC, name, id LIMIT 20"""
VIEWER = "SELECT user_id FROM bench_session WHERE session_key = %s"
GENERATE = """
    WITH style AS (
        SELECT s.id, s.price, s.model_path, s.name, a.artist_name, a.signature_image
        FROM app_style s JOIN app_artist a ON a.user_id = s.artist_id
        WHERE s.id = %(style_id)s AND s.is_active AND s.training_status = 'completed'
    ), paid AS (
        UPDATE app_user u SET token_balance = token_balance - style.price FROM style
        WHERE u.id = %(user_id)s AND token_balance >= style.price RETURNING token_balance
    ), made AS (
        INSERT INTO app_generation (user_id, style_id, prompt_tags, aspect_ratio, width, height,
            seed, cost, status, image_path, preview_path, placeholder, visibility, description,
            like_count, comment_count, created_at, task_id, attempt, failure_reason, request_id)
        SELECT %(user_id)s, style.id, %(prompt)s, '1:1', 512, 512, %(seed)s, style.price, 'queued',
            '', '', '', 'private', '', 0, 0, now(), %(task_id)s, 1, '', ''
        FROM style, paid RETURNING id, cost, seed
    ), entry AS (
        INSERT INTO app_transaction (sender_id, type, amount, memo, generation_id, created_at)
        SELECT %(user_id)s, 'consume', cost, 'generation', id, now() FROM made
    ), tagged AS (
        INSERT INTO app_generationtag (generation_id, tag_id, sequence)
        SELECT made.id, t.id, 0 FROM made, app_tag t WHERE t.name = ANY(%(prompt)s)
    ), message AS (
        INSERT INTO app_outboxmessage (queue, task_id, attempt, body, available_at, tries,
            last_error, created_at)
        SELECT 'image_generation', %(task_id)s, 1, %(body)s, now(), 0, '', now() FROM made
    )
    SELECT made.id, made.cost, made.seed, paid.token_balance FROM made, paid"""


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    connection = _connection()
    if path == "/api/community/feed":
        data: Any = feed(connection, _viewer(connection, environ))
    elif path == "/api/models":
        data = styles(connection)
    elif path == "/api/tags":
        rows = connection.execute(TAGS).fetchall()
        data = [{"id": r[0], "name": r[1], "usage_count": r[2]} for r in rows]
    elif path == "/api/images/generate":
        data = generate(connection, environ)
    elif path.endswith("/status"):
        data = status(connection, int(path.split("/")[3]))
    else:
        start("404 Not Found", [])
        return [b""]
    body = orjson.dumps({"success": True, "data": data}, option=orjson.OPT_UTC_Z)
    start(
        "202 Accepted" if path == "/api/images/generate" else "200 OK",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
    )
    return [body]


def feed(connection: psycopg.Connection[Any], viewer: int | None) -> dict[str, Any]:
    if viewer is None:
        rows = connection.execute(FEED.format(liked="")).fetchall()
    else:
        rows = connection.execute(FEED.format(liked=LIKED), [viewer]).fetchall()
    pictures = [
        {
            "id": r[0],
            "image_url": link(r[1]),
            "preview_url": link(r[2]),
            "placeholder": r[3],
            "width": r[4],
            "height": r[5],
            "aspect_ratio": r[6],
            "prompt_tags": r[7],
            "seed": r[8],
            "description": r[9],
            "like_count": r[10],
            "comment_count": r[11],
            "is_liked_by_current_user": r[22] if viewer is not None else False,
            "user": {"id": r[13], "username": r[14], "profile_image": link(r[15]) or None},
            "style": {"id": r[16], "name": r[17]},
            "artist": {
                "id": r[18],
                "username": r[19],
                "profile_image": link(r[20]) or None,
                "artist_name": r[21],
            },
            "created_at": r[12],
        }
        for r in rows[:20]
    ]
    return {
        "next": "http://127.0.0.1/api/community/feed?cursor=",
        "previous": None,
        "results": pictures,
    }


def styles(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    rows = connection.execute(STYLES).fetchall()
    found = [
        {
            "id": r[0],
            "name": r[1],
            "artist": {
                "id": r[7],
                "username": r[8],
                "profile_image": link(r[9]) or None,
                "artist_name": r[10],
            },
            "thumbnail": link(r[2]),
            "price": r[3],
            "usage_count": r[4],
            "tags": r[11],
            "training_status": r[5],
            "created_at": r[6],
        }
        for r in rows[:20]
    ]
    return {"next": "http://127.0.0.1/api/models?cursor=", "previous": None, "results": found}


def status(connection: psycopg.Connection[Any], generation_id: int) -> dict[str, Any]:
    row = connection.execute(STATUS, [generation_id]).fetchone()
    assert row is not None
    return {
        "id": row[0],
        "status": row[1],
        "progress": row[2],
        "queue_position": None,
        "image_url": link(row[3]),
        "preview_url": link(row[4]),
        "failure_reason": row[5] or None,
    }


def generate(connection: psycopg.Connection[Any], environ: dict[str, Any]) -> dict[str, Any]:
    order = orjson.loads(environ["wsgi.input"].read())
    row = connection.execute(
        GENERATE,
        {
            "user_id": _viewer(connection, environ),
            "style_id": order["style_id"],
            "prompt": order["prompt_tags"],
            "seed": order["seed"],
            "task_id": uuid.uuid4(),
            "body": orjson.dumps(order),
        },
    ).fetchone()
    assert row is not None
    return {
        "generation_id": row[0],
        "status": "queued",
        "cost": row[1],
        "seed": row[2],
        "balance": row[3],
    }


def _viewer(connection: psycopg.Connection[Any], environ: dict[str, Any]) -> int | None:
    for cookie in environ.get("HTTP_COOKIE", "").split("; "):
        name, _, value = cookie.partition("=")
        if name == "sessionid":
            row = connection.execute(VIEWER, [value]).fetchone()
            return row[0] if row else None
    return None


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(
            os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=1
        )
    kept: psycopg.Connection[Any] = _local.connection
    return kept
