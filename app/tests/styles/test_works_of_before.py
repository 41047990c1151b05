"""Works from before there was the check for copies get their fingerprints when there is time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from app.models import Style, User
from app.services.uploads import checkers, copy_service
from app.tests.styles.copying import found, painting, style_of
from app.tests.uploads import check_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def unread(media: Any, monkeypatch: pytest.MonkeyPatch) -> Style:
    """A style of before: the storage knows the first of its files, and does not give it."""
    style = style_of(painting(1), painting(2))
    file = media / style.artworks.get(position=0).image_path
    file.unlink()
    file.mkdir()
    monkeypatch.setattr(copy_service, "_unread", checkers.Unleased())
    return style


def lengths(style: Style) -> list[int | None]:
    prints = style.artworks.order_by("position").values_list("pdq", flat=True)
    return [None if pdq is None else len(pdq) for pdq in prints]


def test_a_work_that_cannot_be_read_does_not_hold_up_the_next(unread: Style) -> None:
    assert not copy_service.fill_in(60)
    assert lengths(unread) == [None, 32]


def test_a_work_that_cannot_be_read_is_given_up_and_told_of_once(
    unread: Style, caplog: pytest.LogCaptureFixture
) -> None:
    said = []
    for number in range(checkers.MAX_ATTEMPTS + 1):
        with time_machine.travel(datetime.now(UTC) + number * timedelta(days=1), tick=False):
            copy_service.fill_in(60)
            said.append(caplog.text.count("work_unreadable"))
    assert lengths(unread) == [0, 32]
    assert said == [0] * (checkers.MAX_ATTEMPTS - 1) + [1, 1]


def test_works_of_before_get_their_fingerprints(artist: User, media: Any) -> None:
    style = style_of(painting(1), painting(2), b"no picture", painting(4))
    assert copy_service.fill_in(0)
    assert style.artworks.filter(pdq__isnull=True).count() == 3
    assert not copy_service.fill_in(60)
    assert lengths(style) == [32, 32, 0, 32]
    copied = style_of(painting(4), artist=artist.artist, training_status="pending")
    check_all()
    copied.refresh_from_db()
    assert found(copied) == [(0, "work", f"/styles/{style.pk}")]
