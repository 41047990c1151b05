"""What the storage does not give is tried again, and given up in the end; what waits for a storage
that is away has had no attempt, however long that lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from app.models import Generation, ModerationCase, PictureCheck, User
from app.services import user_service
from app.services.checks import nudity, pictures
from app.services.uploads import checkers
from app.tests.checks.looking import FakeCheck, drawn
from app.tests.factories import UserFactory
from app.tests.uploads import file, picture

pytestmark = pytest.mark.django_db
# Before the attempts after the first.
PAUSES = (15, 60, 240, 960)


@pytest.fixture
def user(check: FakeCheck) -> User:
    user = UserFactory()
    user_service.update_profile(user=user, profile_image=file(picture()))
    user.refresh_from_db()
    return user


@pytest.fixture
def away(media: Path, tmp_path: Path) -> AbstractContextManager[None]:
    """The storage answers nobody."""
    aside = tmp_path / "aside"

    @contextmanager
    def is_away() -> Iterator[None]:
        media.rename(aside)
        media.write_text("a file where the folder belongs")
        yield
        media.unlink()
        aside.rename(media)

    return is_away()


def hold_back(media: Path, key: str) -> None:
    """The storage knows the file and does not give it."""
    (media / key).unlink()
    (media / key).mkdir()


def looks_until_it_ends() -> int:
    """How often something was looked at, whenever it was time, until nothing is any more."""
    looks, start, seconds = 0, datetime.now(UTC), 0
    for pause in (*PAUSES, 10_000):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            looks += pictures.check_next()
            # Not before its time.
            assert not pictures.check_next()
        seconds += pause + 1
    with time_machine.travel(start + timedelta(days=1), tick=False):
        assert not pictures.check_next()
    return looks


def test_a_profile_picture_that_is_refused_ends_at_the_desk(check, user, media) -> None:
    hold_back(media, user.profile_image)
    assert looks_until_it_ends() == checkers.MAX_ATTEMPTS
    assert not PictureCheck.objects.exists()
    case = ModerationCase.objects.get()
    assert (case.kind, case.thing_id, case.state) == ("profile", user.pk, "open")
    assert case.findings == [{"check": "nudity", "unread": "profile", "key": user.profile_image}]


def test_a_result_that_is_refused_stays_unrated(check, media) -> None:
    made = drawn()
    hold_back(media, made.image_path)
    assert looks_until_it_ends() == checkers.MAX_ATTEMPTS
    made.refresh_from_db()
    assert (made.rating, made.rated_at is None) == ("unrated", False)


def test_a_result_that_is_gone_stays_unrated(check, media) -> None:
    made = drawn()
    (media / made.image_path).unlink()
    assert looks_until_it_ends() == checkers.MAX_ATTEMPTS
    made.refresh_from_db()
    assert (made.rating, made.rated_at is None) == ("unrated", False)


def test_an_outage_of_hours_costs_a_result_no_attempt(check, media, away: Any) -> None:
    drawn()
    start = datetime.now(UTC)
    with away:
        for minutes in range(0, 180, 10):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                assert not pictures.check_next()
    with time_machine.travel(start + timedelta(minutes=181), tick=False):
        assert pictures.check_next()
    assert Generation.objects.get().rating == "general"


def test_nor_a_profile_picture(check, user, away: Any) -> None:
    start = datetime.now(UTC)
    with away:
        for minutes in range(0, 180, 10):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                assert pictures.check_next()
                assert PictureCheck.objects.get().attempt == 0
    with time_machine.travel(start + timedelta(minutes=181), tick=False):
        assert pictures.check_next()
    assert not PictureCheck.objects.exists()


def test_one_that_breaks_the_check_does_not_hold_up_the_next(
    check, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = drawn(), drawn()
    seen: list[int] = []

    def score(_: object) -> float:
        seen.append(1)
        if len(seen) == 1:
            raise ValueError("of the network")
        return 0.0

    monkeypatch.setattr(nudity.checker(), "score", score)
    assert pictures.check_next()
    assert pictures.check_next()
    good.refresh_from_db()
    bad.refresh_from_db()
    # The newest is looked at first.
    assert (bad.rating, good.rating) == ("unrated", "general")
