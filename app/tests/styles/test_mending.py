"""What was typed can be mended: an artist's name and signature, a style's name, cover and works."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from app.models import Artist, Artwork, Generation, OutboxMessage, Style, UploadCheck, User
from app.services.uploads import check_service
from app.tests.api import Answer, Api
from app.tests.factories import ArtistFactory, GenerationFactory, StyleFactory
from app.tests.ordering import report_training
from app.tests.uploads import check_all, file, files, files_in, picture, uploaded
from protocol import decode_task
from tests.pictures import signature_png

pytestmark = pytest.mark.django_db

ARTIST = "/api/users/me/artist"


def send(client: Api, method: str, path: str, form: dict[str, Any], **options: Any) -> Answer:
    body = encode_multipart(BOUNDARY, form)
    return client.call(method, path, data=body, content_type=MULTIPART_CONTENT, **options)


class TestArtists:
    def test_a_name_is_changed_wherever_it_is_shown(self, as_artist, artist, as_anyone) -> None:
        style = StyleFactory(artist=artist.artist)
        for _ in range(2):
            answer = as_artist.patch(ARTIST, {"artist_name": "Mira Halden-Berg"})
            assert answer.data["artist"]["artist_name"] == "Mira Halden-Berg"
        shown = as_anyone.get(f"/api/models/{style.pk}").data["artist"]
        assert shown["artist_name"] == "Mira Halden-Berg"
        assert as_anyone.get("/api/models", sort="popular").results[0]["artist"] == shown
        assert as_artist.patch(ARTIST, {}).data == answer.data

    @pytest.mark.parametrize("name", ["", "\u3164", "x" * 61, "KIM INK", "Kim Ιnk"])
    def test_a_name_that_is_none_or_taken_is_refused(self, as_artist, artist, name) -> None:
        ArtistFactory(artist_name="Kim Ink")
        answer = as_artist.patch(ARTIST, {"artist_name": name})
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["artist_name"]
        assert Artist.objects.get(pk=artist.pk).artist_name == "Mira Halden"

    def test_only_artists_have_one(self, as_buyer, as_anyone) -> None:
        assert as_buyer.patch(ARTIST, {"artist_name": "Bo"}).refusal == (403, "ARTIST_ONLY")
        assert as_anyone.patch(ARTIST, {"artist_name": "Bo"}).refusal == (401, "UNAUTHENTICATED")
        assert not Artist.objects.filter(artist_name="Bo").exists()

    def test_a_signature_is_for_what_is_ordered_from_now_on(
        self, as_artist, artist, media, as_worker
    ) -> None:
        style = StyleFactory(artist=artist.artist)
        first = send(as_artist, "PATCH", ARTIST, {"signature_image": file(signature_png())})
        under_way = GenerationFactory(style=style, status="queued")
        old = signature_of(under_way)
        answer = send(as_artist, "PATCH", ARTIST, {"signature_image": file(signature_png())})
        assert answer.data["artist"]["artist_name"] == "Mira Halden"
        assert answer.data["artist"]["signature_image"] != first.data["artist"]["signature_image"]
        shown = as_artist.follow_link(answer.data["artist"]["signature_image"]).content
        assert Image.open(io.BytesIO(shown)).format == "PNG"
        # The worker still finds what the order named.
        assert old.rpartition("/")[2] in {name.rpartition("/")[2] for name in files_in(media)}
        later = signature_of(GenerationFactory(style=style, status="queued"))
        assert (signature_of(under_way), later != old) == (old, True)

    @pytest.mark.parametrize("content", [b"text", b"", picture(1)])
    def test_what_is_no_signature_changes_nothing(self, as_artist, artist, media, content) -> None:
        form = {"artist_name": "New Name", "signature_image": file(content)}
        answer = send(as_artist, "PATCH", ARTIST, form)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["signature_image"]
        kept = Artist.objects.get(pk=artist.pk)
        assert (kept.artist_name, kept.signature_image) == ("Mira Halden", "")
        assert files_in(media) == set()


def signature_of(generation: Generation) -> str:
    """What the worker was told when it was ordered."""
    tasks = [decode_task(bytes(message.body)) for message in OutboxMessage.objects.all()]
    (path,) = (task.data.signature_path for task in tasks if task.task_id == generation.task_id)
    return path


class TestStyles:
    def test_name_and_cover_are_changed(self, as_artist, artist, as_anyone) -> None:
        style = StyleFactory(artist=artist.artist, name="Wet Papper", works=3)
        work = style.artworks.get(position=2)
        for _ in range(2):
            change = {"name": "Wet Paper", "cover": work.pk}
            shown = as_artist.patch(f"/api/models/{style.pk}", change).data
            assert shown["name"] == "Wet Paper"
            assert "/previews/002" in shown["thumbnail"]
        assert as_anyone.get("/api/models").results[0]["name"] == "Wet Paper"

    @pytest.mark.parametrize("name", ["ink", "INK", "ІNK"])
    def test_a_name_of_another_style_is_refused_and_named(self, as_artist, artist, name) -> None:
        StyleFactory(artist=artist.artist, name="Ink")
        style = StyleFactory(artist=artist.artist, name="Wet Paper")
        answer = as_artist.patch(f"/api/models/{style.pk}", {"name": name, "price": 20})
        assert answer.refusal == (400, "DUPLICATE_STYLE_NAME")
        assert list(answer.details) == ["name"]
        style.refresh_from_db()
        assert (style.name, style.price) == ("Wet Paper", 10)

    def test_a_cover_is_one_of_its_works(self, as_artist, artist) -> None:
        style = StyleFactory(artist=artist.artist, works=1)
        other = StyleFactory(artist=artist.artist, works=1).artworks.get()
        for cover in (other.pk, 2**62):
            answer = as_artist.patch(f"/api/models/{style.pk}", {"cover": cover})
            assert answer.refusal == (400, "VALIDATION_ERROR")
            assert list(answer.details) == ["cover"]

    def test_nobody_else_mends_it(self, as_buyer, artist) -> None:
        style = StyleFactory(artist=artist.artist, name="Ink")
        for client in (as_buyer, Api(ArtistFactory().user)):
            answer = client.patch(f"/api/models/{style.pk}", {"name": "Mine"})
            assert answer.refusal == (403, "PERMISSION_DENIED")
        assert Style.objects.get(pk=style.pk).name == "Ink"


@pytest.fixture
def failed(artist: User) -> Style:
    style = StyleFactory(
        artist=artist.artist, training_status="failed", tags=("sea",), works=2, description="Old."
    )
    Style.objects.filter(pk=style.pk).update(failure_reason="Image 1: too small.")
    return style


def put(client: Api, style: Style, form: dict[str, Any], **options: Any) -> Answer:
    return send(client, "PUT", f"/api/models/{style.pk}/works", form, **options)


class TestWorks:
    def test_other_works_take_the_place_of_those_that_failed(
        self, as_artist, failed, media
    ) -> None:
        former = failed.task_id
        answer = put(as_artist, failed, {"images": files(10), "image_tags": '{"1": ["boat"]}'})
        shown = answer.data
        assert (shown["id"], shown["name"], shown["description"]) == (
            *(failed.pk, failed.name),
            "Old.",
        )
        assert (shown["training_status"], shown["failure_reason"]) == ("pending", None)
        assert [tag["name"] for tag in shown["tags"]] == ["sea"]
        assert len(shown["artworks"]) == 10
        assert shown["thumbnail"] == shown["artworks"][0]["image_url"]
        failed.refresh_from_db()
        assert failed.task_id != former
        check_all()
        task = decode_task(bytes(OutboxMessage.objects.get().body))
        assert (task.task_id, task.data.image_tags[1]) == (failed.task_id, ["boat"])
        stored = files_in(media)
        for work in failed.artworks.all():
            assert {work.image_path, work.preview_path} <= stored

    def test_the_files_of_the_former_ones_go(
        self, as_artist, failed, media, django_capture_on_commit_callbacks
    ) -> None:
        put(as_artist, failed, {"images": files(10)})
        before = files_in(media)
        Style.objects.filter(pk=failed.pk).update(training_status="failed")
        with django_capture_on_commit_callbacks(execute=True):
            assert put(as_artist, failed, {"images": files(11, first=50)}).status == 200
        assert Artwork.objects.filter(style=failed).count() == 11
        assert before.isdisjoint(files_in(media))

    @pytest.mark.parametrize("status", ["pending", "training", "completed"])
    def test_only_of_what_failed(self, as_artist, artist, media, status) -> None:
        style = StyleFactory(artist=artist.artist, training_status=status, works=2)
        # Also where the works are bad: they are not looked at in vain.
        for count in (10, 9):
            answer = put(as_artist, style, {"images": files(count)})
            assert answer.refusal == (409, "INVALID_TRANSITION")
        assert (style.artworks.count(), files_in(media)) == (2, set())

    def test_only_by_its_artist(self, as_buyer, failed, media) -> None:
        for client in (as_buyer, Api(ArtistFactory().user)):
            assert put(client, failed, {"images": files(10)}).refusal == (404, "NOT_FOUND")
        assert (failed.artworks.count(), files_in(media)) == (2, set())

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ({"images": files(9)}, "INSUFFICIENT_IMAGES"),
            ({"images": [*files(9), file(b"text")]}, "INVALID_IMAGE_FORMAT"),
            ({"images": [*files(9), file(picture(1))]}, "DUPLICATE_IMAGE"),
            ({"images": files(10), "image_tags": '{"10": ["boat"]}'}, "VALIDATION_ERROR"),
            ({"image_keys": ["uploads/1/x/000.png"] * 10}, "VALIDATION_ERROR"),
        ],
    )
    def test_bad_ones_are_refused_as_in_a_new_style(
        self, as_artist, failed, media, form, code
    ) -> None:
        assert put(as_artist, failed, form).refusal == (400, code)
        failed.refresh_from_db()
        assert (failed.training_status, failed.artworks.count()) == ("failed", 2)
        assert files_in(media) == set()

    def test_by_links_they_are_checked_after_the_answer(self, as_artist, failed) -> None:
        Style.objects.filter(pk=failed.pk).update(created_at="2020-01-01T00:00Z")
        keys = uploaded(as_artist)
        assert put(as_artist, failed, {"image_keys": keys}).data["artworks"] == []
        assert UploadCheck.objects.get().style_id == failed.pk
        # An old style is no old upload.
        assert check_service.oldest_age() < 60
        assert check_service.check_next()
        failed.refresh_from_db()
        assert (failed.artworks.count(), failed.training_status) == (10, "pending")
        assert failed.thumbnail

    def test_the_same_key_is_done_once(self, as_artist, failed, media) -> None:
        headers = {"Idempotency-Key": "other-works"}
        first = put(as_artist, failed, {"images": files(10)}, headers=headers)
        stored = files_in(media)
        again = put(as_artist, failed, {"images": files(10)}, headers=headers)
        assert again.data["task_id"] == first.data["task_id"]
        assert again.headers["Idempotent-Replayed"] == "true"
        assert check_all() == 1
        assert (OutboxMessage.objects.count(), files_in(media)) == (1, stored)

    def test_then_it_is_trained(self, as_artist, failed, as_worker) -> None:
        put(as_artist, failed, {"images": files(10)})
        failed.refresh_from_db()
        former = str(uuid4())
        answer = report_training(as_worker, failed, "training", task_id=former)
        assert answer.refusal == (409, "STALE_ATTEMPT")
        assert report_training(as_worker, failed, "training").status == 200
        shown = as_artist.get(f"/api/models/{failed.pk}").data
        assert shown["training_status"] == "training"
