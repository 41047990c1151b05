"""What an artist typed can be mended: names, signature, cover, works that were not trained."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from app.models import Artist, Artwork, OutboxMessage, Style, User
from app.services import generation_service, storage, user_service
from app.services.uploads import upload_service
from app.tests import uploads
from app.tests.api import Api
from app.tests.factories import ArtistFactory, StyleFactory
from app.tests.ordering import order
from app.utils import clock
from protocol import GENERATION_QUEUE, decode_task
from tests.pictures import signature_png

SAVED = {"description": "", "price": 10, "tags": ""}


def drawn(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


class TestNameAndSignature:
    def test_are_changed(self, artist: User, style: Style, signed_in, media: Path) -> None:
        client = signed_in(artist)
        assert 'href="/studio/profile"' in client.get("/studio").content.decode()
        page = client.get("/studio/profile").content.decode()
        assert f'value="{artist.artist.artist_name}"' in page
        assert "You have no signature" in page
        sent = {"artist_name": "Mira H.", "drawing": drawn(signature_png())}
        assert client.post("/studio/profile", sent)["Location"] == "/studio/profile"
        first = Artist.objects.get(pk=artist.pk)
        assert first.artist_name == "Mira H."
        assert (media / first.signature_image).is_file()
        assert "Mira H." in client.get(f"/styles/{style.pk}").content.decode()
        # The name alone leaves the signature; another one takes its place.
        client.post("/studio/profile", {"artist_name": "Mira"})
        kept = Artist.objects.get(pk=artist.pk)
        assert (kept.artist_name, kept.signature_image) == ("Mira", first.signature_image)
        assert first.signature_image in client.get("/studio/profile").content.decode()
        file = uploads.file(signature_png(), "signature.png")
        client.post("/studio/profile", {"artist_name": "Mira", "signature_image": file})
        last = Artist.objects.get(pk=artist.pk).signature_image
        assert last != first.signature_image
        # A picture that is ordered at this moment may still be signed with the old one.
        assert upload_service.forget_expired() == 0
        assert (media / first.signature_image).is_file()
        with time_machine.travel(clock.now() + timedelta(days=7, seconds=5)):
            assert upload_service.forget_expired() == 1
        assert uploads.files_in(media / "signatures") == {Path(last).name}

    def test_an_order_under_way_finds_the_signature_that_it_was_given(
        self, artist: User, buyer: User, style: Style, signed_in, media: Path, monkeypatch
    ) -> None:
        client = signed_in(artist)
        sent = {"artist_name": "Mira", "drawing": drawn(signature_png())}
        client.post("/studio/profile", sent)
        old = Artist.objects.get(pk=artist.pk).signature_image
        lock_buyer = generation_service.lock_buyer

        def meanwhile(user_id: int) -> User:
            """The order has read the style and its artist, and nothing of it is written yet."""
            client.post("/studio/profile", sent)
            return lock_buyer(user_id)

        monkeypatch.setattr(generation_service, "lock_buyer", meanwhile)
        assert order(Api(buyer), style).status == 202
        told = decode_task(bytes(OutboxMessage.objects.get(queue=GENERATION_QUEUE).body))
        assert told.data.signature_path == storage.uri(old)
        assert (media / old).is_file()
        assert (media / Artist.objects.get(pk=artist.pk).signature_image).is_file()

    def test_old_signatures_are_no_uploads_and_go_with_their_artist(
        self, artist: User, signed_in, media: Path
    ) -> None:
        client = signed_in(artist)
        sent = {"artist_name": "Mira", "drawing": drawn(signature_png())}
        keys = []
        for _ in range(11):
            client.post("/studio/profile", sent)
            keys.append(Artist.objects.get(pk=artist.pk).signature_image)
        form = uploads.style_form(images=None, image_keys=keys[:10])
        answer = Api(artist).upload("/api/models", form)
        assert (answer.status, list(answer.details)) == (400, ["image_keys"])
        user_service.close_account(artist)
        upload_service.forget_expired()
        assert uploads.files_in(media / "signatures") == set()

    def test_what_is_wrong_changes_nothing(self, artist: User, signed_in, media: Path) -> None:
        ArtistFactory(artist_name="Sol")
        before = Artist.objects.values_list("artist_name", "signature_image").get(pk=artist.pk)
        client = signed_in(artist)
        drawing = drawn(signature_png())
        for sent, said in (
            (
                {"artist_name": "sol", "drawing": drawing},
                "This artist name, or one that looks like it, is taken. Choose another one.",
            ),
            ({"artist_name": "\u200b\u2800"}, "A name needs a letter that can be seen. Add one."),
            ({"artist_name": ""}, "This field is required."),
            ({"artist_name": "Mira", "drawing": "data:image/png;base64,AAAA"}, "not a PNG"),
        ):
            answer = client.post("/studio/profile", sent)
            assert answer.status_code == 400
            assert said in answer.content.decode()
        assert (
            Artist.objects.values_list("artist_name", "signature_image").get(pk=artist.pk) == before
        )
        assert uploads.files_in(media / "signatures") == set()

    def test_is_the_artists_alone(self, buyer: User, signed_in) -> None:
        assert signed_in(buyer).post("/studio/profile", {})["Location"] == "/studio/join"
        buyer.refresh_from_db()
        assert not buyer.is_artist


class TestStyle:
    def test_name_and_cover_are_changed(self, artist: User, style: Style, signed_in) -> None:
        client = signed_in(artist)
        page = client.get(f"/studio/styles/{style.pk}").content.decode()
        third = style.artworks.order_by("position")[2]
        assert f'name="cover" value="{third.pk}"' in page
        sent = {**SAVED, "name": "Wet Papers", "cover": third.pk}
        assert client.post(f"/studio/styles/{style.pk}", sent).status_code == 302
        style.refresh_from_db()
        assert (style.name, style.thumbnail) == ("Wet Papers", third.preview_path)
        page = client.get(f"/studio/styles/{style.pk}").content.decode()
        assert f'name="cover" value="{third.pk}" checked' in page
        # The new name is the one that is taken; its own is not in its way.
        other = StyleFactory(artist=artist.artist, name="Fog")
        refused = client.post(f"/studio/styles/{other.pk}", {**SAVED, "name": "wet papers"})
        assert "You already have a style named" in refused.content.decode()
        assert (
            client.post(f"/studio/styles/{other.pk}", {**SAVED, "name": "fog"}).status_code == 302
        )
        free = client.post(f"/studio/styles/{other.pk}", {**SAVED, "name": "Wet Paper"})
        assert free.status_code == 302

    def test_cover_is_a_work_of_this_style(self, artist: User, style: Style, signed_in) -> None:
        strange = StyleFactory(works=10).artworks.first()
        before = style.thumbnail
        sent = {**SAVED, "name": style.name, "price": 99, "cover": strange.pk}
        answer = signed_in(artist).post(f"/studio/styles/{style.pk}", sent)
        assert "There is no such work." in answer.content.decode()
        style.refresh_from_db()
        assert (style.thumbnail, style.price) == (before, 10)

    @pytest.mark.parametrize("name", ["", "\u3164", "x" * 101])
    def test_name_is_one(self, name: str, artist: User, style: Style, signed_in) -> None:
        answer = signed_in(artist).post(f"/studio/styles/{style.pk}", {**SAVED, "name": name})
        assert answer.status_code == 400
        style.refresh_from_db()
        assert style.name == "Wet Paper"

    def test_works_that_were_not_trained_give_way_to_others(
        self, artist: User, signed_in, media: Path
    ) -> None:
        style = StyleFactory(artist=artist.artist, name="Fog", training_status="failed", works=10)
        client = signed_in(artist)
        page = client.get(f"/studio/styles/{style.pk}").content.decode()
        assert f"/studio/styles/{style.pk}/again" in page
        again = client.post(f"/studio/styles/{style.pk}/again")
        assert again["Location"] == f"/studio/upload?again={style.pk}"
        assert 'value="Fog"' in client.get(again["Location"]).content.decode()
        client.post("/studio/upload", uploads.style_form(name="Fog", declared="on"))
        assert Artwork.objects.filter(style__name="Fog", style__is_draft=True).count() == 10

    def test_trained_works_stay(self, artist: User, style: Style, signed_in) -> None:
        client = signed_in(artist)
        assert client.post(f"/studio/styles/{style.pk}/again")["Location"].endswith(f"/{style.pk}")
        style.refresh_from_db()
        assert style.is_active
