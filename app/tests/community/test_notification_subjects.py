"""A notification shows what it is about, as far as its reader may see it."""

from __future__ import annotations

from typing import Any

import pytest

from app.models import Generation, Notification, Style, User
from app.services import community_service, moderation_service, notification_service, user_service
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db

NOTIFICATIONS = "/api/notifications"
PREVIEW = "generations/x/1/preview-w640.webp"
SMALLEST = "generations/x/1/preview-w320.webp"


@pytest.fixture
def kim() -> User:
    return UserFactory(username="kim")


@pytest.fixture
def picture(buyer: User, kim: User) -> Generation:
    """Its owner was told of a comment, and kim of the answer."""
    made = PublicPictureFactory(user=buyer)
    Generation.objects.filter(pk=made.pk).update(preview_path=PREVIEW)
    Notification.objects.all().delete()
    first = community_service.add_comment(user=kim, generation_id=made.pk, content="Fine.")
    community_service.add_comment(
        user=buyer, generation_id=made.pk, content="Thanks.", parent_id=first.pk
    )
    return made


def shown(user: User) -> tuple[str | None, str | None]:
    """The file of the thumbnail, and the words."""
    [row] = Api(user).get(NOTIFICATIONS).results
    url = row["thumbnail_url"]
    return url and url.partition("/media/")[2].partition("?")[0], row["subject"]


def test_a_picture_has_its_smallest_preview_and_its_words(buyer, kim, picture):
    assert shown(buyer) == (SMALLEST, "castle, sea")
    assert shown(kim) == (SMALLEST, "castle, sea")
    Generation.objects.filter(pk=picture.pk).update(preview_path="one.webp")
    assert shown(buyer) == ("one.webp", "castle, sea")


def hide(picture: Generation, staff: User) -> None:
    moderation_service.hide_picture(picture, staff=staff, reason="Rude.")
    Notification.objects.filter(type="picture_hidden").delete()


def make_private(picture: Generation, staff: User) -> None:
    Generation.objects.filter(pk=picture.pk).update(visibility="private")


@pytest.mark.parametrize("take_away", [make_private, hide])
def test_what_is_private_now_is_shown_to_its_owner_alone(buyer, kim, picture, take_away):
    take_away(picture, UserFactory(is_staff=True, is_superuser=True))
    assert shown(buyer) == (SMALLEST, "castle, sea")
    assert shown(kim) == (None, None)


def test_nothing_is_left_of_who_has_left(buyer, kim, picture):
    Notification.objects.filter(recipient=kim).update(actor=None)
    user_service.close_account(buyer)
    assert shown(kim) == (None, None)


def test_what_was_never_made_or_is_gone_has_no_picture(buyer):
    told: dict[str, Any] = {"recipient": buyer, "type": "generation_failed", "message": "."}
    Notification.objects.create(**told, target_type="image", target_id=999_999)
    assert shown(buyer) == (None, None)
    Notification.objects.all().delete()
    Notification.objects.create(**told)
    assert shown(buyer) == (None, None)


def test_a_style_has_its_cover_and_name(artist, as_artist, kim):
    cover = "styles/x/0-w640.webp"
    style: Style = StyleFactory(artist=artist.artist, name="Fog", thumbnail=cover)
    notification_service.tell_training_complete(style)
    assert shown(artist) == ("styles/x/0-w320.webp", "Fog")
    Style.objects.filter(pk=style.pk).update(is_active=False, training_status="failed")
    assert shown(artist) == ("styles/x/0-w320.webp", "Fog")
    Notification.objects.create(
        recipient=kim, type="training_failed", message=".", target_type="style", target_id=style.pk
    )
    assert shown(kim) == (None, None)


def test_a_person_has_their_face(artist, kim):
    User.objects.filter(pk=kim.pk).update(profile_image="profiles/k.webp")
    community_service.set_follow(user=kim, artist_id=artist.pk, is_following=True)
    assert shown(artist) == ("profiles/k.webp", "kim")


def test_reading_it_shows_the_same(as_buyer, picture):
    [row] = as_buyer.get(NOTIFICATIONS).results
    read = as_buyer.patch(f"{NOTIFICATIONS}/{row['id']}/read").data
    assert read == {**row, "is_read": True}
