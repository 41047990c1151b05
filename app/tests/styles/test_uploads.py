"""Uploads beside the API: signed links for PUT, used once, by whoever asked for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from app.models import PendingUpload, Style
from app.services import storage, user_service
from app.services.uploads import upload_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory
from app.tests.uploads import (
    check_all,
    create_of,
    files_in,
    picture,
    places,
    put,
    style_form,
    uploaded,
)
from app.utils import clock

pytestmark = pytest.mark.django_db(transaction=True)

UPLOADS = "/api/uploads"


def test_uploads_belong_to_who_asked_for_them(as_artist) -> None:
    other = Api(ArtistFactory().user)
    assert create_of(other, uploaded(as_artist)).refusal == (400, "VALIDATION_ERROR")
    assert not Style.objects.exists()


def test_a_place_without_a_file_and_a_key_twice_are_named(as_artist) -> None:
    keys = uploaded(as_artist)
    empty = places(as_artist, 1)[0]["key"]
    assert "number 10" in create_of(as_artist, [*keys, empty]).details["image_keys"][0]
    assert "twice" in create_of(as_artist, [*keys, keys[0]]).details["image_keys"][0]
    both = as_artist.upload("/api/models", style_form(image_keys=keys))
    assert "not both" in both.details["image_keys"][0]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "INVALID_IMAGE_FORMAT"), (bytes(10 * 1024 * 1024 + 1), "IMAGE_TOO_LARGE")],
)
def test_files_of_a_wrong_size_are_named_at_once(as_artist, media, content, code) -> None:
    keys = uploaded(as_artist)
    (media / keys[3]).write_bytes(content)
    answer = create_of(as_artist, keys)
    assert answer.refusal == (400, code)
    assert [each["index"] for each in answer.details["images"]] == [3]
    assert not Style.objects.exists()
    assert PendingUpload.objects.count() == 10


@pytest.mark.parametrize(("count", "code"), [(9, "INSUFFICIENT_IMAGES"), (101, "TOO_MANY_IMAGES")])
def test_ten_to_a_hundred_uploads(as_artist, count, code) -> None:
    answer = create_of(as_artist, [f"uploads/{number}.png" for number in range(count)])
    assert answer.refusal == (400, code)


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
        assert create_of(as_artist, keys).refusal == (400, "VALIDATION_ERROR")
        assert upload_service.forget_expired() == len(keys)
    assert not files_in(media)


@pytest.mark.parametrize("is_leaving", [False, True])
def test_what_comes_late_by_a_link_is_deleted_once_no_link_works(
    as_artist, artist, media, is_leaving
) -> None:
    """S3 judges links by themselves: it takes a file for a place that was used, or closed."""
    given = places(as_artist, 10)
    assert [put(place, picture(number)) for number, place in enumerate(given)] == [200] * 10
    keys = [place["key"] for place in given]
    if is_leaving:
        user_service.close_account(artist)
        assert upload_service.forget_expired() == 10
    else:
        create_of(as_artist, keys)
        check_all()
    kept = files_in(media)
    assert kept.isdisjoint(keys)
    # Here nobody takes it, nor is it a place to be used.
    assert put(given[0], picture()) == 404
    assert not PendingUpload.objects.usable(clock.now()).exists()
    storage.save(keys[0], BytesIO(picture()))
    assert upload_service.forget_expired() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2, seconds=5), tick=True):
        assert upload_service.forget_expired() == 10
    assert files_in(media) == kept
    assert not PendingUpload.objects.exists()


def test_nobody_hoards_places(as_artist, as_buyer) -> None:
    assert as_buyer.post(UPLOADS, {"content_types": ["image/png"]}).refusal == (403, "ARTIST_ONLY")
    for _ in range(2):
        places(as_artist, 100)
    full = as_artist.post(UPLOADS, {"content_types": ["image/png"]})
    assert full.refusal == (400, "VALIDATION_ERROR")
    kind = as_artist.post(UPLOADS, {"content_types": ["image/gif"]})
    assert kind.refusal == (400, "VALIDATION_ERROR")
