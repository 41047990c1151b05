"""Where a bound lies: the last that is taken, and the first beyond it that is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import User
from app.tests import ledger
from app.tests.api import Answer, Api
from app.tests.factories import ArtistFactory, PublicPictureFactory, StyleFactory, UserFactory
from app.tests.ordering import order
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db


class Scene:
    def __init__(self) -> None:
        self.buyer: User = UserFactory(tokens=1000)
        self.artist: User = ArtistFactory().user
        self.as_buyer, self.as_artist = Api(self.buyer), Api(self.artist)
        self.style = StyleFactory(artist=self.artist.artist)
        self.picture = PublicPictureFactory(user=self.buyer, style=self.style)

    def order(self, **changes: Any) -> Answer:
        return order(self.as_buyer, self.style, **changes)

    def change_style(self, **changes: Any) -> Answer:
        return self.as_artist.patch(f"/api/models/{self.style.pk}", changes)

    def upload(self, **changes: str) -> Answer:
        return self.as_artist.upload("/api/models", style_form(**changes))

    def describe(self, text: str) -> Answer:
        return self.as_buyer.patch(f"/api/images/{self.picture.pk}", {"description": text})

    def comment(self, text: str) -> Answer:
        return self.as_buyer.post(f"/api/images/{self.picture.pk}/comments", {"content": text})

    def call_oneself(self, **changes: str) -> Answer:
        return self.as_buyer.patch("/api/users/me", changes)

    def become_artist(self, name: str) -> Answer:
        return self.as_buyer.post("/api/users/me/artist", {"artist_name": name})


def words(count: int) -> list[str]:
    return [f"word {number}" for number in range(count)]


def of_length(length: int) -> str:
    return "x" * length


# Each with what is taken and what is not.
Sends = Callable[[Scene, int], Answer]
BOUNDS: dict[str, tuple[Sends, list[int], list[int]]] = {
    "words of a prompt": (lambda s, n: s.order(prompt_tags=words(n)), [1, 20], [0, 21]),
    "letters of a word": (lambda s, n: s.order(prompt_tags=[of_length(n)]), [1, 50], [0, 51]),
    # The spaces around it are taken off, by another way of reading the order.
    "letters of a word in spaces": (
        lambda s, n: s.order(prompt_tags=[f" {of_length(n)} "]),
        [1, 50],
        [0, 51],
    ),
    "seed": (lambda s, n: s.order(seed=n), [0, 2**32 - 1], [-1, 2**32]),
    "price": (lambda s, n: s.change_style(price=n), [1, 10_000], [0, 10_001]),
    "price of an upload": (lambda s, n: s.upload(price=str(n)), [1, 10_000], [0, 10_001]),
    "tags of a style": (lambda s, n: s.change_style(tags=words(n)), [0, 20], [21]),
    "tags of an upload": (lambda s, n: s.upload(tags=",".join(words(n))), [0, 20], [21]),
    "letters of a tag": (lambda s, n: s.change_style(tags=[of_length(n)]), [1, 50], [51]),
    "name of a style": (lambda s, n: s.upload(name=of_length(n)), [1, 100], [0, 101]),
    "description of a style": (
        lambda s, n: s.change_style(description=of_length(n)),
        [0, 2000],
        [2001],
    ),
    "description of a picture": (lambda s, n: s.describe(of_length(n)), [0, 500], [501]),
    "comment": (lambda s, n: s.comment(of_length(n)), [1, 500], [0, 501]),
    "user name": (lambda s, n: s.call_oneself(username=of_length(n)), [2, 40], [1, 41]),
    "bio": (lambda s, n: s.call_oneself(bio=of_length(n)), [0, 500], [501]),
    "artist's name": (lambda s, n: s.become_artist(of_length(n)), [1, 60], [0, 61]),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_up_to_the_bound_and_no_further(name: str) -> None:
    send, taken, refused = BOUNDS[name]
    for value in refused:
        scene = Scene()
        before = ledger.snapshot()
        assert send(scene, value).refusal == (400, "VALIDATION_ERROR"), value
        assert ledger.snapshot() == before
    for value in taken:
        assert send(Scene(), value).status < 300, value
