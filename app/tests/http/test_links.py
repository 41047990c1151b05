"""Private files: reached by signed links alone, which die."""

from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from app.models import Artwork, Style
from app.services import storage
from app.tests.api import Api
from app.tests.factories import GenerationFactory, PublicPictureFactory
from app.tests.uploads import style_form
from app.utils import links

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture():
    return PublicPictureFactory()


def link_to(client: Api, picture) -> str:
    return client.get(f"/api/images/{picture.pk}").data["image_url"]


class TestLinks:
    def test_a_link_opens_its_file(self, as_anyone, picture):
        answer = as_anyone.follow_link(link_to(as_anyone, picture))
        assert (answer.status, answer.content) == (200, b"a picture")
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "private" in answer.headers["Cache-Control"]

    @pytest.mark.parametrize(
        "change",
        [
            {"signature": "0" * 40},
            {"signature": ""},
            {"signature": "é"},
            {"expires": "9999999999"},
            {"expires": "0"},
            {"expires": "-1"},
            {"expires": ""},
            {"expires": "x"},
            {"expires": "9" * 500},
            {"expires": "٣"},
        ],
    )
    def test_a_forged_link_opens_nothing(self, as_anyone, picture, change):
        parts = urlsplit(link_to(as_anyone, picture))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | change
        assert as_anyone.get(parts.path, **query).refusal == (403, "PERMISSION_DENIED")

    def test_a_file_without_a_signature_is_closed(self, as_anyone, picture):
        answer = as_anyone.get(f"/media/{picture.image_path}")
        assert answer.refusal == (403, "PERMISSION_DENIED")

    def test_a_link_opens_no_other_file(self, as_anyone, picture):
        other = GenerationFactory()
        link = link_to(as_anyone, picture)
        forged = link.replace(picture.image_path, other.image_path)
        assert as_anyone.follow_link(forged).refusal == (403, "PERMISSION_DENIED")

    def test_a_link_dies_within_the_hour(self, as_anyone, picture, settings):
        assert settings.MEDIA_LINK_SECONDS == 3600
        for minute in (0, 29, 31, 59):
            with time_machine.travel(f"2026-11-22T12:{minute:02}:00Z", tick=False) as now:
                link = link_to(as_anyone, picture)
                now.shift(29 * 60)
                assert as_anyone.follow_link(link).status == 200
                now.shift(31 * 60 + 1)
                assert as_anyone.follow_link(link).refusal == (403, "PERMISSION_DENIED")

    def test_a_link_stays_the_same_for_a_while_so_that_browsers_keep_the_file(
        self, as_anyone, picture
    ):
        with time_machine.travel("2026-11-22T12:00:01Z", tick=False) as now:
            first = link_to(as_anyone, picture)
            now.shift(600)
            assert link_to(as_anyone, picture) == first

    def test_links_of_a_former_key_live_until_they_die(self, as_anyone, picture, settings):
        link = link_to(as_anyone, picture)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
        assert as_anyone.follow_link(link).status == 200
        settings.SECRET_KEY_FALLBACKS = []
        assert as_anyone.follow_link(link).status == 403

    @pytest.mark.parametrize("key", ["../settings.py", "a/../../b", "/etc/passwd", "..%2f..%2fx"])
    def test_nothing_outside_of_the_storage_is_served_even_if_signed(self, as_anyone, media, key):
        """A signature for such a key is never made; should one ever be, nothing is served."""
        parts = urlsplit(links.link(key))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = as_anyone.get(f"/media/{key}", **query)
        assert answer.status in {400, 403, 404}

    def test_a_file_that_is_gone_is_not_found(self, as_anyone, picture):
        link = link_to(as_anyone, picture)
        storage.delete([picture.image_path])
        assert as_anyone.follow_link(link).refusal == (404, "NOT_FOUND")

    def test_links_are_only_read(self, as_anyone, picture):
        link = urlsplit(link_to(as_anyone, picture))
        for method in ("POST", "PUT", "DELETE"):
            answer = as_anyone.call(method, f"{link.path}?{link.query}")
            assert answer.status == 405
        assert as_anyone.call("HEAD", f"{link.path}?{link.query}").status == 200

    def test_nginx_is_told_where_the_file_lies(self, as_anyone, picture, settings):
        settings.MEDIA_ACCEL_LOCATION = "/protected/"
        answer = as_anyone.follow_link(link_to(as_anyone, picture))
        assert answer.headers["X-Accel-Redirect"] == f"/protected/{picture.image_path}"
        assert answer.content == b""

    def test_a_picture_elsewhere_is_linked_as_it_is(self):
        assert links.link("https://example.org/me.png") == "https://example.org/me.png"
        assert links.link("") == ""


class TestWhoIsGivenLinks:
    def test_a_private_picture_gives_no_link_to_others(self, as_anyone):
        private = GenerationFactory()
        assert as_anyone.get(f"/api/images/{private.pk}").refusal == (404, "NOT_FOUND")
        assert private.image_path not in as_anyone.get("/api/community/feed").content.decode()

    def test_a_picture_that_turned_private_gives_none_and_its_old_link_dies(self, as_anyone):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
            picture = PublicPictureFactory()
            link = link_to(as_anyone, picture)
            Api(picture.user).patch(f"/api/images/{picture.pk}", {"visibility": "private"})
            assert as_anyone.get(f"/api/images/{picture.pk}").status == 404
            now.shift(3601)
            assert as_anyone.follow_link(link).status == 403

    def test_nobody_is_given_a_training_original(self, as_artist, as_anyone):
        made = as_artist.upload("/api/models", style_form())
        Style.objects.update(training_status="completed", model_path="file:///model")
        shown = as_anyone.get(f"/api/models/{made.data['id']}")
        assert shown.status == 200
        for answer in (made, shown, as_anyone.get("/api/models")):
            assert b"/originals/" not in answer.content
            assert b"file:///model" not in answer.content
        original = Artwork.objects.first().image_path
        assert as_anyone.get(f"/media/{original}").refusal == (403, "PERMISSION_DENIED")
