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
import msgspec
import orjson
import psycopg
from psycopg.types.json import set_json_dumps, set_json_loads

# Only for the signing key of links; nothing of Django runs in a request.
django.setup()

from django.conf import settings  # noqa: E402 (needs the settings)

from app.models.reads.notifications import NotificationRow  # noqa: E402
from app.models.reads.picture import FeedPicture, PictureDetail  # noqa: E402
from app.models.reads.row import Row  # noqa: E402
from app.models.reads.status import Status  # noqa: E402
from app.models.reads.style import ArtworkRow, StyleDetail  # noqa: E402
from app.models.reads.styles import StyleRow  # noqa: E402
from app.services import signature_service  # noqa: E402
from app.services.licences import numbers  # noqa: E402
from benchmarks import bare_sql as sql  # noqa: E402
from provenance import certificates  # noqa: E402

Start = Callable[[str, list[tuple[str, str]]], Any]
Environ = dict[str, Any]

FORMATS = {
    "1:1": (512, 512, "1.0"),
    "2:2": (1024, 1024, "1.5"),
    "1:2": (512, 1024, "1.2"),
    "3:2": (768, 512, "1.1"),
    "2:1": (1024, 512, "1.2"),
    "4:3": (768, 576, "1.1"),
    "3:4": (576, 768, "1.1"),
}
FILES = Path(settings.MEDIA_ROOT).as_uri()
SITE = settings.SITE_URL
TOKENS = {f"Bearer {token}" for token in settings.INTERNAL_API_TOKENS}
# Of the certificate that signs pictures: each task carries it.
CHAIN = list(certificates.signers(signature_service.certificates_folder())[-1].chain)

NEWEST = ("created_at", "id")

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
_encoder = msgspec.json.Encoder()
set_json_loads(orjson.loads)
set_json_dumps(orjson.dumps)


def application(environ: Environ, start: Start) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    seconds = None
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
        seconds = None if is_report else data.retry_after
    else:
        allowed = "GET, PATCH, HEAD, OPTIONS"
        data = image(environ, int(path[12:]))
    body = orjson.dumps({"success": True, "data": data}, option=orjson.OPT_UTC_Z, default=_rendered)
    headers = [("Content-Length", str(len(body))), ("Allow", allowed), *HEADERS]
    if environ["REQUEST_METHOD"] != "PATCH":
        headers.append(("Vary", "Cookie"))
    if seconds is not None:
        headers.append(("Retry-After", str(seconds)))
    start("202 Accepted" if path == "/api/images/generate" else "200 OK", headers)
    return [body]


def feed(environ: Environ) -> Any:
    viewer, query = _viewer(environ), dict(parse_qsl(environ["QUERY_STRING"]))
    values: dict[str, Any] = {} if viewer is None else {"viewer": viewer}
    if cursor := query.get("cursor"):
        _, created_at, last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * 3))
        values |= {"created_at": datetime.fromisoformat(created_at), "id": last}
    rows = FeedPicture.from_tuples(_rows(sql.FEED[viewer is not None, bool(cursor)], values))
    shown = rows[:20]
    has_previous = bool(cursor) and bool(shown)
    return {
        "next": _cursor(environ, 0, shown[-1], NEWEST) if len(rows) > 20 else None,
        "previous": _cursor(environ, 1, shown[0], NEWEST) if has_previous else None,
        "results": Row.to_json(shown),
    }


def image(environ: Environ, generation_id: int) -> Any:
    viewer = _viewer(environ)
    values = {"id": generation_id} | ({} if viewer is None else {"viewer": viewer})
    (shown,) = PictureDetail.from_tuples(_rows(sql.IMAGE[viewer is not None], values))
    if shown.user.id != viewer:
        shown.hide_from_others()
    return shown


def status(environ: Environ, generation_id: int) -> Any:
    values = {"id": generation_id, "viewer": _viewer(environ)}
    return Status.from_tuples(_rows(sql.STATUS, values))[0]


def styles(environ: Environ) -> Any:
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    if tags := query.get("tags"):
        first, second = tags.split(",")
        found = _rows(sql.TAGGED_STYLES, {"tag_0": first, "tag_1": second})
    else:
        found = _rows(sql.POPULAR_STYLES if query.get("sort") == "popular" else sql.STYLES, {})
    rows = StyleRow.from_tuples(found)
    order = ("usage_count", *NEWEST) if query.get("sort") == "popular" else NEWEST
    return {
        "next": _cursor(environ, 0, rows[19], order) if len(rows) > 20 else None,
        "previous": None,
        "results": Row.to_json(rows[:20]),
    }


