"""What is kept for a while, and when it is not given again."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from app.models import Style, Tag, Transaction
from app.services import payment_service
from app.services.token_service import TokenService
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory
from app.tests.together import all_at_once
from app.utils import caches

pytestmark = pytest.mark.django_db(transaction=True)

POPULAR = "/api/models"


def test_popular_styles_are_kept_for_anonymous_visitors(
    as_anyone, django_assert_num_queries
) -> None:
    StyleFactory(name="Kept")
    first = as_anyone.get(POPULAR, sort="popular")
    with django_assert_num_queries(0):
        again = as_anyone.get(POPULAR, sort="popular")
    assert again.content == first.content
    assert [row["name"] for row in again.results] == ["Kept"]


def test_who_is_signed_in_shares_them(as_anyone, as_buyer: Api, django_assert_num_queries) -> None:
    StyleFactory(name="Kept")
    first = as_anyone.get(POPULAR, sort="popular")
    # The session.
    with django_assert_num_queries(1):
        again = as_buyer.get(POPULAR, sort="popular")
    assert again.content == first.content


@pytest.mark.parametrize("viewer", ["as_anyone", "as_buyer"])
def test_popular_styles_are_kept_for_five_minutes(viewer: str, request) -> None:
    client: Api = request.getfixturevalue(viewer)
    StyleFactory(price=10)

    def price() -> int:
        return client.get(POPULAR, sort="popular").results[0]["price"]

    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert price() == 10
        # Past the services, which would have it forgotten.
        Style.objects.update(price=25)
        clock.shift(299)
        assert price() == 10
        clock.shift(2)
        assert price() == 25


def test_artists_see_at_once_what_becomes_of_their_own(as_artist: Api, artist) -> None:
    style = StyleFactory(artist=artist.artist, training_status="training")

    def state() -> str:
        return as_artist.get(POPULAR, sort="popular").results[0]["training_status"]

    assert state() == "training"
    Style.objects.filter(pk=style.pk).update(training_status="failed")
    assert state() == "failed"


@pytest.mark.parametrize("viewer", ["as_anyone", "as_buyer"])
def test_a_new_price_is_seen_at_once(viewer: str, request, as_artist, artist) -> None:
    client: Api = request.getfixturevalue(viewer)
    style = StyleFactory(artist=artist.artist, price=10)
    assert client.get(POPULAR, sort="popular").results[0]["price"] == 10
    as_artist.patch(f"/api/models/{style.pk}", {"price": 25})
    assert client.get(POPULAR, sort="popular").results[0]["price"] == 25
    as_artist.delete(f"/api/models/{style.pk}")
    assert client.get(POPULAR, sort="popular").results == []


def test_other_lists_and_other_viewers_are_not_mixed_up(as_anyone, as_artist, artist) -> None:
    for name in ("One", "Two"):
        StyleFactory(name=name, artist=artist.artist)
    StyleFactory(name="Failed", artist=artist.artist, training_status="failed")
    assert len(as_anyone.get(POPULAR, sort="popular").results) == 2
    assert len(as_anyone.get(POPULAR, sort="popular", limit=1).results) == 1
    assert len(as_anyone.get(POPULAR, sort="popular", q="One").results) == 1
    assert len(as_artist.get(POPULAR, sort="popular").results) == 3


def test_nothing_is_kept_beyond_the_links_in_it(settings) -> None:
    settings.MEDIA_LINK_SECONDS = 60
    assert caches.with_links(300) == 15
    settings.MEDIA_LINK_SECONDS = 3600
    assert caches.with_links(300) == 300


def test_tags_are_kept_until_their_counts_move(as_anyone, django_assert_num_queries) -> None:
    StyleFactory(tags=("sea",))
    assert [tag["name"] for tag in as_anyone.get("/api/tags").data] == ["sea"]
    with django_assert_num_queries(0):
        as_anyone.get("/api/tags")
    StyleFactory(tags=("night", "sea"))
    assert [tag["name"] for tag in as_anyone.get("/api/tags").data] == ["sea", "night"]


def test_tags_are_kept_for_ten_minutes(as_anyone) -> None:
    StyleFactory(tags=("sea",))

    def names() -> list[str]:
        return [tag["name"] for tag in as_anyone.get("/api/tags").data]

    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert names() == ["sea"]
        # Past the services, which would have it forgotten.
        Tag.objects.update(name="fog")
        clock.shift(599)
        assert names() == ["sea"]
        clock.shift(2)
        assert names() == ["fog"]


def test_what_an_artist_earned_is_kept_for_a_minute(as_artist: Api, artist) -> None:
    def earned() -> int:
        return as_artist.get("/api/tokens/balance").data["earned"]

    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert earned() == 0
        # Past the service: the balance has not moved.
        style = StyleFactory(artist=artist.artist)
        picture = GenerationFactory(style=style, status="processing")
        Transaction.objects.create(receiver=artist, type="earn", amount=7, generation=picture)
        clock.shift(59)
        assert earned() == 0
        clock.shift(2)
        assert earned() == 7


def test_a_version_outlives_what_it_is_of() -> None:
    longest = max(caches.POPULAR_STYLES_SECONDS, caches.TAGS_SECONDS, caches.EARNED_SECONDS)
    assert longest < caches.VERSION_SECONDS


def test_what_an_artist_earned_is_kept_until_the_next_transaction(
    as_artist: Api, artist, buyer, django_assert_num_queries
) -> None:
    def earned() -> tuple[int, int]:
        answer = as_artist.get("/api/tokens/balance").data
        return answer["balance"], answer["earned"]

    balance, _ = earned()
    with django_assert_num_queries(2):
        assert earned() == (balance, 0)
    picture = GenerationFactory(style=StyleFactory(artist=artist.artist), status="processing")
    TokenService.add_tokens(artist.pk, 10, "generation", generation=picture)
    assert earned() == (balance + 10, 10)
    # The balance is what it was, the earnings are not.
    TokenService.consume_tokens(artist.pk, 10, "test")
    assert earned() == (balance, 10)


def test_a_buyers_balance_is_always_that_of_the_moment(as_buyer: Api, buyer) -> None:
    before = as_buyer.get("/api/tokens/balance").data["balance"]
    TokenService.consume_tokens(buyer.pk, 30, "test")
    assert as_buyer.get("/api/tokens/balance").data == {"balance": before - 30}
    order = {"amount": 100, "payment_method": "card"}
    payment = payment_service.take_payment(user=buyer, **order)
    payment_service.record_purchase(user=buyer, payment=payment, **order)
    assert as_buyer.get("/api/tokens/balance").data == {"balance": before + 70}


def test_what_is_read_while_it_changes_is_not_kept() -> None:
    """Somebody reads the old state, and keeps it only when the new one is there."""

    def read_slowly() -> bytes:
        caches.forget("area")
        return b"old"

    assert caches.remembered("area", "", read_slowly, seconds=60) == b"old"
    assert caches.remembered("area", "", lambda: b"new", seconds=60) == b"new"


def test_what_is_read_before_the_commit_is_forgotten_by_it() -> None:
    with transaction.atomic():
        caches.forget("area")
        assert caches.remembered("area", "", lambda: b"before", seconds=60) == b"before"
    assert caches.remembered("area", "", lambda: b"after", seconds=60) == b"after"


class TestRenewed:
    def test_at_first_one_computes_it_for_all(self) -> None:
        made: list[str] = []
        both = threading.Barrier(2)

        def make() -> int:
            made.append("again")
            # Another one who computes it comes here too.
            with suppress(threading.BrokenBarrierError):
                both.wait(0.2)
            return len(made)

        found = all_at_once([partial(caches.renewed, "few", make, seconds=60)] * 4)
        assert found == [1, 1, 1, 1]

    def test_later_one_computes_it_and_the_others_get_the_one_before(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            assert caches.renewed("few", lambda: "old", seconds=60) == "old"
            clock.shift(61)
            others = []

            def make() -> str:
                others.append(caches.renewed("few", lambda: "another", seconds=60))
                return "new"

            assert caches.renewed("few", make, seconds=60) == "new"
            assert others == ["old"]
            assert caches.renewed("few", lambda: "newer", seconds=60) == "new"
            # So long nobody asked that it is too old to be told.
            clock.shift(301)
            assert caches.renewed("few", lambda: "newest", seconds=60) == "newest"
