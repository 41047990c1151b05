"""The search for copies, done by several at once, and killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

import pytest
import time_machine
from django.db import connection

from app.exceptions import InvalidTransition
from app.models import Artwork, CopyCheck, Notification, OutboxMessage, Style
from app.services import moderation_service, training_service
from app.services.uploads import check_service, checkers, copy_service
from app.tests.safety.staff import moderator
from app.tests.styles.copying import painting, style_of
from app.tests.together import all_at_once
from app.tests.uploads import check_all
from provenance.fingerprints import pdq_of_all_turns

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def waiting(*works: int) -> Style:
    return style_of(*(painting(work) for work in works), training_status="pending")


@contextmanager
def after_the_lease() -> Iterator[None]:
    later = datetime.now(UTC) + timedelta(seconds=checkers.LEASE_SECONDS + 1)
    with time_machine.travel(later, tick=True):
        yield


class TestTwoArtistsWithTheSameWork:
    """Both are looked at, and only then is either compared."""

    @pytest.fixture(autouse=True)
    def _in_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        both, seen = threading.Barrier(2), copy_service._seen

        def seen_by_both(*args: Any) -> Any:
            found = seen(*args)
            both.wait(30)
            return found

        monkeypatch.setattr(copy_service, "_seen", seen_by_both)

    def test_are_not_both_trained(self) -> None:
        styles = [waiting(1), waiting(1)]
        all_at_once([check_service.check_next] * 2)
        for style in styles:
            style.refresh_from_db()
        assert [style.review_state for style in styles] == ["waiting"] * 2
        assert not OutboxMessage.objects.exists()

    def test_would_be_if_fingerprints_were_written_last(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""

        def unwritten(work: Artwork) -> Any:
            image = copy_service._opened(work)
            assert image is not None
            return image, pdq_of_all_turns(image)

        monkeypatch.setattr(copy_service, "_look_at", unwritten)
        for _ in range(2):
            waiting(1)
        all_at_once([check_service.check_next] * 2)
        assert OutboxMessage.objects.count() == 2


def test_many_checkers_order_each_training_once() -> None:
    styles = [waiting(number) for number in range(6)]
    assert sum(all_at_once([check_all] * 4)) == 6
    ordered = OutboxMessage.objects.values_list("task_id", flat=True)
    assert sorted(ordered) == sorted(style.task_id for style in styles)
    assert not CopyCheck.objects.exists()


def test_two_decisions_at_once_are_one() -> None:
    style_of(painting(1))
    copy_service.fill_in(60)
    style, staff = waiting(1), moderator()
    check_all()
    check = CopyCheck.objects.get()

    def decide(act: Any) -> bool:
        try:
            act(check, staff=staff, reason="We have looked at it.")
        except InvalidTransition:
            return False
        return True

    acts = [moderation_service.allow_works, moderation_service.refuse_works] * 2
    done = all_at_once([lambda act=act: decide(act) for act in acts])
    assert sum(done) == 1
    style.refresh_from_db()
    is_allowed = style.review_state == "allowed"
    assert OutboxMessage.objects.count() == is_allowed
    assert style.training_status == ("pending" if is_allowed else "failed")


def test_a_retraining_and_the_check_of_the_training_before() -> None:
    """Staff ended it while it was looked at, and its artist tries again."""
    style = waiting(1)

    def ends_and_begins_again() -> bool:
        training_service.TRAININGS.end(style, "Staff ended it.", retryable=False)
        training_service.retrain(user=style.artist.user, style_id=style.pk)
        return False

    assert copy_service.check_next(ends_and_begins_again)
    assert not OutboxMessage.objects.exists()
    assert check_all() == 1
    style.refresh_from_db()
    assert [each.task_id for each in OutboxMessage.objects.all()] == [style.task_id]


def check_and_die(at: int) -> None:
    """A checker that is killed before its write number ``at``."""
    connection.connection = None
    done: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE", "WITH")):
            if len(done) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            done.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        copy_service.check_next()


@pytest.mark.parametrize("is_copy", [False, True])
def test_killed_before_any_write_it_ends_the_same(is_copy: bool) -> None:
    style_of(painting(1))
    copy_service.fill_in(60)
    style = waiting(1 if is_copy else 6)
    killed = 0
    for at in range(50):
        child = get_context("fork").Process(target=check_and_die, args=(at,))
        child.start()
        child.join(60)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        killed += 1
        # Nothing was decided, or all of it.
        assert not OutboxMessage.objects.exists()
        assert not Notification.objects.exists()
        assert CopyCheck.objects.get().held_at is None
        CopyCheck.objects.update(attempt=0, due_at=datetime.now(UTC))
    # The lease, its renewal, the fingerprint, and then the decision.
    assert killed >= 5
    with after_the_lease():
        assert check_all() == 0
    style.refresh_from_db()
    assert OutboxMessage.objects.count() == (0 if is_copy else 1)
    assert Notification.objects.count() == is_copy
    assert style.review_state == ("waiting" if is_copy else None)
    assert CopyCheck.objects.count() == is_copy
