"""A picture that came out like a work: not delivered, refunded, and its artist told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client

from app.models import Generation, Licence, Notification, User
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory
from app.tests.ordering import report
from protocol import TOO_NEAR

pytestmark = pytest.mark.django_db

NEARNESS = {"work": 2, "bits": 12, "likeness": 0.93, "bound": 0.73}


@pytest.fixture
def refuse(as_worker: Api) -> Callable[..., Any]:
    """A worker's report that it does not deliver the picture."""
    return partial(report, as_worker, status="failed", failure_reason=TOO_NEAR, nearness=NEARNESS)


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    style = StyleFactory(artist=artist.artist, name="Quill")
    return GenerationFactory(user=buyer, style=style, status="processing")


def test_the_money_is_all_back_and_no_licence_was_issued(picture, refuse, buyer, artist, as_anyone):
    for _ in range(2):
        assert refuse(picture).status == 200
    assert ledger.entries_of(buyer)[-2:] == [("consume", 10), ("refund", 10)]
    assert (ledger.balance_of(buyer), ledger.balance_of(artist)) == (1000, 0)
    assert not Licence.objects.exists()
    number = picture.licence_number
    assert as_anyone.get(f"/api/licences/{number}").status == 404
    assert as_anyone.post("/api/verify", {"number": number}).status == 404
    ledger.assert_right()


def test_the_artist_is_told_once_of_which_work(picture, refuse, artist):
    for _ in range(2):
        refuse(picture)
    [told] = Notification.objects.filter(recipient=artist)
    assert told.message == (
        "A picture in your style Quill came out nearly the same as your work no. 3. It was not"
        " delivered, and its buyer got the tokens back."
    )
    assert (told.target_type, told.target_id) == ("style", picture.style_id)
    picture.refresh_from_db()
    assert picture.metadata == {"nearness": NEARNESS}


def test_who_ordered_in_their_own_style_is_told_once(refuse, artist):
    style = StyleFactory(artist=artist.artist, name="Quill")
    refuse(GenerationFactory(user=artist, style=style, status="processing"))
    [told] = Notification.objects.filter(recipient=artist)
    assert told.type == "generation_failed"
    assert TOO_NEAR in told.message


def test_of_any_other_failure_the_artist_hears_nothing(picture, as_worker, artist):
    assert report(as_worker, picture, "failed").status == 200
    assert not Notification.objects.filter(recipient=artist).exists()


def test_an_attempt_that_is_followed_by_another_tells_nothing(picture, refuse, artist):
    refuse(picture, retryable=True)
    picture.refresh_from_db()
    assert (picture.status, picture.metadata) == ("queued", None)
    assert not Notification.objects.filter(recipient=artist).exists()


@pytest.mark.parametrize(
    ("language", "why"),
    [("en", "nearly the same as one of the artist"), ("ko", "작가의 작품과 거의 같아")],
)
def test_the_buyer_reads_why(picture, refuse, buyer, language, why):
    refuse(picture)
    client = Client(headers={"Accept-Language": language})
    client.force_login(buyer)
    page = client.get(f"/pictures/{picture.pk}").content.decode()
    assert why in page
    assert 'lang="en">The picture' not in page
    assert why in client.get("/notifications").content.decode()
