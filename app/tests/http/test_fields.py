"""Every field of every write, with everything it must not be: 400, the field named, no change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from app.models import User
from app.tests.api import Answer, Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.http.field_rules import HUGE, NUL, WRITES, Write
from app.tests.uploads import files_in, style_form

pytestmark = pytest.mark.django_db


class Scene:
    def __init__(self) -> None:
        self.buyer: User = UserFactory(tokens=1000)
        artist = ArtistFactory().user
        style = StyleFactory(artist=artist.artist)
        training = StyleFactory(artist=artist.artist, training_status="training")
        picture = PublicPictureFactory(user=self.buyer, style=style)
        queued = GenerationFactory(user=self.buyer, style=style, status="queued")
        self.names = {
            "style": style.pk,
            "training": training.pk,
            "picture": picture.pk,
            "queued": queued.pk,
            "buyer": self.buyer.pk,
            "queued_task": str(queued.task_id),
            "training_task": str(training.task_id),
        }
        self.people = {
            "anonymous": Api(),
            "buyer": Api(self.buyer),
            "artist": Api(artist),
            "worker": Api(authorization="Bearer development-internal-token"),
        }

    def fill(self, value: Any) -> Any:
        """``value`` with the names in it replaced by what they stand for."""
        if isinstance(value, dict):
            return {key: self.fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        if isinstance(value, str) and value.startswith("{"):
            return self.names[value.strip("{}")]
        return value

    def send(self, write: Write, body: dict[str, Any]) -> Answer:
        method, path = write.operation.split(" ")
        client = self.people[write.actor]
        return client.send(method, path.format(**self.names), self.fill(body))


@pytest.fixture
def scene(settings) -> Scene:
    settings.DEMO_SIGN_IN = True
    return Scene()


def everything() -> str:
    """A digest of every row of every table of ours."""
    tables = [name for name in connection.introspection.table_names() if name.startswith("app_")]
    queries = [
        f"SELECT md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
        for name in sorted(tables)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(queries))
        return "".join(digest for (digest,) in cursor.fetchall())


def complaint(answer: Answer, path: str) -> str:
    """What is wrong with a refusal; empty when it is as it should be."""
    if answer.status != 400:
        return f"answered {answer.status}"
    if answer.code != "VALIDATION_ERROR":
        return answer.code
    named = list(answer.details)
    if not any(name == path or name.startswith(f"{path}.") for name in named):
        return f"named {named}"
    return ""


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.operation)
def test_nothing_wrong_is_taken(scene, write):
    before = everything()
    complaints = {}
    for case, path, body in write.cases():
        found = complaint(scene.send(write, body), path)
        if everything() != before:
            found += " and something changed"
            before = everything()
        if found:
            complaints[case] = found
    assert complaints == {}


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.operation)
def test_what_is_right_is_taken(scene, write):
    """The control of the test above: but for the one wrong field, each body is taken."""
    before = everything()
    assert scene.send(write, {**write.good, "unknown": [1]}).status < 300
    assert (everything() != before) == write.changes


UPLOADS = {
    "name": [None, "", "  ", "x" * 101, NUL, "x" * 100_000],
    "price": [None, "", "x", "1.5", "0", "-1", "10001", str(HUGE), "9" * 5000, "1e3", "٣x", NUL],
    "tags": ["x" * 51, "바다", NUL, ",".join(f"tag {n}" for n in range(21)), "x" * 100_000],
    "description": ["x" * 2001, NUL],
}


@pytest.mark.parametrize("name", UPLOADS)
def test_nothing_wrong_is_taken_in_an_upload(scene, media, name):
    before, files = everything(), files_in(media)
    complaints = {}
    for value in UPLOADS[name]:
        answer = scene.people["artist"].upload("/api/models", style_form(**{name: value}))
        found = complaint(answer, name)
        if everything() != before or files_in(media) != files:
            found += " and something changed"
        if found:
            complaints[repr(value)[:60]] = found
    assert complaints == {}


DEEP = json.loads("[" * 60 + "]" * 60)


@pytest.mark.parametrize("value", [{"a": NUL}, {NUL: 1}, {"a": [{"b": NUL}]}, {"a": DEEP}], ids=str)
@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("PATCH /api/images/{queued}/status", "metadata"),
        ("PATCH /api/models/{training}/status", "training_metric"),
    ],
)
def test_what_the_database_cannot_keep_is_refused_at_any_depth(scene, operation, name, value):
    [write] = [write for write in WRITES if write.operation == operation]
    before = everything()
    answer = scene.send(replace(write, fields={}), {**write.good, name: value})
    assert complaint(answer, name) == ""
    assert everything() == before


@pytest.mark.parametrize("operation", ["PATCH /api/images/{queued}/status"])
@pytest.mark.parametrize(
    "inner",
    ["[" * 5000 + "]" * 5000, "1e999", "9" * 5000, '"\\ud800"', '{"a":' * 900 + "1" + "}" * 900],
)
def test_numbers_and_depths_of_no_end_are_refused(scene, operation, inner):
    [write] = [write for write in WRITES if write.operation == operation]
    text = json.dumps(scene.fill(write.good))[:-1] + f', "metadata": {{"a": {inner}}}}}'
    path = f"/api/images/{scene.names['queued']}/status"
    before = everything()
    answer = scene.people["worker"].patch(path, text)
    assert answer.refusal == (400, "VALIDATION_ERROR")
    assert everything() == before
