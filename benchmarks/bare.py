"""The limit: the least program that gives the same answers. WSGI, one hand-written SQL statement by
psycopg on a kept connection, orjson. It is served as the real one is:
``python -m serving benchmarks.bare:application``.

No framework, no authentication beyond looking up the session, no limits, one request id for all, no
errors, no cache. Headers are constants. Links are signed by the project's own function, since the
same bytes are to come out.
"""

from __future__ import annotations

import base64
import os
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import django
import orjson
import psycopg
from psycopg.types.json import set_json_dumps, set_json_loads

# Only for the signing key of links; nothing of Django runs in a request.
django.setup()

from django.conf import settings  # noqa: E402 (needs the settings)

from app.utils.links import Link, linker  # noqa: E402
from benchmarks import bare_sql as sql  # noqa: E402

Start = Callable[[str, list[tuple[str, str]]], Any]
Environ = dict[str, Any]
Row = tuple[Any, ...]

FORMATS = {"1:1": (512, 512, "1.0"), "2:2": (1024, 1024, "1.5"), "1:2": (512, 1024, "1.2")}
FILES = Path(settings.MEDIA_ROOT).as_uri()
SITE = settings.SITE_URL
TOKENS = {f"Bearer {token}" for token in settings.INTERNAL_API_TOKENS}

# What every answer of ours carries.
HEADERS = [
    ("Content-Type", "application/json"),
    ("X-Request-ID", "0123456789abcdef0123456789abcdef"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Permissions-Policy", settings.PERMISSIONS_POLICY),
]

_local = threading.local()
set_json_loads(orjson.loads)
set_json_dumps(orjson.dumps)


def application(environ: Environ, start: Start) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    route = ROUTES.get(path)
    if route is not None:
        answer, allowed = route
        data = answer(environ)
    elif path.startswith("/api/models/"):
        allowed = "GET, PATCH, DELETE, HEAD, OPTIONS"
        data = style(int(path[12:]))
    elif path.endswith("/status"):
        allowed = "GET, PATCH, HEAD, OPTIONS"
        generation_id = int(path[12:-7])
        is_report = environ["REQUEST_METHOD"] == "PATCH"
        data = complete(environ, generation_id) if is_report else status(environ, generation_id)
    else:
        allowed = "GET, PATCH, HEAD, OPTIONS"
        data = image(environ, int(path[12:]))
    body = orjson.dumps({"success": True, "data": data}, option=orjson.OPT_UTC_Z)
    headers = [("Content-Length", str(len(body))), ("Allow", allowed), *HEADERS]
    if environ["REQUEST_METHOD"] != "PATCH":
        headers.append(("Vary", "Cookie"))
    start("202 Accepted" if path == "/api/images/generate" else "200 OK", headers)
    return [body]


def feed(environ: Environ) -> Any:
    viewer, query = _viewer(environ), dict(parse_qsl(environ["QUERY_STRING"]))
    values: dict[str, Any] = {} if viewer is None else {"viewer": viewer}
    if cursor := query.get("cursor"):
        _, created_at, last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * 3))
        values |= {"created_at": datetime.fromisoformat(created_at), "id": last}
    rows = _rows(sql.FEED[viewer is not None, bool(cursor)], values)
    link = linker()
    shown = rows[:20]
    has_previous = bool(cursor) and bool(shown)
    return {
        "next": _cursor(environ, 0, shown[-1], (12, 0)) if len(rows) > 20 else None,
        "previous": _cursor(environ, 1, shown[0], (12, 0)) if has_previous else None,
        "results": [_picture(row, link) for row in shown],
    }


def image(environ: Environ, generation_id: int) -> Any:
    viewer = _viewer(environ)
    values = {"id": generation_id} | ({} if viewer is None else {"viewer": viewer})
    row = _rows(sql.IMAGE[viewer is not None], values)[0]
    is_owner = viewer == row[13]
    return _picture(row, linker()) | {
        "status": row[23],
        "visibility": row[24],
        "finished_at": row[25],
        "cost": row[26] if is_owner else None,
        "failure_reason": row[27] or None if is_owner else None,
    }


