"""A link that somebody has does not open any more what was hidden since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import OperationalError

from app.models import Decision, Generation, PictureCheck, Style, User
from app.services import moderation_service, storage
from app.services.checks import people
from app.services.deletion_service import files_of
from app.services.safety import closing
from app.tests.api import Api
from app.tests.factories import ArtistFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import act, moderator
from app.utils import clock, links

pytestmark = pytest.mark.django_db
GONE, OPEN = 404, 200


@pytest.fixture(autouse=True)
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(closing, "CLOSED", closing.Closed())


@pytest.fixture
def owner() -> User:
    made: User = ArtistFactory().user
    return made


@pytest.fixture
def style(owner: User, media: Path) -> Style:
    made: Style = StyleFactory(artist=owner.artist, works=1)
    stored(media, made.artworks.get().image_path)
    return made


@pytest.fixture
def picture(owner: User, style: Style, media: Path) -> Generation:
    made: Generation = PublicPictureFactory(user=owner, style=style)
    for key in files_of(made):
        stored(media, key)
    return made


@pytest.fixture
def portrait(owner: User, media: Path) -> str:
    key = "profiles/x.webp"
    stored(media, key)
    User.objects.filter(pk=owner.pk).update(profile_image=key)
    return key


def stored(media: Path, key: str) -> None:
    (media / key).parent.mkdir(parents=True, exist_ok=True)
    (media / key).write_bytes(b"paint")


def on_s3(settings: Any) -> None:
    """Links are signed here: no server is asked."""
    settings.S3_BUCKET = "works"
    options = {"bucket_name": "works", "endpoint_url": "https://s3.example.com"}
    options |= {"access_key": "a", "secret_key": "b", "region_name": "eu-west-1"}
    options |= {"querystring_expire": settings.MEDIA_LINK_SECONDS}
    backend = {"BACKEND": "app.utils.s3_storage.PrivateS3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    links._s3_link.cache_clear()


def opens(key: str, owner: User) -> list[int]:
    """What an old link answers to strangers, to others, to the owner and to our staff."""
    link = links.link(key)
    people = (Api(), Api(UserFactory()), Api(owner), Api(moderator()))
    return [each.follow_link(link).status for each in people]


FOR_ALL, FOR_NONE = [OPEN] * 4, [GONE, GONE, OPEN, OPEN]


@pytest.mark.parametrize(
    ("kind", "action"), [("picture", "hide"), ("style", "hold"), ("style", "withdraw")]
)
def test_of_what_is_hidden_and_of_what_is_shown_again(
    kind: str, action: str, owner: User, style: Style, picture: Generation
) -> None:
    keys = {"picture": picture.image_path, "style": style.artworks.get().image_path}
    ids = {"picture": picture.pk, "style": style.pk}
    assert opens(keys[kind], owner) == FOR_ALL
    act(kind, ids[kind], action)
    assert opens(keys[kind], owner) == FOR_NONE
    # A style's pictures stay.
    other = keys["picture" if kind == "style" else "style"]
    assert opens(other, owner) == FOR_ALL
    act(kind, ids[kind], "restore")
    if kind == "picture":
        Api(owner).patch(f"/api/images/{picture.pk}", {"visibility": "public"})
    assert opens(keys[kind], owner) == FOR_ALL


def test_of_an_account_that_is_suspended(owner, style, picture, portrait) -> None:
    keys = [picture.image_path, style.artworks.get().image_path, portrait]
    act("profile", owner.pk, "suspend")
    assert [opens(key, owner) for key in keys] == [FOR_NONE] * 3
    act("profile", owner.pk, "restore")
    assert [opens(key, owner) for key in keys] == [FOR_ALL] * 3


def test_of_a_profile_picture_that_a_check_takes(owner, portrait, settings, monkeypatch) -> None:
    settings.PICTURE_CHECK = "opennsfw"
    monkeypatch.setattr(people.nudity, "checker", lambda: type("Fake", (), {"name": "fake/1"}))
    check = PictureCheck.objects.create(
        kind="profile", user=owner, key=portrait, due_at=clock.now()
    )
    people.judge(check, 0.99)
    assert opens(portrait, owner) == FOR_NONE
    moderation_service.lift_check(check, staff=moderator(), reason="A statue.")
    assert opens(portrait, owner) == FOR_ALL


def test_of_what_its_owner_deletes(owner, picture) -> None:
    assert Api(owner).delete(f"/api/images/{picture.pk}").status == 204
    assert opens(picture.image_path, owner) == FOR_NONE


def test_what_was_private_opens_for_programs_of_its_owner(owner, picture) -> None:
    """They send no cookie with a link, and nobody else has one."""
    Generation.objects.update(visibility="private")
    act("picture", picture.pk, "hide")
    assert opens(picture.image_path, owner) == FOR_ALL


def test_after_the_links_of_before_have_died_nothing_is_closed(owner, picture, settings) -> None:
    act("picture", picture.pk, "hide")
    settings.MEDIA_LINK_SECONDS = 1
    assert storage.exists(picture.image_path)
    later = closing.clock.now() + timedelta(seconds=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closing.clock, "now", lambda: later)
        assert closing.CLOSED.owner_of(picture.image_path) is None


def test_while_the_database_is_away_what_is_known_holds(owner, picture, monkeypatch) -> None:
    act("picture", picture.pk, "hide")
    assert closing.CLOSED.owner_of(picture.image_path) == owner.pk

    def away() -> Iterator[Any]:
        raise OperationalError

    monkeypatch.setattr(closing.CLOSED, "_ask", away)
    assert closing.CLOSED.owner_of(picture.image_path) == owner.pk


def test_it_costs_two_statements_a_second(
    owner: User, picture: Generation, monkeypatch: Any, django_assert_num_queries: Any
) -> None:
    act("picture", picture.pk, "hide")
    assert Decision.objects.count() == 1
    monkeypatch.setattr(closing, "FRESH_SECONDS", 60.0)
    closing.CLOSED.owner_of("x")
    with django_assert_num_queries(0):
        assert closing.CLOSED.owner_of(picture.image_path) == owner.pk
    closing.CLOSED.asked_at = float("-inf")
    with django_assert_num_queries(2):
        assert closing.CLOSED.owner_of(picture.image_path) == owner.pk


def test_on_s3_those_of_before_end_in_time_and_nobody_gets_another(
    owner: User, picture: Generation, settings: Any
) -> None:
    """S3 judges links by itself, so they have to carry their own end."""
    settings.MEDIA_LINK_SECONDS = 600
    on_s3(settings)
    path, before = f"/api/images/{picture.pk}", clock.now()
    given = parse_qs(urlsplit(Api().get(path).data["image_url"]).query)
    assert given["X-Amz-Expires"] == ["600"]
    signed_at = datetime.strptime(given["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert signed_at <= before
    act("picture", picture.pk, "hide")
    assert Api().get(path).status == 404
    assert "X-Amz-Signature" in Api(owner).get(path).data["image_url"]
