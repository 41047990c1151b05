"""Works that were uploaded to S3 are copied by its server, and read where they are checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from django.core.files.storage import default_storage

from app.models import Artwork, OutboxMessage, Style
from app.services import storage
from app.services.uploads import check_service
from app.tests.api import Api
from app.tests.styles.test_storage import kind  # noqa: F401
from app.tests.uploads import create_of, picture, places

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("kind", ["s3"], indirect=True),
    pytest.mark.usefixtures("kind"),
]


@contextmanager
def operations() -> Iterator[set[str]]:
    """What the server is asked for meanwhile."""
    asked: set[str] = set()
    events = default_storage.connection.meta.client.meta.events  # type: ignore[attr-defined]

    def note(model, **_: object) -> None:
        asked.add(model.name)

    events.register("before-call.s3", note)
    yield asked
    events.unregister("before-call.s3", note)


def uploaded(api: Api) -> list[str]:
    given = places(api)
    for number, place in enumerate(given):
        sent = httpx.put(place["url"], content=picture(number), headers=place["headers"])
        assert sent.is_success
    return [place["key"] for place in given]


def test_the_request_asks_only_whether_they_are_there(as_artist: Api) -> None:
    keys = uploaded(as_artist)
    with operations() as asked:
        made = create_of(as_artist, keys)
    assert (made.status, asked) == (201, {"HeadObject"})
    with operations() as asked:
        assert check_service.check_next()
    assert asked == {"CopyObject", "HeadObject", "GetObject", "PutObject", "DeleteObject"}
    works = list(Artwork.objects.filter(style_id=made.data["id"]).order_by("position"))
    for number, work in enumerate(works):
        with storage.open_file(work.image_path) as original:
            assert original.read() == picture(number)
        assert storage.exists(work.preview_path)
    with operations() as asked:
        assert check_service.check_next()
    assert (OutboxMessage.objects.count(), asked) == (1, {"GetObject"})
    assert not any(storage.exists(key) for key in keys)


def test_what_is_put_there_after_the_copy_is_not_taken(as_artist: Api) -> None:
    """The link still works when the answer has come."""
    given = places(as_artist)
    for number, place in enumerate(given):
        httpx.put(place["url"], content=picture(number), headers=place["headers"])
    create_of(as_artist, [place["key"] for place in given])
    asked: list[int] = []

    def put_another() -> bool:
        asked.append(1)
        if len(asked) == 2:
            httpx.put(given[0]["url"], content=b"no picture", headers=given[0]["headers"])
        return False

    assert check_service.check_next(put_another)
    with storage.open_file(Artwork.objects.get(position=0).image_path) as original:
        assert original.read() == picture(0)


def test_bad_and_vanished_ones_are_named(as_artist: Api) -> None:
    given = places(as_artist, 12)
    for number, place in enumerate(given):
        content = b"no picture" if number == 3 else picture(number)
        httpx.put(place["url"], content=content, headers=place["headers"])
    keys = [place["key"] for place in given]
    create_of(as_artist, keys)
    storage.delete([keys[7]])
    assert check_service.check_next()
    style = Style.objects.get()
    assert style.training_status == "failed"
    assert style.failure_reason == (
        "Image 3: The file is not a JPG or PNG image. Image 7: The uploaded file is gone."
    )
    _, files = default_storage.listdir("uploads")
    assert files == []
    assert not any(storage.exists(key) for key in keys)
