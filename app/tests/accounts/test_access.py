"""Who may do what: one row for every operation, and a walk that misses none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver

from app.models import Licence, Notification, Payout, Style, User
from app.services.safety import appeals, deciding, reporting
from app.services.webhooks import endpoints
from app.tests.accounts.who_may import COLUMNS, DESK, HOOK, TABLE, WORKER_ONLY, Row
from app.tests.api import Answer, Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.ordering import order_of
from app.tests.safety.staff import act, member, moderator, report
from app.utils import clock

pytestmark = pytest.mark.django_db

WORKER = "an internal token of the test"
INTERNAL = [row for row in TABLE if row.statuses == WORKER_ONLY]


class Scene:
    """Somebody for each column, and one thing of each kind that belongs to the owner."""

    def __init__(self, settings: Any) -> None:
        settings.INTERNAL_API_TOKENS = [WORKER]
        self.owner: User = ArtistFactory(user__tokens=1000).user
        self.ids: dict[str, Any] = {"owner": self.owner.pk}
        style = StyleFactory(artist=self.owner.artist, tags=("sea",))
        failed = StyleFactory(artist=self.owner.artist, training_status="failed")
        self.draft = draft = StyleFactory(
            artist=self.owner.artist, works=1, is_active=False, is_draft=True
        )
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
        items = [{"style_id": self.style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"}]
        order = as_owner.post("/api/orders", {"items": items}).data
        hook = endpoints.create(user=self.owner, url=HOOK)
        as_owner.post("/api/tokens/purchase", {"amount": 100, "payment_method": "card"})
        collection = as_owner.post("/api/collections", {"name": "Mine"}).data
        body = {"name": "script", "scopes": ["read"]}
        key = as_owner.post("/api/keys", body).data
        self.ids |= {
            "style": style.pk,
            "failed_style": failed.pk,
            "draft": draft.pk,
            "queued_picture": queued.pk,
            "order": order["id"],
            "collection": collection["id"],
            "comment": comment["id"],
            "notification": note.pk,
            "key": key["id"],
            "purchase": self.owner.purchases.get().pk,
            "tag": style.style_tags.get().tag_id,
            "webhook": hook.pk,
            "payout": Payout.objects.create(
                artist=self.owner,
                amount=1000,
                price=1000,
                currency="usd",
                status="failed",
                until=clock.now(),
                gateway="test",
            ).pk,
            "month": "2026-11",
            **self._decided(style),
            "delivery": endpoints.send_test(user=self.owner, endpoint_id=hook.pk).pk,
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

    def _decided(self, style: Style) -> dict[str, Any]:
        """A statement that the owner got, and what waits for our staff."""
        hidden = PublicPictureFactory(user=self.owner, style=self.style).pk
        decided = act("picture", hidden, "hide")
        other = PublicPictureFactory(style=self.style)
        proposal = deciding.propose_revocation(
            generation_id=other.pk, staff=moderator(), words="Copied.", ground="copyright"
        )
        reported = report("picture", self.ids["public_picture"])
        stated = act("picture", PublicPictureFactory(style=self.style).pk, "hide").statement
        appeal = appeals.appeal(user=stated.recipient, statement_id=stated.pk, words="No.")
        return {
            "statement": decided.statement_id,
            "report": reporting.token_of(reported),
            "case": proposal.case_id,
            "proposal": proposal.pk,
            "appeal": appeal.pk,
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
        bodies = {
            "an order": order_of(self.style),
            "a draft": order_of(self.draft),
            "a quote": {"items": [order_of(self.style)]},
            "a quote of a draft": {"items": [order_of(self.draft)]},
            "a report": {"kind": "style", "id": self.ids["style"], "reason": "spam"},
        }
        body = bodies[row.body] if isinstance(row.body, str) else row.body
        if row.method in {"POST", "PUT", "PATCH"}:
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


@pytest.mark.parametrize("right", ["moderate", "money", "operate"])
def test_the_desk_is_open_to_the_right_to_moderate_alone(scene, right):
    """The other two rights are of refunds and of jobs: app/tests/safety/test_rights.py."""
    scene.people["staff"] = Api(member(right))
    rows = [Row(operation, (), thing, body) for operation, thing, body in DESK]
    found = {row.operation: scene.ask(row, "staff").status for row in rows}
    opened = {"GET": 200, "POST": 201, "DELETE": 204}
    if right != "moderate":
        assert set(found.values()) == {403}
        return
    # To one case a revocation is proposed already; a judgement makes nothing.
    judging, proposing = DESK[-1][0], DESK[4][0]
    expected = {row.operation: opened[row.method] for row in rows} | {judging: 200, proposing: 409}
    assert found == expected


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address under /api and what serves it."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/"):
            named = (
                path.replace("<id:pk>", "{id}")
                .replace("<str:number>", "{number}")
                .replace("<str:month>", "{month}")
                .replace("<str:token>", "{token}")
                .replace("<str:pk>", "{id}")
            )
            yield f"/{named}", pattern.callback


def methods_of(view: Any) -> set[str]:
    actions = getattr(view, "actions", None)
    if actions:
        return {method.upper() for method in actions if method != "head"}
    # Apple sends a form.
    return {"GET", "POST"} if view.__name__ == "apple_callback" else {"GET"}


def test_every_route_has_a_row():
    """A new endpoint without a row fails here."""
    served = {f"{method} {path}" for path, view in routes() for method in methods_of(view)}
    listed = {row.operation.partition(" (")[0] for row in TABLE}
    assert served == listed


def test_every_operation_of_the_schema_has_a_row(as_anyone):
    paths = as_anyone.get("/api/schema?format=json").body["paths"]
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
    # What a provider signs has no cookie, and answers nobody who has one.
    signed = {"POST /api/payments/stripe/webhook", "POST /api/auth/apple/callback"}
    unsafe = [row for row in TABLE if row.method != "GET" and row.operation not in signed]
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
