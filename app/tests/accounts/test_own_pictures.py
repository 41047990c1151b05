"""Signatures and profile pictures: what they must be, and what becomes of them."""

import io

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from app.tests.api import Answer, Api
from app.tests.factories import ArtistFactory
from app.tests.uploads import file, files_in, picture
from tests.odd_pictures import bomb
from tests.pictures import signature_png

pytestmark = pytest.mark.django_db


class TestOwnPicturesOfPeople:
    ARTIST = "/api/users/me/artist"

    def become(self, client: Api, **form) -> Answer:
        return client.upload(self.ARTIST, {"artist_name": "Bo Ink", **form})

    def test_a_signature_is_kept_as_a_clean_png(self, as_buyer, buyer, media):
        answer = self.become(as_buyer, signature_image=file(signature_png()))
        assert answer.status == 201
        assert answer.data["role"] == "artist"
        assert len(files_in(media)) == 1
        shown = as_buyer.follow_link(answer.data["artist"]["signature_image"])
        with Image.open(io.BytesIO(shown.content)) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (240, 80))

    @pytest.mark.parametrize(
        "content",
        [
            picture(1),  # without alpha
            picture(1, kind="JPEG"),
            picture(1, kind="GIF"),
            b"text",
            b"",
            signature_png()[:60],
            bomb(50_000),
            signature_png() + b"\0" * 1024 * 1024,
        ],
    )
    def test_what_is_no_signature_is_refused(self, as_buyer, buyer, media, content):
        answer = self.become(as_buyer, signature_image=file(content))
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["signature_image"]
        buyer.refresh_from_db()
        assert (buyer.role, files_in(media)) == ("user", set())

    def test_an_empty_signature_is_refused(self, as_buyer):
        buffer = io.BytesIO()
        Image.new("RGBA", (100, 50), (0, 0, 0, 0)).save(buffer, "PNG")
        answer = self.become(as_buyer, signature_image=file(buffer.getvalue()))
        assert list(answer.details) == ["signature_image"]

    def test_a_profile_picture_becomes_a_square_and_replaces_the_old_file(
        self, as_buyer, media, django_capture_on_commit_callbacks
    ):
        for number in (1, 2):
            content = picture(number, size=(600, 400), kind="JPEG")
            with django_capture_on_commit_callbacks(execute=True):
                answer = as_buyer.call(
                    "PATCH", "/api/users/me", **multipart({"profile_image": file(content)})
                )
            shown = as_buyer.follow_link(answer.data["profile_image"])
            with Image.open(io.BytesIO(shown.content)) as image:
                assert (image.format, image.size) == ("WEBP", (256, 256))
        assert len(files_in(media)) == 1

    @pytest.mark.parametrize(
        "content",
        [
            b"text",
            b"",
            picture(1, kind="GIF"),
            bomb(50_000),
            picture(1) + b"\0" * 2 * 1024 * 1024,
            picture(1)[:60],
        ],
    )
    def test_what_is_no_profile_picture_is_refused(self, as_buyer, buyer, media, content):
        answer = as_buyer.call(
            "PATCH", "/api/users/me", **multipart({"profile_image": file(content), "bio": "New."})
        )
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["profile_image"]
        buyer.refresh_from_db()
        assert (buyer.bio, buyer.profile_image, files_in(media)) == ("", "", set())

    def test_a_taken_name_leaves_no_new_picture_behind(self, as_buyer, media):
        ArtistFactory(user__username="mira")
        answer = as_buyer.call(
            "PATCH",
            "/api/users/me",
            **multipart({"username": "MIRA", "profile_image": file(picture(1))}),
        )
        assert list(answer.details) == ["username"]
        assert files_in(media) == set()


def multipart(form: dict) -> dict:
    return {"data": encode_multipart(BOUNDARY, form), "content_type": MULTIPART_CONTENT}
