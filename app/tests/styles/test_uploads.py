"""Uploads beside the API: signed links for PUT, used once, by whoever asked for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from app.models import Artwork, OutboxMessage, PendingUpload, Style
from app.services.uploads import upload_service
from app.tests.api import Answer, Api
from app.tests.factories import ArtistFactory
from app.tests.uploads import files_in, picture, style_form

pytestmark = pytest.mark.django_db(transaction=True)

UPLOADS = "/api/uploads"


def places(api: Api, count: int = 10) -> list[dict]:
    return api.post(UPLOADS, {"content_types": ["image/png"] * count}).data["uploads"]


def put(place: dict, content: bytes, **headers: str) -> int:
    url = urlsplit(place["url"])
    kind = headers.get("content_type", place["headers"]["Content-Type"])
    return Client().put(f"{url.path}?{url.query}", content, content_type=kind).status_code


def uploaded(api: Api, count: int = 10) -> list[str]:
    given = places(api, count)
    assert {put(place, picture(number)) for number, place in enumerate(given)} == {200}
    return [place["key"] for place in given]


def create(api: Api, keys: list[str], **changes: object) -> Answer:
    return api.upload("/api/models", style_form(images=None, image_keys=keys, **changes))


def test_a_style_is_made_of_uploads_which_are_gone_then(as_artist, media) -> None:
    keys = uploaded(as_artist)
    style_id = create(as_artist, keys, image_tags='{"3": ["boat"]}').data["id"]
    works = list(Artwork.objects.filter(style_id=style_id).order_by("position"))
    assert [(media / work.image_path).read_bytes() for work in works] == [
        picture(number) for number in range(10)
    ]
    assert [link.tag.name for link in works[3].artwork_tags.all()] == ["boat"]
    assert not PendingUpload.objects.exists()
    assert not any(name.startswith("uploads/") for name in files_in(media))
    assert create(as_artist, keys, name="Again").refusal == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no picture at all", "INVALID_IMAGE_FORMAT"),
        (picture(7, size=(200, 300)), "IMAGE_TOO_SMALL"),
        (picture(0), "DUPLICATE_IMAGE"),
    ],
)
def test_what_was_uploaded_is_judged_like_what_is_sent(as_artist, media, content, code) -> None:
    keys = uploaded(as_artist)
    other = places(as_artist, 1)[0]
    assert put(other, content) == 200
    answer = create(as_artist, [*keys, other["key"]])
    assert answer.refusal == (400, code)
    assert [each["index"] for each in answer.details["images"]] == [10]
    assert not Style.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert all(name.startswith("uploads/") for name in files_in(media))
    assert create(as_artist, keys).status == 201


def test_uploads_belong_to_who_asked_for_them(as_artist) -> None:
    other = Api(ArtistFactory().user)
    assert create(other, uploaded(as_artist)).refusal == (400, "VALIDATION_ERROR")
    assert not Style.objects.exists()


def test_a_place_without_a_file_and_a_key_twice_are_named(as_artist) -> None:
    keys = uploaded(as_artist)
    empty = places(as_artist, 1)[0]["key"]
    assert "number 10" in create(as_artist, [*keys, empty]).details["image_keys"][0]
    assert "twice" in create(as_artist, [*keys, keys[0]]).details["image_keys"][0]
    both = as_artist.upload("/api/models", style_form(image_keys=keys))
    assert "not both" in both.details["image_keys"][0]


def test_links_hold_for_one_key_one_kind_and_one_hour(as_artist, media) -> None:
    first, second = places(as_artist, 2)
    crossed = {**first, "url": first["url"].replace(first["key"], second["key"])}
    assert put(crossed, picture()) == 403
    assert put(first, picture(), content_type="text/html") == 403
    reading = urlsplit(first["url"].replace("/uploads/uploads/", "/media/uploads/"))
    assert put(first, picture()) == 200
    assert Client().get(f"{reading.path}?{reading.query}").status_code == 403
    assert Client().get(urlsplit(first["url"]).path).status_code == 405
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1, seconds=5), tick=True):
        assert put(second, picture()) == 403


def test_a_file_above_10_mb_is_refused_while_it_arrives(as_artist, media) -> None:
    place = places(as_artist, 1)[0]
    assert put(place, b"x" * (10 * 1024 * 1024 + 1)) == 400
    assert not files_in(media)


def test_uploads_that_nobody_used_are_forgotten_with_their_files(as_artist, media) -> None:
    keys = uploaded(as_artist)
    assert upload_service.forget_expired() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2, seconds=5), tick=True):
        assert create(as_artist, keys).refusal == (400, "VALIDATION_ERROR")
        assert upload_service.forget_expired() == len(keys)
    assert not files_in(media)


def test_nobody_hoards_places(as_artist, as_buyer) -> None:
    assert as_buyer.post(UPLOADS, {"content_types": ["image/png"]}).refusal == (403, "ARTIST_ONLY")
    for _ in range(2):
        places(as_artist, 100)
    full = as_artist.post(UPLOADS, {"content_types": ["image/png"]})
    assert full.refusal == (400, "VALIDATION_ERROR")
    kind = as_artist.post(UPLOADS, {"content_types": ["image/gif"]})
    assert kind.refusal == (400, "VALIDATION_ERROR")
