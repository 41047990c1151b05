"""Profile pictures and signatures that show nudity are taken down, and may come back."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from app.exceptions import InvalidTransition
from app.models import Artist, Notification, PictureCheck, User
from app.services import moderation_service, storage, user_service
from app.services.checks import people, pictures
from app.services.safety import keeping
from app.tests.checks.looking import FakeCheck
from app.tests.factories import ArtistFactory, UserFactory
from app.tests.safety.staff import moderator
from app.tests.uploads import file, picture
from app.utils import clock

pytestmark = pytest.mark.django_db


def signature() -> bytes:
    """A stroke of ink on nothing."""
    image = Image.new("RGBA", (300, 100))
    ImageDraw.Draw(image).line([(20, 80), (150, 20), (280, 80)], "black", 12)
    stored = BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


@pytest.fixture
def user(check: FakeCheck) -> User:
    user = UserFactory()
    user_service.update_profile(user=user, profile_image=file(picture()))
    user.refresh_from_db()
    return user


def told(user: User, kind: str) -> str:
    return Notification.objects.get(recipient=user, type=kind).message


def test_a_good_one_leaves_no_row(check, user):
    assert user.profile_image
    assert pictures.check_next() is True
    assert not PictureCheck.objects.exists()
    key = user.profile_image
    user.refresh_from_db()
    assert user.profile_image == key


def test_a_nude_profile_picture_is_taken_down_and_its_owner_told(check, user):
    key, check.says = user.profile_image, 0.6
    pictures.check_next()
    user.refresh_from_db()
    assert (user.profile_image, storage.exists(key)) == ("", True)
    assert told(user, "image_taken").startswith("A check by machine found nudity in your profile")
    held = PictureCheck.objects.held().get()
    staff = moderator()
    moderation_service.lift_check(held, staff=staff, reason="A statue.")
    user.refresh_from_db()
    assert user.profile_image == key
    assert told(user, "image_back").endswith("it is shown again. Reason: A statue.")
    with pytest.raises(InvalidTransition):
        moderation_service.uphold_check(held, staff=staff, reason="Once more.")


def test_what_staff_upholds_is_deleted_once_nobody_can_appeal(check, user):
    key, check.says = user.profile_image, 0.99
    pictures.check_next()
    held = PictureCheck.objects.held().get()
    moderation_service.uphold_check(held, staff=moderator(), reason="Porn.")
    assert told(user, "image_refused").endswith("Reason: Porn.")
    keeping.sweep()
    assert storage.exists(key)
    PictureCheck.objects.update(decided_at=clock.now() - timedelta(days=400))
    keeping.sweep()
    assert not storage.exists(key)


def test_another_one_that_was_taken_meanwhile_stays(check, user):
    check.says = 0.99
    pictures.check_next()
    held = PictureCheck.objects.held().get()
    check.says = 0.0
    # As a request reads them: what was taken down is not the picture that the new one replaces.
    user.refresh_from_db()
    user_service.update_profile(user=user, profile_image=file(picture(2)))
    assert storage.exists(held.key)
    pictures.check_next()
    user.refresh_from_db()
    kept = user.profile_image
    moderation_service.lift_check(held, staff=moderator(), reason="Fine.")
    user.refresh_from_db()
    assert user.profile_image == kept != ""


def test_what_was_replaced_before_the_look_takes_nothing_down(check, user):
    user_service.update_profile(user=user, profile_image=file(picture(3)))
    user.refresh_from_db()
    first = PictureCheck.objects.order_by("pk").first()
    people.judge(first, 0.99)
    kept = user.profile_image
    user.refresh_from_db()
    assert user.profile_image == kept != ""
    assert not PictureCheck.objects.filter(pk=first.pk).exists()


def test_a_signature_too_and_the_name_is_set_in_type_instead(check):
    artist = ArtistFactory()
    user_service.update_artist(user=artist.user, signature_image=file(signature()))
    check.says = 0.6
    pictures.check_next()
    assert Artist.objects.get().signature_image == ""
    assert told(artist.user, "image_taken").startswith(
        "A check by machine found nudity in your signature. Your name is set in type"
    )


def test_whoever_leaves_leaves_nothing(check, user):
    key, check.says = user.profile_image, 0.99
    pictures.check_next()
    user_service.close_account(user)
    assert not PictureCheck.objects.exists()
    assert not storage.exists(key)