def style(style_id: int) -> Any:
    *row, works = _rows(sql.STYLE, {"id": style_id})[0]
    (shown,) = StyleDetail.from_tuples([row])
    shown.artworks = ArtworkRow.from_tuples(works or [])
    shown.is_ready = True
    price = shown.price
    tall = -(-price * 6 // 5)
    shown.prices = {"1:1": price, "2:2": -(-price * 3 // 2), "1:2": tall}
    wide = -(-price * 11 // 10)
    shown.prices |= {"3:2": wide, "2:1": tall, "4:3": wide, "3:4": wide}
    stored: Any = shown.samples
    shown.samples = orjson.loads(stored or "[]")
    shown.hide_from_others()
    return shown


def tags(environ: Environ) -> Any:
    names = ("id", "name", "usage_count")
    return [dict(zip(names, row, strict=True)) for row in _rows(sql.TAGS, {})]


def balance(environ: Environ) -> Any:
    ((tokens,),) = _rows(sql.BALANCE, {"session": _session(environ)})
    return {"balance": tokens}


def notifications(environ: Environ) -> Any:
    rows = _rows(sql.NOTIFICATIONS, {"viewer": _viewer(environ)})
    ((count, unread, *_), *_) = rows
    found = [row for _, _, *row in rows if count]
    return {
        "count": count,
        "next": _address(environ, page="2") if count > 20 else None,
        "previous": None,
        "results": Row.to_json(NotificationRow.from_tuples(found)),
        "unread_count": unread,
    }


def generate(environ: Environ) -> Any:
    order = orjson.loads(environ["wsgi.input"].read())
    width, height, factor = FORMATS[order["aspect_ratio"]]
    prompt = order["prompt_tags"]
    ((generation_id, cost, seed, balance),) = _rows(
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
            "number": (number := numbers.draw()),
            "mark_id": numbers.mark_id(number),
            "chain": CHAIN,
            "files": FILES,
            "site": SITE,
        },
    )
    return {
        "generation_id": generation_id,
        "status": "queued",
        "cost": cost,
        "seed": seed,
        "balance": balance,
        "unknown_words": [word for word in prompt if word.lower().startswith("tag")],
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
    ((completed_id,),) = _rows(
        sql.COMPLETE,
        {
            "id": generation_id,
            "task_id": report["task_id"],
            "attempt": report["attempt"],
            # No constant: planned while nothing was under way, it would scan the index of what is.
            "under_way": ["queued", "processing"],
            "image": image_path.removeprefix(f"{FILES}/"),
            "preview": preview_path.removeprefix(f"{FILES}/"),
            "placeholder": metadata.pop("placeholder"),
            "metadata": orjson.dumps(metadata).decode(),
            "number": numbers.draw(),
        },
    )
    return {"id": completed_id, "status": "completed"}


# What answers, and the methods that the header Allow names.
ROUTES: dict[str, tuple[Callable[[Environ], Any], str]] = {
    "/api/community/feed": (feed, "GET, HEAD, OPTIONS"),
    "/api/models": (styles, "GET, POST, HEAD, OPTIONS"),
    "/api/tags": (tags, "GET, HEAD, OPTIONS"),
    "/api/tokens/balance": (balance, "GET, HEAD, OPTIONS"),
    "/api/notifications": (notifications, "GET, POST, HEAD, OPTIONS"),
    "/api/images/generate": (generate, "POST, OPTIONS"),
}


def _cursor(environ: Environ, direction: int, row: Row, order: tuple[str, ...]) -> str:
    packed = orjson.dumps(
        [direction, *(getattr(row, name) for name in order)], option=orjson.OPT_UTC_Z
    )
    return _address(environ, cursor=base64.urlsafe_b64encode(packed).decode().rstrip("="))


def _address(environ: Environ, **changed: str) -> str:
    kept = {n: v for n, v in parse_qsl(environ["QUERY_STRING"]) if n not in changed}
    return f"https://{environ['HTTP_HOST']}{environ['PATH_INFO']}?{urlencode(kept | changed)}"


def _rendered(row: Any) -> orjson.Fragment:
    return orjson.Fragment(_encoder.encode(row))


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
    return next((user_id for (user_id,) in rows), None)


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(
            os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0
        )
    rows: list[tuple[Any, ...]] = _local.connection.execute(statement, values).fetchall()
    return rows
