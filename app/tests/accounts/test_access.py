"""Who may do what: one row for every operation, and a walk that misses none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml
from django.db import transaction
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver

from app.models import Licence, Notification, User
from app.tests.api import Answer, Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

WORKER = "an internal token of the test"
# The columns of the table: nobody, a user, the owner of the thing, another artist, staff, a worker
# with an internal token, and a program with the owner's key of the scope "read".
COLUMNS = ("anonymous", "user", "owner", "artist", "staff", "worker", "program")


@dataclass(frozen=True)
class Row:
    """``statuses`` in the order of COLUMNS; ``thing`` names what the address is filled with."""

    operation: str
    statuses: tuple[int, ...]
    thing: str = ""
    body: Any = None

    @property
    def method(self) -> str:
        return self.operation.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.operation.partition(" ")[2]


# What each may read; all read the same unless it is somebody's own.
OPEN = (200, 200, 200, 200, 200, 200, 200)
SIGNED_IN = (401, 200, 200, 200, 200, 401, 200)
WORKER_ONLY = (403, 403, 403, 403, 403, 400, 403)

TABLE = [
    Row("GET /api/health", OPEN),
    # Without a broker's or cache's address only the database has to answer.
    Row("GET /api/ready", OPEN),
    Row("GET /api/schema", OPEN),
    Row("GET /api/docs", OPEN),
    # Google is not set up here.
    Row("GET /api/auth/google/login", (503,) * 7),
    Row("GET /api/auth/google/callback", (503,) * 7),
    Row("POST /api/auth/demo", (404, 404, 404, 404, 404, 404, 403), body={"username": "ada"}),
    Row("POST /api/auth/logout", (401, 200, 200, 200, 200, 401, 403)),
    Row("GET /api/auth/me", SIGNED_IN),
    # What is looked for is missing.
    Row("GET /api/search", (400,) * 7),
    Row("GET /api/users/{id}", OPEN, "owner"),
    Row("PATCH /api/users/me", (401, 200, 200, 200, 200, 401, 403), body={"bio": "New."}),
    Row("DELETE /api/users/me", (401, 204, 204, 204, 204, 401, 403)),
    Row(
        "POST /api/users/me/artist",
        (401, 201, 409, 409, 201, 401, 403),
        body={"artist_name": "Somebody"},
    ),
    Row("GET /api/users/me/declaration", SIGNED_IN),
    Row(
        "POST /api/users/me/declaration",
        (401, 200, 200, 200, 200, 401, 403),
        body={"version": 1},
    ),
    Row(
        "PATCH /api/users/me/artist",
        (401, 403, 200, 200, 403, 401, 403),
        body={"artist_name": "Somebody"},
    ),
    Row("GET /api/users/following", SIGNED_IN),
    Row("POST /api/artists/{id}/follow", (401, 200, 409, 200, 200, 401, 403), "owner"),
    Row("PUT /api/artists/{id}/follow", (401, 200, 409, 200, 200, 401, 403), "owner"),
    Row("DELETE /api/artists/{id}/follow", (401, 200, 409, 200, 200, 401, 403), "owner"),
    Row("GET /api/keys", (401, 200, 200, 200, 200, 401, 403)),
    Row(
        "POST /api/keys",
        (401, 201, 201, 201, 201, 401, 403),
        body={"name": "script", "scopes": ["read"]},
    ),
    Row("DELETE /api/keys/{id}", (401, 404, 204, 404, 404, 401, 403), "key"),
    Row("GET /api/models", OPEN),
    Row("POST /api/models", (401, 403, 400, 400, 403, 401, 403), body="a form"),
    Row(
        "POST /api/uploads",
        (401, 403, 201, 201, 403, 401, 403),
        body={"content_types": ["image/png"]},
    ),
    Row("GET /api/models/mine", (401, 403, 200, 200, 403, 401, 200)),
    Row("GET /api/models/{id}", OPEN, "style"),
    Row("GET /api/models/{id} (failed)", (404, 404, 200, 404, 404, 404, 200), "failed_style"),
    Row("PATCH /api/models/{id}", (401, 403, 200, 403, 403, 401, 403), "style", body={"price": 20}),
    Row(
        "PATCH /api/models/{id} (failed)",
        (401, 404, 200, 404, 404, 401, 403),
        "failed_style",
        body={"price": 20},
    ),
    Row("DELETE /api/models/{id}", (401, 403, 204, 403, 403, 401, 403), "style"),
    Row("DELETE /api/models/{id} (failed)", (401, 404, 204, 404, 404, 401, 403), "failed_style"),
    Row("POST /api/models/{id}/retrain", (401, 404, 200, 404, 404, 401, 403), "failed_style"),
    Row(
        "PUT /api/models/{id}/works",
        (401, 404, 400, 404, 404, 401, 403),
        "failed_style",
        body="a form",
    ),
    Row("PATCH /api/models/{id}/status", WORKER_ONLY, "style"),
    Row("GET /api/tags", OPEN),
    Row("GET /api/tags/{id}", OPEN, "tag"),
    Row("GET /api/tokens/balance", SIGNED_IN),
    Row(
        "POST /api/tokens/purchase",
        (401, 201, 201, 201, 201, 401, 403),
        body={"amount": 100, "payment_method": "card"},
    ),
    Row("GET /api/tokens/transactions", SIGNED_IN),
    Row("POST /api/images/generate", (401, 202, 202, 202, 202, 401, 403), body="an order"),
    Row("POST /api/quotes", (401, 200, 200, 200, 200, 401, 403), body="a quote"),
    Row("GET /api/images/mine", SIGNED_IN),
    Row("GET /api/images/{id}", OPEN, "public_picture"),
    Row("GET /api/images/{id} (private)", (404, 404, 200, 404, 404, 404, 200), "private_picture"),
    Row(
        "PATCH /api/images/{id}",
        (401, 403, 200, 403, 403, 401, 403),
        "public_picture",
        body={"description": "New."},
    ),
    Row(
        "PATCH /api/images/{id} (private)",
        (401, 404, 200, 404, 404, 401, 403),
        "private_picture",
        body={"description": "New."},
    ),
    Row("POST /api/images/{id}/cancel", (401, 404, 200, 404, 404, 401, 403), "queued_picture"),
    Row("GET /api/images/{id}/status", OPEN, "public_picture"),
    Row(
        "GET /api/images/{id}/status (private)",
        (404, 404, 200, 404, 404, 404, 200),
        "queued_picture",
    ),
    Row("PATCH /api/images/{id}/status", WORKER_ONLY, "queued_picture"),
    Row("POST /api/internal/signatures", WORKER_ONLY),
    Row("POST /api/images/{id}/like", (401, 200, 200, 200, 200, 401, 403), "public_picture"),
    Row("PUT /api/images/{id}/like", (401, 200, 200, 200, 200, 401, 403), "public_picture"),
    Row("DELETE /api/images/{id}/like", (401, 200, 200, 200, 200, 401, 403), "public_picture"),
    Row(
        "POST /api/images/{id}/like (private)",
        (401, 404, 404, 404, 404, 401, 403),
        "private_picture",
    ),
    Row("GET /api/images/{id}/comments", OPEN, "public_picture"),
    Row("GET /api/images/{id}/comments (private)", (404,) * 7, "private_picture"),
    Row(
        "POST /api/images/{id}/comments",
        (401, 201, 201, 201, 201, 401, 403),
        "public_picture",
        body={"content": "Lovely."},
    ),
    Row(
        "POST /api/images/{id}/comments (private)",
        (401, 404, 404, 404, 404, 401, 403),
        "private_picture",
        body={"content": "Lovely."},
    ),
    Row("DELETE /api/comments/{id}", (401, 403, 204, 403, 204, 401, 403), "comment"),
    Row("GET /api/community/feed", OPEN),
    Row("GET /api/licences", SIGNED_IN),
    Row("GET /api/licences/{number}", OPEN, "number"),
    # Of a day that has not ended.
    Row("GET /api/licences/{number}/proof", (404,) * 7, "number"),
    Row("GET /api/books", OPEN),
    Row("GET /api/books/days", OPEN),
    # Neither a file nor a number is sent.
    Row("POST /api/verify", (400, 400, 400, 400, 400, 400, 403)),
    Row(
        "PATCH /api/licences/{number}",
        (401, 403, 200, 403, 403, 401, 403),
        "number",
        body={"buyer_is_named": True},
    ),
    Row("GET /api/terms", OPEN),
    Row("GET /api/notifications", SIGNED_IN),
    Row("POST /api/notifications", WORKER_ONLY),
    Row("POST /api/notifications/mark-all-read", (401, 200, 200, 200, 200, 401, 403)),
    Row("PATCH /api/notifications/{id}/read", (401, 404, 200, 404, 404, 401, 403), "notification"),
]

INTERNAL = [row for row in TABLE if row.statuses == WORKER_ONLY]


class Scene:
    """Somebody for each column, and one thing of each kind that belongs to the owner."""

    def __init__(self, settings: Any) -> None:
        settings.INTERNAL_API_TOKENS = [WORKER]
        self.owner: User = ArtistFactory(user__tokens=1000).user
        self.ids: dict[str, Any] = {"owner": self.owner.pk}
        style = StyleFactory(artist=self.owner.artist, tags=("sea",))
        failed = StyleFactory(artist=self.owner.artist, training_status="failed")
        self.style = StyleFactory()
        # Not in the owner's styles: who has pictures under way in theirs cannot leave.
        pictures: dict[str, Callable[..., Any]] = {
            "public_picture": PublicPictureFactory,
            "private_picture": GenerationFactory,
        }
        for name, make in pictures.items():
            self.ids[name] = make(user=self.owner, style=self.style).pk
        self.ids["number"] = Licence.objects.get(pk=self.ids["private_picture"]).number
        queued = GenerationFactory(user=self.owner, style=self.style, status="queued")
        as_owner = Api(self.owner)
        path = f"/api/images/{self.ids['public_picture']}/comments"
        comment = as_owner.post(path, {"content": "Mine."}).data
        note = Notification.objects.create(recipient=self.owner, type="like", message="Liked.")
        body = {"name": "script", "scopes": ["read"]}
        key = as_owner.post("/api/keys", body).data
        self.ids |= {
            "style": style.pk,
            "failed_style": failed.pk,
            "queued_picture": queued.pk,
            "comment": comment["id"],
            "notification": note.pk,
            "key": key["id"],
            "tag": style.style_tags.get().tag_id,
        }
        self.people = {
            "anonymous": Api(),
            "user": Api(UserFactory(tokens=100)),
            "owner": as_owner,
            "artist": Api(ArtistFactory(user__tokens=100).user),
            "staff": Api(UserFactory(is_staff=True, tokens=100)),
            "worker": Api(authorization=f"Bearer {WORKER}"),
            "program": Api(authorization=f"Api-Key {key['secret']}"),
        }

    def ask(self, row: Row, column: str) -> Answer:
        """The answer to a request that leaves nothing behind."""
        with transaction.atomic():
            answer = self._send(self.people[column].twin(), row)
            transaction.set_rollback(True)
        return answer

    def _send(self, client: Api, row: Row) -> Answer:
        path = row.path.partition(" ")[0]
        path = re.sub(r"\{\w+\}", str(self.ids.get(row.thing)), path)
        if row.body == "a form":
            form = {"name": "Ink", "price": "10"}
            if row.method == "POST":
                return client.upload(path, form)
            body = encode_multipart(BOUNDARY, form)
            return client.call(row.method, path, data=body, content_type=MULTIPART_CONTENT)
        body = row.body
        if body == "an order":
            body = {"style_id": self.style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}
        if body == "a quote":
            body = {
                "items": [
                    {"style_id": self.style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}
                ]
            }
        if row.method in {"POST", "PATCH"}:
            return client.send(row.method, path, body)
        return client.call(row.method, path)


@pytest.fixture
def scene(settings) -> Scene:
    return Scene(settings)


@pytest.mark.slow
def test_the_table_of_who_may_do_what(scene):
    expected = {row.operation: dict(zip(COLUMNS, row.statuses, strict=True)) for row in TABLE}
    found = {
        row.operation: {column: scene.ask(row, column).status for column in COLUMNS}
        for row in TABLE
    }
    assert found == expected


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address under /api and what serves it."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/"):
            named = path.replace("<id:pk>", "{id}").replace("<str:number>", "{number}")
            yield f"/{named}", pattern.callback


def methods_of(view: Any) -> set[str]:
    actions = getattr(view, "actions", None)
    if actions:
        return {method.upper() for method in actions if method != "head"}
    return {"GET"}


def test_every_route_has_a_row():
    """A new endpoint without a row fails here."""
    served = {f"{method} {path}" for path, view in routes() for method in methods_of(view)}
    listed = {row.operation.partition(" (")[0] for row in TABLE}
    assert served == listed


def test_every_operation_of_the_schema_has_a_row(as_anyone):
    paths = yaml.safe_load(as_anyone.get("/api/schema").content)["paths"]
    described = {
        f"{method.upper()} {path.replace('{pk}', '{id}')}"
        for path, methods in paths.items()
        for method in methods
    }
    # What describes the API is not described by it.
    about_itself = {"GET /api/schema", "GET /api/docs"}
    assert described | about_itself == {row.operation.partition(" (")[0] for row in TABLE}


def test_a_session_without_a_csrf_token_changes_nothing(scene):
    """D5: every unsafe request with a cookie needs the token, whoever sends it."""
    careless = Api(enforce_csrf_checks=True)
    careless.http.cookies = scene.people["owner"].http.cookies.copy()
    scene.people["owner"] = careless
    unsafe = [row for row in TABLE if row.method != "GET"]
    expected = {
        row.operation: (403, "INVALID_INTERNAL_TOKEN" if row in INTERNAL else "CSRF_FAILED")
        for row in unsafe
    }
    assert {row.operation: scene.ask(row, "owner").refusal for row in unsafe} == expected


def test_a_csrf_token_opens_what_it_should(scene):
    client = Api(scene.owner, enforce_csrf_checks=True)
    client.get("/api/auth/me")
    token = client.http.cookies["csrftoken"].value
    headers = {"X-CSRFToken": token}
    assert client.patch("/api/users/me", {"bio": "New."}, headers=headers).status == 200
    answer = client.patch("/api/users/me", {"bio": "x"}, headers={"X-CSRFToken": "x" * 32})
    assert answer.refusal == (403, "CSRF_FAILED")
    assert User.objects.get(pk=scene.owner.pk).bio == "New."


def test_no_other_header_opens_a_webhook(scene):
    wrong = ["", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {WORKER}x", f"Token {WORKER}"]
    wrong += [f"Basic {WORKER}", WORKER, "Bearer é"]
    for header in wrong:
        scene.people["stranger"] = Api(authorization=header)
        for row in INTERNAL:
            assert scene.ask(row, "stranger").refusal == (403, "INVALID_INTERNAL_TOKEN")


def test_an_internal_token_has_no_rights_of_a_cookie_sent_with_it(scene):
    """Both at once: the cookie's rights need its CSRF token, the token has none of its own."""
    client = Api(scene.owner, enforce_csrf_checks=True, authorization=f"Bearer {WORKER}")
    assert client.patch("/api/users/me", {"bio": "x"}).refusal == (403, "CSRF_FAILED")
    assert client.delete("/api/users/me").refusal == (403, "CSRF_FAILED")
    assert User.objects.get(pk=scene.owner.pk).bio == ""


