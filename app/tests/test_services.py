"""What services promise to callers that have checked less than the API does."""

from io import BytesIO

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from app.exceptions import ArtistOnly, InvalidInput, NotFound, ServiceUnavailable
from app.models import IdempotencyKey, Style
from app.services import (
    idempotency_service,
    notification_service,
    operations_service,
    storage,
    style_service,
    tag_service,
    user_service,
)
from app.services.uploads import upload_service
from app.tests.factories import ArtistFactory, StyleFactory, UserFactory
from app.tests.uploads import file, files_in, picture

pytestmark = pytest.mark.django_db


def test_a_user_who_is_no_artist_prepares_no_upload(media):
    nothing = {"description": "", "price": 1, "tags": [], "images": [], "image_tags": []}
    with pytest.raises(ArtistOnly):
        style_service.prepare_upload(user=UserFactory(), name="Ink", **nothing)
    assert files_in(media) == set()


@pytest.mark.parametrize("names", [["바다"], [""], [f"tag {n}" for n in range(21)]])
def test_what_is_no_tag_is_named_by_its_field(names):
    with pytest.raises(InvalidInput) as refused:
        tag_service.parse(names, field="tags")
    assert list(refused.value.details) == ["tags"]


def test_a_file_under_a_taken_key_is_not_kept(media):
    storage.save("a/b.png", BytesIO(b"first"))
    with pytest.raises(ServiceUnavailable):
        storage.save("a/b.png", BytesIO(b"second"))
    assert files_in(media) == {"a/b.png"}
    assert (media / "a" / "b.png").read_bytes() == b"first"


class TestUploadPlaces:
    def test_are_for_artists(self):
        with pytest.raises(ArtistOnly):
            upload_service.open_places(user=UserFactory(), content_types=["image/png"])

    def test_take_nothing_where_none_is_open(self, media):
        with pytest.raises(NotFound):
            upload_service.receive("uploads/1/none/000.png", BytesIO(b"x"))
        assert files_in(media) == set()

    def test_are_used_once(self):
        artist = ArtistFactory().user
        (place,) = upload_service.open_places(user=artist, content_types=["image/png"])
        with transaction.atomic():
            upload_service.use(user_id=artist.pk, keys=[place.key])
        with pytest.raises(InvalidInput), transaction.atomic():
            upload_service.use(user_id=artist.pk, keys=[place.key])


def test_a_file_that_is_gone_is_the_storages_fault(media):
    with pytest.raises(ServiceUnavailable):
        storage.open_file("styles/gone.png")


def test_a_training_under_way_is_given_to_another_server():
    style = StyleFactory(works=1, training_status="training", attempt=1)
    operations_service.retry_training(style)
    style.refresh_from_db()
    assert (style.training_status, style.attempt) == ("pending", 2)


class TestErrorsOfTheDatabaseThatNobodyForesaw:
    """They are passed on: to call them something else would hide a mistake of ours."""

    def test_of_a_style(self):
        style = StyleFactory()
        Style.objects.filter(pk=style.pk).update(is_active=False)
        with pytest.raises(IntegrityError, match="style_price_in_range"), transaction.atomic():
            style_service.update_style(user=style.artist.user, style_id=style.pk, price=0)

    def test_of_a_profile(self, media):
        user = UserFactory()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE app_user ADD CONSTRAINT no_bio CHECK (bio = '')")
        with pytest.raises(IntegrityError, match="no_bio"):
            user_service.update_profile(user=user, bio="x", profile_image=file(picture()).file)
        assert files_in(media) == set()

    def test_of_a_notification(self):
        user = UserFactory()
        with pytest.raises(IntegrityError, match="message"):
            notification_service.tell(
                recipient_id=user.pk, kind="follow", message=None, target_id=None
            )


class TestWhatWasPrepared:
    """Of a request that fails, once its preparations (files, a payment) are made."""

    def run(self, error: Exception, key: str) -> list[str]:
        """What was discarded when acting failed with ``error``."""
        discarded: list[str] = []

        def act(prepared: str):
            raise error

        with pytest.raises(type(error)):
            idempotency_service.run_once(
                user=UserFactory(),
                key=key,
                fingerprint="f",
                prepare=lambda: "prepared",
                act=act,
                discard=discarded.append,
            )
        assert not IdempotencyKey.objects.exists()
        return discarded

    @pytest.mark.parametrize("key", ["", "a-key"])
    def test_it_is_discarded_when_the_request_fails(self, key):
        assert self.run(ZeroDivisionError(), key) == ["prepared"]

    @pytest.mark.parametrize("key", ["", "a-key"])
    def test_it_is_kept_when_nobody_knows_whether_the_commit_happened(self, key):
        assert self.run(DatabaseError(), key) == []
