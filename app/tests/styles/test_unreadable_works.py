"""A work whose file the storage has and does not give: its check ends, and its artist is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError
from django.core.files.storage import default_storage

from app.exceptions import ServiceUnavailable
from app.models import CopyCheck, Style, UploadCheck, User
from app.services.checks import nudity
from app.services.uploads import checkers
from app.tests.styles.copying import is_ordered, news, painting, style_of
from app.tests.styles.test_storage import kind  # noqa: F401
from app.tests.uploads import check_all, create_of, uploaded
from app.utils import clock

pytestmark = pytest.mark.django_db

# Before the next attempt: a minute and more in all, twenty minutes at most.
PAUSES = (15, 60, 240, 960)
TOLD = "Training failed for Chalk. The pictures could not be checked."


def attempts_until_it_ends(style: Style) -> int:
    """Look again whenever it is time. How often it was looked at, until nobody does any more."""
    looks, start, seconds = 0, datetime.now(UTC), 0
    for pause in (*PAUSES, 10_000):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            looks += check_all()
            # Not before its time.
            assert check_all() == 0
        seconds += pause + 1
    style.refresh_from_db()
    return looks


@pytest.fixture
def held_back(media: Any) -> Callable[[str], None]:
    """Makes the storage know a file and not give it."""

    def hold(key: str) -> None:
        file = media / key
        file.unlink()
        file.mkdir()

    return hold


def test_a_check_for_copies_ends_and_its_artist_is_told_once(
    artist: User, held_back: Callable[[str], None]
) -> None:
    style = style_of(
        *(painting(1), painting(2)), artist=artist.artist, name="Chalk", training_status="pending"
    )
    held_back(style.artworks.get(position=1).image_path)
    assert attempts_until_it_ends(style) == checkers.MAX_ATTEMPTS
    assert (style.training_status, style.failure_reason) == ("failed", checkers.BROKEN)
    assert not CopyCheck.objects.exists()
    assert not is_ordered(style)
    [(_, said)] = news(artist)
    assert said.startswith(TOLD)


def test_a_file_that_comes_back_in_time_is_looked_at(
    artist: User, held_back: Callable[[str], None], media: Any
) -> None:
    style = style_of(painting(1), artist=artist.artist, training_status="pending")
    work = style.artworks.get()
    content = (media / work.image_path).read_bytes()
    held_back(work.image_path)
    assert check_all() == 1
    (media / work.image_path).rmdir()
    (media / work.image_path).write_bytes(content)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=PAUSES[0] + 1)):
        assert check_all() == 1
    assert is_ordered(style)


def test_another_service_that_is_away_costs_no_attempt(
    artist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise ServiceUnavailable

    style = style_of(painting(1), artist=artist.artist, training_status="pending")
    monkeypatch.setattr(nudity, "is_on", lambda: True)
    monkeypatch.setattr(nudity, "checker", away)
    for number in range(2 * checkers.MAX_ATTEMPTS):
        later = timedelta(seconds=number * (checkers.AWAY_SECONDS + 1))
        with time_machine.travel(datetime.now(UTC) + later, tick=False):
            assert check_all() == 1
    assert CopyCheck.objects.get(style=style).attempt == 0


def test_an_upload_ends_and_its_artist_is_told_once(
    as_artist: Any, artist: User, held_back: Callable[[str], None]
) -> None:
    keys = uploaded(as_artist)
    style = Style.objects.get(pk=create_of(as_artist, keys, name="Chalk").data["id"])
    held_back(keys[4])
    assert attempts_until_it_ends(style) == checkers.MAX_ATTEMPTS
    assert (style.training_status, style.failure_reason) == ("failed", checkers.BROKEN)
    assert not UploadCheck.objects.exists()
    [(_, said)] = news(artist)
    assert said.startswith(TOLD)


@pytest.fixture
def denied(kind: str) -> Iterator[set[str]]:  # noqa: F811
    """Keys that the S3 server refuses to whoever asks, as one does whose owner is another."""
    keys: set[str] = set()
    events = default_storage.connection.meta.client.meta.events  # type: ignore[attr-defined]

    def deny(params: dict[str, Any], model: Any, **_: object) -> None:
        if any(key in params["url_path"] for key in keys):
            refusal: Any = {
                "Error": {"Code": "AccessDenied", "Message": "Access Denied"},
                "ResponseMetadata": {"HTTPStatusCode": 403},
            }
            raise ClientError(refusal, model.name)

    events.register("before-call.s3", deny)
    yield keys
    events.unregister("before-call.s3", deny)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3"], indirect=True)
def test_on_s3_a_file_that_is_refused_is_no_storage_that_is_away(
    kind: str,  # noqa: F811
    denied: set[str],
    artist: User,
) -> None:
    style = style_of(painting(1), artist=artist.artist, name="Chalk", training_status="pending")
    denied.add(style.artworks.get().image_path)
    looks = 0
    # S3 takes no requests from another time.
    while CopyCheck.objects.update(due_at=clock.now()):
        looks += check_all()
        assert looks <= checkers.MAX_ATTEMPTS
    assert looks == checkers.MAX_ATTEMPTS
    style.refresh_from_db()
    assert (style.training_status, style.failure_reason) == ("failed", checkers.BROKEN)
    [(_, said)] = news(artist)
    assert said.startswith(TOLD)
