"""What is kept for a while, and when it is not given again."""

from __future__ import annotations

import pytest
from django.db import transaction

from app.services import payment_service
from app.services.token_service import TokenService
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory
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


def test_a_new_price_is_seen_at_once(as_anyone, as_artist, artist) -> None:
    style = StyleFactory(artist=artist.artist, price=10)
    assert as_anyone.get(POPULAR, sort="popular").results[0]["price"] == 10
    as_artist.patch(f"/api/models/{style.pk}", {"price": 25})
    assert as_anyone.get(POPULAR, sort="popular").results[0]["price"] == 25
    as_artist.delete(f"/api/models/{style.pk}")
    assert as_anyone.get(POPULAR, sort="popular").results == []


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


def test_what_an_artist_earned_is_kept_and_anew_after_every_transaction(
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
