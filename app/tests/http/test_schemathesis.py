"""The schema is true: whatever it allows or forbids is sent, and every answer is in it.

SCHEMATHESIS_EXAMPLES makes it more thorough. Every request is rolled back, so that each meets the
same world. No operation is left out; a new style is only ever refused here, since nobody draws ten
pictures at random (``test_style_uploads`` sends real ones).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import hypothesis
import pytest
import schemathesis
import yaml
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.middleware.csrf import _get_new_csrf_string
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.models import Notification
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
)
from config.wsgi import application

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "50"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
WORKER = "internal-token-of-the-test"
FILE = django_settings.BASE_DIR / "docs" / "openapi.yaml"

schema = schemathesis.openapi.from_dict(yaml.safe_load(FILE.read_text()))
schema.app = application


class Scene:
    """One thing of each kind, all of one artist, who also buys."""

    def __init__(self) -> None:
        self.turns = cycle(range(3))
        self.me = ArtistFactory(user__tokens=100_000).user
        self.client = Api(self.me)
        style = StyleFactory(artist=self.me.artist, tags=("sea",), works=2)
        failed = StyleFactory(artist=self.me.artist, training_status="failed")
        training = StyleFactory(artist=self.me.artist, training_status="training")
        other = StyleFactory()
        picture = PublicPictureFactory(user=self.me, style=other)
        queued = GenerationFactory(user=self.me, style=other, status="queued")
        path = f"/api/images/{picture.pk}/comments"
        comment = self.client.post(path, {"content": "."}).data
        key = self.client.post("/api/keys", {"name": "k", "scopes": ["read"]}).data
        note = Notification.objects.create(recipient=self.me, type="follow", message=".")
        # By the beginning of the address; the longest that fits counts.
        self.ids = {
            "/api/models/": style.pk,
            "/api/models/{id}/retrain": failed.pk,
            "/api/models/{id}/status": training.pk,
            "/api/images/": picture.pk,
            "/api/images/{id}/cancel": queued.pk,
            "/api/images/{id}/status": queued.pk,
            "/api/users/": self.me.pk,
            "/api/artists/": other.artist_id,
            "/api/tags/": style.style_tags.get().tag_id,
            "/api/comments/": comment["id"],
            "/api/keys/": key["id"],
            "/api/notifications/": note.pk,
        }
        self.in_bodies = {
            "style_id": other.pk,
            "parent_id": comment["id"],
            "recipient_id": self.me.pk,
        }
        self.tasks = {
            "/api/models/{id}/status": str(training.task_id),
            "/api/images/{id}/status": str(queued.task_id),
        }

    def aim(self, case: Any) -> None:
        """Let two of three requests meet what is there: a number drawn at random never does."""
        if next(self.turns) == 2:
            return
        path = case.operation.path
        fitting = [start for start in self.ids if path.startswith(start)]
        if fitting and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = self.ids[max(fitting, key=len)]
        if isinstance(case.body, dict):
            known = {**self.in_bodies, "task_id": self.tasks.get(path), "attempt": 1}
            for name in set(known) & set(case.body):
                case.body[name] = known[name]


@pytest.fixture
def scene(settings) -> Iterator[Scene]:
    settings.INTERNAL_API_TOKENS = [WORKER]
    settings.DEMO_SIGN_IN = True
    # Set up, so that their addresses answer; they themselves are asked only with a state of ours.
    settings.GOOGLE_CLIENT_ID = "client"
    settings.SOCIALACCOUNT_PROVIDERS = {
        name: {**provider, "APPS": [{**provider["APPS"][0], "client_id": "client"}]}
        for name, provider in settings.SOCIALACCOUNT_PROVIDERS.items()
    }
    world = Scene()
    # A web server's way to end a request would close the connection that is rolled back. (Django's
    # test client, used above, connects these again.)
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield world
    for signal in signals:
        signal.connect(close_old_connections)


def ask(case: Any, **credentials: Any) -> None:
    """Send ``case``, check the answer, and leave nothing behind."""
    with transaction.atomic():
        response = case.call(**credentials)
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)


few = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
    database=None,
)


@schema.parametrize()
@few
def test_without_signing_in_every_answer_is_in_the_schema(case, scene):
    scene.aim(case)
    ask(case)


@schema.parametrize()
@few
def test_signed_in_every_answer_is_in_the_schema(case, scene):
    """As an artist with tokens; the webhooks as a worker."""
    scene.aim(case)
    if {"internalToken": []} in case.operation.definition.raw.get("security", []):
        ask(case, headers={"Authorization": f"Bearer {WORKER}"})
        return
    token = _get_new_csrf_string()
    cookies = {"sessionid": scene.client.http.cookies["sessionid"].value, "csrftoken": token}
    ask(case, headers={"X-CSRFToken": token, "Authorization": ""}, cookies=cookies)