@pytest.mark.parametrize("token", [WORKER, "former-token"])
def test_several_internal_tokens_hold_while_they_are_rotated(scene, settings, token):
    settings.INTERNAL_API_TOKENS = ["former-token", WORKER]
    client = Api(authorization=f"bearer {token}")
    body = {"recipient_id": scene.owner.pk, "type": "follow", "message": "Hello."}
    assert client.post("/api/notifications", body).status == 201


def test_no_internal_token_set_opens_nothing(scene, settings):
    settings.INTERNAL_API_TOKENS = []
    for header in ("Bearer ", f"Bearer {WORKER}", "Bearer None"):
        answer = Api(authorization=header).post("/api/notifications", {})
        assert answer.refusal == (403, "INVALID_INTERNAL_TOKEN")


def test_a_deactivated_account_is_signed_out(scene):
    User.objects.filter(pk=scene.owner.pk).update(is_active=False)
    assert scene.people["owner"].get("/api/auth/me").refusal == (401, "UNAUTHENTICATED")


def test_every_address_is_served_with_a_slash_as_well(scene):
    for row in TABLE:
        path, _, state = row.path.partition(" ")
        with_slash = replace(row, operation=f"{row.method} {path}/ {state}")
        expected = row.statuses[COLUMNS.index("owner")]
        assert scene.ask(with_slash, "owner").status == expected, row.operation
