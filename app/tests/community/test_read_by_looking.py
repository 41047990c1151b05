"""Whoever looks at a thing has read what they were told of it; a GET for nobody's eyes reads
nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Generation, Notification, Style, User
from app.services import api_key_service, community_service, notification_service
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db

AHEAD = (
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
)


@pytest.fixture
def kim() -> User:
    return UserFactory(username="kim")


@pytest.fixture
def style(artist: User) -> Style:
    return StyleFactory(artist=artist.artist)


@pytest.fixture
def picture(buyer: User, kim: User) -> Generation:
    """With two unread notifications."""
    made = PublicPictureFactory(user=buyer)
    Notification.objects.all().delete()
    community_service.set_like(user=kim, generation_id=made.pk, is_liked=True)
    community_service.add_comment(user=kim, generation_id=made.pk, content="Fine.")
    return made


def unread() -> list[str]:
    return sorted(Notification.objects.filter(is_read=False).values_list("type", flat=True))


def statements(act: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    asked = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in asked if "SAVEPOINT" not in sql]


def test_its_owner_reads_what_is_about_a_picture(as_buyer, buyer, picture):
    other = PublicPictureFactory(user=buyer)  # ready, which is told
    path = f"/api/images/{picture.pk}"
    first = statements(lambda: as_buyer.get(path))
    assert unread() == ["generation_complete"]
    assert Notification.objects.get(is_read=False).target_id == other.pk
    second = statements(lambda: as_buyer.get(path))
    assert (len(first), len(second)) == (3, 2)
    assert [sql for sql in second if "UPDATE" in sql] == []


def test_nobody_else_does(as_anyone, picture, kim):
    lou = Api(UserFactory())
    path = f"/api/images/{picture.pk}"
    assert len(statements(lambda: as_anyone.get(path))) == 1
    assert len(statements(lambda: lou.get(path))) == 2
    assert unread() == ["comment", "like"]


def test_an_answer_is_read_with_the_picture(as_buyer, buyer, picture, kim):
    parent = kim.comments.get()
    community_service.add_comment(
        user=buyer, generation_id=picture.pk, content="Thanks.", parent_id=parent.pk
    )
    Api(kim).get(f"/api/images/{picture.pk}")
    assert not Notification.objects.filter(recipient=kim, is_read=False).exists()
    assert unread() == ["comment", "like"]


def test_a_style_and_a_person(as_artist, artist, style, kim):
    notification_service.tell_training_complete(style)
    community_service.set_follow(user=kim, artist_id=artist.pk, is_following=True)
    other = StyleFactory(artist=artist.artist)
    assert as_artist.get(f"/api/models/{other.pk}").status == 200
    assert as_artist.get(f"/api/users/{artist.pk}").status == 200
    assert unread() == ["follow", "training_complete"]
    assert as_artist.get(f"/api/models/{style.pk}").status == 200
    assert unread() == ["follow"]
    assert as_artist.get(f"/api/users/{kim.pk}").status == 200
    assert unread() == []


@pytest.mark.parametrize("headers", AHEAD, ids=str)
def test_what_is_fetched_ahead_reads_nothing(as_buyer, picture, headers):
    answer = as_buyer.call("GET", f"/api/images/{picture.pk}", headers=headers)
    assert answer.status == 200
    assert unread() == ["comment", "like"]


def test_neither_does_a_head_nor_a_poll_nor_a_list(as_buyer, picture):
    for method, path in (
        ("HEAD", f"/api/images/{picture.pk}"),
        ("GET", f"/api/images/{picture.pk}/status"),
        ("GET", f"/api/images/{picture.pk}/comments"),
        ("GET", "/api/images/mine"),
        ("GET", "/api/notifications"),
    ):
        assert as_buyer.call(method, path).status == 200
    assert unread() == ["comment", "like"]


def test_a_program_looks_at_nothing(buyer, picture):
    key = api_key_service.create_key(user=buyer, name="k", scopes=["read", "manage"])
    client = Api(authorization=f"Api-Key {key.secret}")
    assert client.get(f"/api/images/{picture.pk}").data["cost"] == picture.cost
    assert unread() == ["comment", "like"]


def test_what_cannot_be_seen_is_not_read(as_buyer, buyer, picture, kim):
    """A picture that its owner has hidden since: who was answered there gets a 404."""
    parent = kim.comments.get()
    community_service.add_comment(
        user=buyer, generation_id=picture.pk, content="Thanks.", parent_id=parent.pk
    )
    Generation.objects.filter(pk=picture.pk).update(visibility="private")
    assert Api(kim).get(f"/api/images/{picture.pk}").status == 404
    assert Notification.objects.filter(recipient=kim, is_read=False).exists()
