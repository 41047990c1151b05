"""How many statements each endpoint costs: pinned, and the same at 2 and at 20 rows.

BEGIN, COMMIT and the tests' savepoints are not counted. A session is in the cache; when it is not
there, it costs one statement more.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from app.models import Notification
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.ordering import order_of, report
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db

CONTROL = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT")


class World:
    """``rows`` of everything that is listed."""

    def __init__(self, rows: int) -> None:
        self.me = ArtistFactory(user__tokens=10_000).user
        self.client = Api(self.me)
        self.visitor = Api()
        tags = [f"tag {n}" for n in range(rows)]
        mine = StyleFactory(artist=self.me.artist, tags=tags, works=rows)
        self.style = mine
        self.failed = StyleFactory(
            artist=self.me.artist, training_status="failed", tags=tags, works=rows
        )
        for _ in range(rows - 2):
            StyleFactory(artist=self.me.artist, tags=tags[:2], works=2)
        other = StyleFactory(tags=tags[:1])
        for _ in range(rows):
            picture = PublicPictureFactory(user=self.me, style=other)
            commenter = UserFactory()
            Notification.objects.create(
                recipient=self.me, actor=commenter, type="follow", message="."
            )
            artist = ArtistFactory()
            self.client.post(f"/api/artists/{artist.pk}/follow")
            self.client.post("/api/keys", {"name": "k", "scopes": ["read"]})
        for _ in range(rows):
            Api(UserFactory()).post(f"/api/images/{picture.pk}/comments", {"content": "."})
        path = f"/api/images/{picture.pk}/comments"
        mine_of_all = self.client.post(path, {"content": "."})
        self.picture = picture
        self.queued = GenerationFactory(user=self.me, style=other, status="queued")
        self.names = {
            "style": mine.pk,
            "failed": self.failed.pk,
            "picture": picture.pk,
            "queued": self.queued.pk,
            "theirs": PublicPictureFactory(style=other).pk,
            "me": self.me.pk,
            "tag": mine.style_tags.first().tag_id,
            "artist": other.artist_id,
            "other": other.pk,
            "note": Notification.objects.filter(recipient=self.me, type="follow").first().pk,
            "comment": mine_of_all.data["id"],
        }

    def count(self, operation: str, *, signed_in: bool, body: Any = None) -> int:
        """Statements of a request that goes well."""
        client = self.client if signed_in else self.visitor
        method, path = operation.split(" ")
        path = path.format(**self.names)
        with CaptureQueriesContext(connection) as queries:
            if method == "GET":
                answer = client.call(method, path)
            else:
                answer = client.send(method, path, body)
        assert answer.status < 300, answer.content
        statements = [query["sql"] for query in queries.captured_queries]
        return sum(not statement.startswith(CONTROL) for statement in statements)


# What each read costs without a session; with one, the user is one statement more.
READS = {
    "GET /api/models": 1,
    "GET /api/models?sort=popular": 1,
    "GET /api/models?q=tag&tags=tag%200": 1,
    "GET /api/models/{style}": 2,
    "GET /api/tags": 1,
    "GET /api/tags/{tag}": 1,
    "GET /api/community/feed": 1,
    "GET /api/images/{picture}": 1,
    # And whether its files may be shown.
    "GET /api/images/{theirs}/status": 2,
    "GET /api/images/{picture}/comments": 2,
    "GET /api/users/{me}": 1,
}
# With a session.
OWN_READS = {
    "GET /api/auth/me": 2,
    "GET /api/models/mine": 2,
    "GET /api/images/mine": 2,
    "GET /api/images/{queued}/status": 1,
    "GET /api/users/following": 2,
    "GET /api/community/feed?following=true": 2,
    "GET /api/keys": 2,
    "GET /api/tokens/balance": 4,
    "GET /api/tokens/transactions": 2,
    "GET /api/notifications": 2,
    "GET /api/notifications?unread_only=true": 2,
}
ORDER = {"prompt_tags": ["sea"], "aspect_ratio": "1:1"}
WRITES: dict[str, tuple[Any, int]] = {
    "POST /api/images/generate": (ORDER, 5),
    "POST /api/quotes": (None, 6),
    "POST /api/orders": (None, 13),
    "POST /api/images/{picture}/like": (None, 6),
    "POST /api/images/{picture}/comments": ({"content": "."}, 6),
    "PATCH /api/images/{picture}": ({"description": "New."}, 4),
    "POST /api/images/{queued}/cancel": (None, 9),
    "POST /api/artists/{artist}/follow": (None, 7),
    "POST /api/tokens/purchase": ({"amount": 100, "payment_method": "card"}, 5),
    "PATCH /api/models/{style}": ({"price": 20, "tags": ["fog", "sea"]}, 15),
    "DELETE /api/models/{style}": (None, 7),
    "POST /api/models/{failed}/retrain": (None, 11),
    "PATCH /api/notifications/{note}/read": (None, 3),
    "POST /api/notifications/mark-all-read": (None, 2),
    "DELETE /api/comments/{comment}": (None, 9),
    "PATCH /api/users/me": ({"bio": "New."}, 4),
}


@pytest.fixture(params=[2, 20], ids=["2 rows", "20 rows"])
def world(request) -> World:
    return World(request.param)


def test_reads_cost_the_same_at_2_and_at_20_rows(world):
    costs = {operation: world.count(operation, signed_in=False) for operation in READS}
    assert costs == READS


def test_reads_with_a_session_cost_one_statement_more(world):
    news = "GET /api/images/{picture}"
    # Marks its notifications as read, once.
    assert world.count(news, signed_in=True) == READS[news] + 2
    costs = {operation: world.count(operation, signed_in=True) for operation in READS}
    assert costs == {operation: cost + 1 for operation, cost in READS.items()}


def test_own_reads_cost_the_same_at_2_and_at_20_rows(world):
    costs = {operation: world.count(operation, signed_in=True) for operation in OWN_READS}
    assert costs == OWN_READS


def test_writes_cost_the_same_at_2_and_at_20_rows(world):
    costs = {}
    for operation, (body, _) in WRITES.items():
        given = {**body, "style_id": world.names["other"]} if body is ORDER else body
        if operation in {"POST /api/quotes", "POST /api/orders"}:
            given = {"items": [{**ORDER, "style_id": world.names["other"]}] * 3}
        with transaction.atomic():
            costs[operation] = world.count(operation, signed_in=True, body=given)
            transaction.set_rollback(True)
    assert costs == {operation: cost for operation, (_, cost) in WRITES.items()}


def test_the_contract_holds():
    """At most 4 for a list, 5 for one thing, 9 for an order."""
    details = {operation for operation in READS if "}" in operation and "comments" not in operation}
    lists = {**{o: cost + 1 for o, cost in READS.items() if o not in details}, **OWN_READS}
    assert max(lists.values()) <= 4
    assert max(READS[operation] + 1 for operation in details) <= 5
    assert WRITES["POST /api/images/generate"][1] <= 9


def test_a_session_comes_with_its_account_and_needs_no_cache(world):
    for _ in range(2):
        cache.clear()
        assert world.count("GET /api/auth/me", signed_in=True) == OWN_READS["GET /api/auth/me"]


def test_reports_cost_what_is_pinned():
    worker = Api(authorization="Bearer development-internal-token")
    costs = {}
    for status in ("processing", "completed", "failed"):
        picture = GenerationFactory(status="queued")
        with CaptureQueriesContext(connection) as queries:
            assert report(worker, picture, status).status == 200
        costs[status] = sum(
            not query["sql"].startswith(CONTROL) for query in queries.captured_queries
        )
    assert costs == {"processing": 2, "completed": 3, "failed": 8}


def test_an_order_with_a_key_costs_four_more():
    """The lock of the key, the look for its answer, the answer, the lock's end."""
    buyer = UserFactory(tokens=1000)
    client, style = Api(buyer), StyleFactory()
    costs = {}
    for key in ("", "a-key"):
        headers = {"Idempotency-Key": key}
        with CaptureQueriesContext(connection) as queries:
            client.post("/api/images/generate", order_of(style), headers=headers)
        costs[key] = sum(not query["sql"].startswith(CONTROL) for query in queries.captured_queries)
    assert costs == {"": 5, "a-key": 9}


def test_an_upload_costs_the_same_for_10_and_for_30_pictures(as_artist):
    costs = []
    for count, name in ((10, "Ten"), (30, "Thirty")):
        tags = json.dumps({str(n): ["sea"] for n in range(count)})
        form = style_form(count=count, name=name, image_tags=tags)
        with CaptureQueriesContext(connection) as queries:
            assert as_artist.upload("/api/models", form).status == 201
        costs.append(
            sum(not query["sql"].startswith(CONTROL) for query in queries.captured_queries)
        )
    assert costs[0] == costs[1] <= 22