def status(environ: Environ, generation_id: int) -> Any:
    row = _rows(sql.STATUS, {"id": generation_id, "viewer": _viewer(environ)})[0]
    link = linker()
    return {
        "id": row[0],
        "status": row[1],
        "progress": None if row[2] is None else orjson.Fragment(row[2]),
        "queue_position": row[3],
        "image_url": link(row[4]) or None,
        "preview_url": link(row[5]) or None,
        "failure_reason": row[6] or None,
    }


def styles(environ: Environ) -> Any:
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    if tags := query.get("tags"):
        first, second = tags.split(",")
        rows = _rows(sql.TAGGED_STYLES, {"tag_0": first, "tag_1": second})
    else:
        rows = _rows(sql.POPULAR_STYLES if query.get("sort") == "popular" else sql.STYLES, {})
    order = (4, 6, 0) if query.get("sort") == "popular" else (6, 0)
    link = linker()
    return {
        "next": _cursor(environ, 0, rows[19], order) if len(rows) > 20 else None,
        "previous": None,
        "results": [_style(row, link) for row in rows[:20]],
    }


def style(style_id: int) -> Any:
    row = _rows(sql.STYLE, {"id": style_id})[0]
    link, price = linker(), row[3]
    return _style(row, link) | {
        "description": row[12],
        "artworks": [
            {
                "id": work[0],
                "position": work[1],
                "image_url": link(work[2]) or None,
                "width": work[3],
                "height": work[4],
            }
            for work in row[16] or []
        ],
        "is_ready": True,
        "is_active": row[13],
        "progress": None if row[14] is None else orjson.Fragment(row[14]),
        "failure_reason": None,
        "prices": {"1:1": price, "2:2": -(-price * 3 // 2), "1:2": -(-price * 6 // 5)},
        "updated_at": row[15],
    }


def tags(environ: Environ) -> Any:
    return [{"id": row[0], "name": row[1], "usage_count": row[2]} for row in _rows(sql.TAGS, {})]


def balance(environ: Environ) -> Any:
    return {"balance": _rows(sql.BALANCE, {"session": _session(environ)})[0][0]}


def notifications(environ: Environ) -> Any:
    rows = _rows(sql.NOTIFICATIONS, {"viewer": _viewer(environ)})
    count, unread = rows[0][10:]
    link = linker()
    return {
        "count": count,
        "next": _address(environ, page="2") if count > 20 else None,
        "previous": None,
        "results": [
            {
                "id": row[0],
                "type": row[1],
                "message": row[2],
                "actor": None
                if row[7] is None
                else {"id": row[7], "username": row[8], "profile_image": link(row[9]) or None},
                "target": {"type": row[3], "id": row[4]} if row[3] else None,
                "is_read": row[5],
                "created_at": row[6],
            }
            for row in rows
            if row[0] is not None
        ],
        "unread_count": unread,
    }


def generate(environ: Environ) -> Any:
    order = orjson.loads(environ["wsgi.input"].read())
    width, height, factor = FORMATS[order["aspect_ratio"]]
    prompt = order["prompt_tags"]
    row = _rows(
        sql.GENERATE,
        {
            "viewer": _viewer(environ),
            "style_id": order["style_id"],
            "aspect_ratio": order["aspect_ratio"],
            "width": width,
            "height": height,
            "factor": factor,
            "prompt": prompt,
            "words": list(dict.fromkeys(name.lower() for name in prompt)),
            "seed": order["seed"],
            "task_id": uuid.uuid4(),
            "files": FILES,
            "site": SITE,
        },
    )[0]
    return {
        "generation_id": row[0],
        "status": "queued",
        "cost": row[1],
        "seed": row[2],
        "balance": row[3],
    }


def complete(environ: Environ, generation_id: int) -> Any:
    if environ["HTTP_AUTHORIZATION"] not in TOKENS:
        raise PermissionError
    report = orjson.loads(environ["wsgi.input"].read())
    metadata = report["metadata"]
    image_path, preview_path = report["image_path"], metadata.pop("preview_path")
    folder = f"{FILES}/generations/{report['task_id']}/{report['attempt']}/"
    for path in (image_path, preview_path):
        if not path.startswith(folder) or not os.path.lexists(path.removeprefix("file://")):
            raise FileNotFoundError(path)
    row = _rows(
        sql.COMPLETE,
        {
            "id": generation_id,
            "task_id": report["task_id"],
            "attempt": report["attempt"],
            "image": image_path.removeprefix(f"{FILES}/"),
            "preview": preview_path.removeprefix(f"{FILES}/"),
            "placeholder": metadata.pop("placeholder"),
            "metadata": orjson.dumps(metadata).decode(),
        },
    )[0]
    return {"id": row[0], "status": "completed"}


# What answers, and the methods that the header Allow names.
ROUTES: dict[str, tuple[Callable[[Environ], Any], str]] = {
    "/api/community/feed": (feed, "GET, HEAD, OPTIONS"),
    "/api/models": (styles, "GET, POST, HEAD, OPTIONS"),
    "/api/tags": (tags, "GET, HEAD, OPTIONS"),
    "/api/tokens/balance": (balance, "GET, HEAD, OPTIONS"),
    "/api/notifications": (notifications, "GET, POST, HEAD, OPTIONS"),
    "/api/images/generate": (generate, "POST, OPTIONS"),
}


def _picture(r: Row, link: Link) -> dict[str, Any]:
    return {
        "id": r[0],
        "image_url": link(r[1]) or None,
        "preview_url": link(r[2]) or None,
        "placeholder": r[3],
        "width": r[4],
        "height": r[5],
        "aspect_ratio": r[6],
        "prompt_tags": r[7],
        "seed": r[8],
        "description": r[9],
        "like_count": r[10],
        "comment_count": r[11],
        "is_liked_by_current_user": r[22],
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


def _style(r: Row, link: Link) -> dict[str, Any]:
    return {
        "id": r[0],
        "name": r[1],
        "artist": {
            "id": r[7],
            "username": r[8],
            "profile_image": link(r[9]) or None,
            "artist_name": r[10],
        },
        "thumbnail": link(r[2]) or None,
        "price": r[3],
        "usage_count": r[4],
        "tags": orjson.Fragment(r[11]),
        "training_status": r[5],
        "created_at": r[6],
    }


def _cursor(environ: Environ, direction: int, row: Row, columns: tuple[int, ...]) -> str:
    packed = orjson.dumps([direction, *(row[at] for at in columns)], option=orjson.OPT_UTC_Z)
    return _address(environ, cursor=base64.urlsafe_b64encode(packed).decode().rstrip("="))


def _address(environ: Environ, **changed: str) -> str:
    kept = {n: v for n, v in parse_qsl(environ["QUERY_STRING"]) if n not in changed}
    return f"https://{environ['HTTP_HOST']}{environ['PATH_INFO']}?{urlencode(kept | changed)}"


def _session(environ: Environ) -> str | None:
    for cookie in environ.get("HTTP_COOKIE", "").split("; "):
        name, _, value = cookie.partition("=")
        if name == "sessionid":
            return str(value)
    return None


def _viewer(environ: Environ) -> int | None:
    session = _session(environ)
    if session is None:
        return None
    rows = _rows(sql.VIEWER, {"session": session})
    return rows[0][0] if rows else None


def _rows(statement: str, values: dict[str, Any]) -> list[Row]:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(
            os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0
        )
    rows: list[Row] = _local.connection.execute(statement, values).fetchall()
    return rows
