"""An account is suspended at the moment at which its owner publishes something."""

from __future__ import annotations

import threading
from contextlib import suppress
from itertools import compress

import pytest
from django.db import transaction

from app.exceptions import AccountSuspended
from app.models import Decision, Generation, User
from app.services import generation_service
from app.tests.factories import GenerationFactory
from app.tests.safety.staff import act, member
from app.tests.together import all_at_once, count_waiting
from devtools.servers.process import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def pictures(buyer: User) -> list[Generation]:
    return [GenerationFactory(user=buyer) for _ in range(8)]


def publish(picture: Generation) -> None:
    """As a request that passed the door before."""
    generation_service.update_generation(
        user=picture.user, generation_id=picture.pk, visibility="public"
    )


def visible() -> list[int]:
    shown = Generation.objects.filter(visibility="public").order_by("pk")
    return list(shown.values_list("pk", flat=True))


def test_what_is_published_meanwhile_is_private_and_comes_back(
    buyer: User, pictures: list[Generation]
) -> None:
    first, second, *_ = pictures
    publish(second)
    staff, has_account, other_waits = member("moderate"), threading.Event(), threading.Event()

    def publish_slowly() -> None:
        with transaction.atomic():
            publish(first)
            has_account.set()
            assert other_waits.wait(30)

    def suspend() -> None:
        assert has_account.wait(30)
        act("profile", buyer.pk, "suspend", staff=staff)

    def watch() -> None:
        assert has_account.wait(30)
        assert wait_for(count_waiting, seconds=20)
        other_waits.set()

    all_at_once([publish_slowly, suspend, watch])
    assert visible() == []
    suspended = Decision.objects.get(action="suspend")
    assert suspended.before["public_pictures"] == [first.pk, second.pk]
    act("profile", buyer.pk, "restore")
    assert visible() == [first.pk, second.pk]


def test_whoever_is_first(buyer: User, pictures: list[Generation]) -> None:
    def publish_one(picture: Generation) -> bool:
        with suppress(AccountSuspended):
            publish(picture)
            return True
        return False

    staff = member("moderate")
    calls = [lambda each=each: publish_one(each) for each in pictures]
    calls.insert(4, lambda: bool(act("profile", buyer.pk, "suspend", staff=staff)))
    done = all_at_once(calls)
    assert visible() == []
    assert done.pop(4)
    published = [each.pk for each in compress(pictures, done)]
    assert Decision.objects.get(action="suspend").before["public_pictures"] == published
