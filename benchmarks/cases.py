"""The paths that are measured: what is asked, and the marks they are held to."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import orjson

from benchmarks.prepare import Database, Job, Person
from benchmarks.servers import BEHIND_NGINX, HOST

# What Django compares a header with; any will do when both are the same.
CSRF = "benchmarkbenchmarkbenchmarkbench"
PROMPTS = (
    ["sea", "tag7", "boat"],
    ["tag3", "sunset"],
    ["Tag5", "harbour at night", "tag6", "gulls"],
)
DEEP_PAGE = 500


@dataclass(frozen=True)
class Request:
    path: str
    method: str = "GET"
    person: Person | None = None
    body: bytes = b""
    more: tuple[tuple[str, str], ...] = ()

    def headers(self) -> dict[str, str]:
        found = dict(BEHIND_NGINX)
        if self.person is not None:
            found["Cookie"] = f"sessionid={self.person.session}; csrftoken={CSRF}"
        if self.body:
            found["Content-Type"] = "application/json"
        if self.method == "POST":
            found |= {"X-CSRFToken": CSRF, "Origin": f"https://{HOST}"}
        return found | dict(self.more)

    def raw(self) -> bytes:
        """As it goes over the wire."""
        headers = self.headers()
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Case:
    """``mark``: the least share of bare's requests a second; ``statements``: the most there may be.

    ``make`` gives that many requests, which are sent in turn, by ``once`` each only once.
    """

    name: str
    title: str
    make: Callable[[int], list[Request]]
    mark: float | None = None
    statements: int | None = None
    # Measured with the page cache on; bare has none.
    cached: bool = False
    # Sent with the ETag of an earlier answer; bare knows none.
    conditional: bool = False
    once: bool = False
    # Measured at every size of the tables.
    flat: bool = False
    # Not asked of bare: it is compared with another case of our own.
    against: str = ""
    writes: bool = field(default=False)


def all_cases(database: Database) -> list[Case]:
    people = database.people
    pictures = _some(database, PUBLIC_PICTURES)
    styles = _some(database, OFFERED_STYLES)
    first, second = _two_tags(database)
    being_made = {job.user_id: job for job in database.jobs(len(people))}
    feed, listed = "/api/community/feed", "/api/models"
    tagged = f"{listed}?tags={first},{second}"

    def signed_in(path: str) -> Callable[[int], list[Request]]:
        return lambda _: [Request(path, person=person) for person in people]

    def poll(_: int) -> list[Request]:
        return [
            Request(f"/api/images/{being_made[p.user_id].generation_id}/status", person=p)
            for p in people
        ]

    def same(path: str) -> Callable[[int], list[Request]]:
        return lambda _: [Request(path)]

    deep = f"{feed}?cursor={_cursor(database)}"
    return [
        Case("feed", "feed, anonymous", same(feed), 0.6, 2, flat=True),
        Case("feed_signed_in", "feed, signed in", signed_in(feed), 0.6, 3, flat=True),
        Case("feed_deep", f"feed, page {DEEP_PAGE}", same(deep), 0.9, 2, flat=True, against="feed"),
        Case("styles", "style list", same(listed), 0.6, 3, flat=True),
        Case("styles_tagged", "style list, two tags", same(tagged), 0.6, 3),
        Case(
            "style",
            "style detail",
            lambda _: [Request(f"/api/models/{i}") for i in styles],
            *(0.4, 4),
        ),
        Case(
            "image",
            "image detail",
            lambda _: [Request(f"/api/images/{i}") for i in pictures],
            *(0.4, 4),
            flat=True,
        ),
        Case("tags", "tags", same("/api/tags"), 0.4),
        Case("balance", "balance", signed_in("/api/tokens/balance"), 0.4),
        Case("notifications", "notifications", signed_in("/api/notifications"), 0.4),
        Case("status", "image status (the poll)", poll, 0.55, 2, flat=True),
        Case(
            "generate",
            f"generate, {len(people)} buyers",
            lambda n: orders(database, people, n),
            *(0.35, 9),
            writes=True,
        ),
        Case(
            "generate_one",
            "generate, one buyer",
            lambda n: orders(database, people[:1], n),
            *(None, 9),
            writes=True,
        ),
        Case(
            "completed",
            "completed webhook",
            lambda n: reports(database, database.jobs(n)),
            0.35,
            once=True,
            writes=True,
        ),
        Case("feed_cached", "feed, anonymous, from cache", same(feed), 1.2, cached=True),
        Case("feed_304", "feed, ETag → 304", same(feed), cached=True, conditional=True),
        Case(
            "popular_cached",
            "popular styles, from cache",
            same(f"{listed}?sort=popular"),
            1.2,
            cached=True,
        ),
    ]


def orders(database: Database, people: list[Person], count: int) -> list[Request]:
    chance = random.Random(count)
    return [
        Request(
            "/api/images/generate",
            "POST",
            people[number % len(people)],
            orjson.dumps(
                {
                    "style_id": chance.randint(1, database.styles),
                    "prompt_tags": PROMPTS[number % len(PROMPTS)],
                    "aspect_ratio": ("1:1", "2:2", "1:2")[number % 3],
                    "seed": chance.randrange(2**32),
                }
            ),
        )
        for number in range(count)
    ]


def reports(database: Database, jobs: list[Job]) -> list[Request]:
    """What workers send when these pictures are finished."""
    token = database.environment["INTERNAL_API_TOKEN"]
    found = []
    for job in jobs:
        folder = (database.media / "generations" / str(job.task_id) / "1").as_uri()
        report: dict[str, Any] = {
            "task_id": str(job.task_id),
            "attempt": 1,
            "status": "completed",
            "image_path": f"{folder}/image.png",
            "metadata": {
                "preview_path": f"{folder}/preview.webp",
                "placeholder": "data:image/webp;base64," + "UklGRrIAAABXRUJQ" * 10,
                "engine": "stylenet",
                "seconds": 0.61,
            },
        }
        found.append(
            Request(
                f"/api/images/{job.generation_id}/status",
                "PATCH",
                body=orjson.dumps(report),
                more=(("Authorization", f"Bearer {token}"),),
            )
        )
    return found


PUBLIC_PICTURES = """
    SELECT id FROM app_generation WHERE visibility = 'public' AND status = 'completed'
    ORDER BY md5(id::text) LIMIT 200"""
OFFERED_STYLES = """
    SELECT id FROM app_style WHERE is_active AND training_status = 'completed'
    ORDER BY md5(id::text) LIMIT 200"""
TWO_TAGS = """
    SELECT a.name, b.name FROM app_styletag x JOIN app_styletag y ON y.style_id = x.style_id
    JOIN app_tag a ON a.id = x.tag_id JOIN app_tag b ON b.id = y.tag_id
    WHERE x.tag_id < y.tag_id GROUP BY 1, 2 ORDER BY COUNT(*) DESC, 1, 2 LIMIT 1"""
BEHIND = """
    SELECT created_at, id FROM app_generation
    WHERE visibility = 'public' AND status = 'completed'
    ORDER BY created_at DESC, id DESC OFFSET %s LIMIT 1"""


def _some(database: Database, statement: str) -> list[int]:
    return [row[0] for row in database.rows(statement)]


def _two_tags(database: Database) -> tuple[str, str]:
    """The pair of tags that most styles carry."""
    first, second = database.rows(TWO_TAGS)[0]
    return first, second


def _cursor(database: Database) -> str:
    """Where page 500 begins; in a small table the last page but one."""
    public = database.rows(
        "SELECT COUNT(*) FROM app_generation WHERE visibility = 'public' AND status = 'completed'"
    )[0][0]
    page = min(DEEP_PAGE, public // 20 - 1)
    created_at, last = database.rows(BEHIND, [(page - 1) * 20 - 1])[0]
    packed = orjson.dumps([0, created_at.astimezone(UTC), last], option=orjson.OPT_UTC_Z)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")
