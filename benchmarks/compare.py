"""Bare is an honest limit only while it does the same: the same answers, and the same rows written.

Reads are compared whole. Of an order's answer the picture's id differs, and the balance by what the
other order cost; of the rows that orders and reports leave, what ``VOLATILE`` names.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from benchmarks.cases import Case, Request, orders, reports
from benchmarks.prepare import Database

# Numbers that the database gives or that are drawn, moments, the request's own id, and the seed of
# made-up jobs.
VOLATILE = {
    *("id", "generation_id", "target_id", "seed", "request_id", "user_id", "recipient_id"),
    *("licence_number", "number", "mark_id", "verify_url"),
    *("created_at", "started_at", "finished_at", "available_at", "lease_expires_at"),
    *("issued_at", "booked_at"),
}
# They are there, with other values: bare answers with one request id for all.
VOLATILE_HEADERS = {"x-request-id", "content-length", "date"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return orjson.loads(self.body)


Ask = Callable[[Request], Answer]


def over_http(url: str) -> Ask:
    # Web servers end idle connections: each request has its own.
    limits = httpx.Limits(max_keepalive_connections=0)
    client = httpx.Client(base_url=url, timeout=60, limits=limits)

    def ask(request: Request) -> Answer:
        answer = client.request(
            request.method, request.path, headers=request.headers(), content=request.body
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, headers, answer.content)

    return ask


def in_process(application: Any) -> Ask:
    """Call a WSGI application as a web server would."""

    def ask(request: Request) -> Answer:
        address = urlsplit(request.path)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "RAW_URI": request.path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(request.body)) if request.body else "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers().items():
            variable = name.upper().replace("-", "_")
            environ["CONTENT_TYPE" if variable == "CONTENT_TYPE" else f"HTTP_{variable}"] = value
        begun: list[Any] = []
        parts = application(environ, lambda *given: begun.extend(given))
        body = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        headers = {name.lower(): value for name, value in begun[1]}
        return Answer(int(begun[0].split()[0]), headers, body)

    return ask


def differences(case: Case, ours: Ask, bare: Ask, database: Database) -> list[str]:
    """What bare does otherwise than we do, in words; nothing when it is an honest limit."""
    if case.name == "completed":
        return _of_reports(case, ours, bare, database)
    if case.writes:
        return _of_orders(case, ours, bare, database)
    found = []
    for request in case.make(5)[:5]:
        mine, its = ours(request), bare(request)
        found += _of_statuses(case, mine, its) or _of_values(case, mine.data, its.data)
        found += _of_headers(case, mine, its)
    return found


def _of_orders(case: Case, ours: Ask, bare: Ask, database: Database) -> list[str]:
    found = []
    for order in orders(database, database.people[:1], 3):
        mine, its = ours(order), bare(order)
        if wrong := _of_statuses(case, mine, its):
            return wrong
        its_rows = _rows(database, its.data["data"]["generation_id"])
        found += _of_values(case, _rows(database, mine.data["data"]["generation_id"]), its_rows)
        cost = its.data["data"]["cost"]
        found += _of_values(case, _without_ids(mine.data, 0), _without_ids(its.data, cost))
        found += _of_headers(case, mine, its)
    return found


def _without_ids(answer: Any, balance: int) -> Any:
    data = answer["data"]
    shown = {name: value for name, value in data.items() if name != "generation_id"}
    return answer | {"data": shown | {"balance": data["balance"] + balance}}


EFFECTS = """
    SELECT u.token_balance, s.usage_count,
        (SELECT COUNT(*) FROM app_notification n WHERE n.recipient_id = g.user_id)
    FROM app_generation g JOIN app_style s ON s.id = g.style_id
    JOIN app_user u ON u.id = s.artist_id WHERE g.id = %s"""


def _of_reports(case: Case, ours: Ask, bare: Ask, database: Database) -> list[str]:
    jobs = database.jobs(2, alike=True)
    changes, answers, rows = [], [], []
    for ask, job, request in zip((ours, bare), jobs, reports(database, jobs), strict=True):
        before = database.rows(EFFECTS, [job.generation_id])[0]
        answers.append(ask(request))
        after = database.rows(EFFECTS, [job.generation_id])[0]
        changes.append([b - a for a, b in zip(before, after, strict=True)])
        rows.append(_rows(database, job.generation_id))
    if wrong := _of_statuses(case, answers[0], answers[1]):
        return wrong
    data = [answer.data["data"] | {"id": 0} for answer in answers]
    pairs = ((data[0], data[1]), (changes[0], changes[1]), (rows[0], rows[1]))
    found = [difference for mine, its in pairs for difference in _of_values(case, mine, its)]
    return found + _of_headers(case, answers[0], answers[1])


WRITTEN = """
    SELECT jsonb_build_object(
        'picture', to_jsonb(g),
        'entries', (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM app_transaction e
            WHERE e.generation_id = g.id),
        'tags', (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.sequence) FROM app_generationtag t
            WHERE t.generation_id = g.id),
        'licence', (SELECT to_jsonb(l) FROM app_licence l WHERE l.generation_id = g.id),
        'told', (SELECT jsonb_agg(to_jsonb(n)) FROM app_notification n
            WHERE n.target_id = g.id AND n.type LIKE 'generation%%'),
        -- Bare has no fair queue: first come, first served.
        'messages', (SELECT jsonb_agg(to_jsonb(m) - 'turn' - 'style_id' || jsonb_build_object(
            'body', convert_from(m.body, 'UTF8')::jsonb))
            FROM app_outboxmessage m WHERE m.task_id = g.task_id)
    )::text, g.task_id::text
    FROM app_generation g WHERE g.id = %s"""


def _rows(database: Database, generation_id: int) -> Any:
    """Everything that was written for a picture, without what has to differ."""
    text, task_id = database.rows(WRITTEN, [generation_id])[0]
    same = text.replace(task_id, "task").replace(f"/images/{generation_id}/", "/images/1/")
    return _steady(orjson.loads(same))


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _steady(each) for name, each in value.items() if name not in VOLATILE}
    return [_steady(each) for each in value] if isinstance(value, list) else value


def _of_statuses(case: Case, mine: Answer, its: Answer) -> list[str]:
    if mine.status == its.status and mine.status < 300:
        return []
    return [f"{case.title}: we answer {mine.status}, bare {its.status}. {mine.body[:300]!r}"]


def _of_headers(case: Case, mine: Answer, its: Answer) -> list[str]:
    # Of what comes from a cache, the headers tell; bare has none.
    if case.cached:
        return []
    shown, bares = _shown(mine), _shown(its)
    return [
        f"{case.title}, header {name}: ours {shown.get(name)!r}, bare's {bares.get(name)!r}"
        for name in sorted(shown.keys() | bares.keys())
        if shown.get(name) != bares.get(name)
    ]


def _shown(answer: Answer) -> dict[str, str]:
    return {
        name: "…" if name in VOLATILE_HEADERS else value for name, value in answer.headers.items()
    }


def _of_values(case: Case, mine: Any, its: Any, place: str = "") -> list[str]:
    if isinstance(mine, dict) and isinstance(its, dict) and mine.keys() == its.keys():
        return [
            d for name in mine for d in _of_values(case, mine[name], its[name], f"{place}.{name}")
        ]
    if isinstance(mine, list) and isinstance(its, list) and len(mine) == len(its):
        pairs = enumerate(zip(mine, its, strict=True))
        return [d for at, (a, b) in pairs for d in _of_values(case, a, b, f"{place}[{at}]")]
    return [] if mine == its else [f"{case.title}{place}: ours {mine!r}, bare's {its!r}"]
