"""Every page: at most ten statements and 60 KB of HTML, however much there is to show."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from app.models import Generation, User
from app.services import api_key_service, community_service
from app.services.checks import comments
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
    give_tokens,
)

MAX_STATEMENTS = 10
MAX_BYTES = 60 * 1024
PLACEHOLDER = "data:image/webp;base64," + "A" * 300
TAGS = tuple(f"tag number {n}" for n in range(20))

FOR_ANYONE = {
    "/": "a wall of pictures",
    "/styles": "every style",
    "/styles?q=style&tag=tag+number+1&sort=popular": "a search",
    "/styles/{style}": "one style",
    "/pictures/{picture}": "one picture",
    "/artists/{artist}": "an artist",
    "/users/{buyer}": "a person",
    "/sign-in": "the door",
    "/about": "about",
    "/licence": "the licence",
    "/nowhere": "no page",
}
FOR_BUYERS = {
    "/?from=followed": "pictures by those one follows",
    "/mine": "one's pictures",
    "/pictures/{making}": "a picture being made",
    "/pictures/{making}/progress": "how far it is",
    "/words?words=zork": "unknown words",
    "/following": "artists one follows",
    "/wallet": "the wallet",
    "/wallet/pictures/{picture}": "a receipt",
    "/notifications": "news",
    "/notifications/count": "the bell",
    "/account": "the account",
    "/account/keys": "keys",
    "/account/leave": "leaving",
    "/studio/join": "becoming an artist",
}
FOR_ARTISTS = {
    "/studio": "the studio",
    "/studio/upload": "an upload",
    "/studio/styles/{style}": "one's own style",
}


@pytest.fixture
def crowd(buyer: User, artist: User, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """More than fits on any page. Returns the ids that addresses name."""
    monkeypatch.setattr(comments, "MOST", 100)
    give_tokens(buyer, 5000)
    styles = [
        StyleFactory(artist=artist.artist, tags=TAGS, works=2, description="words " * 60)
        for _ in range(20)
    ]
    style = StyleFactory(artist=artist.artist, tags=TAGS, works=100, description="words " * 300)
    shown = {"aspect_ratio": "1:2", "prompt_tags": TAGS, "description": "words " * 80}
    pictures = [PublicPictureFactory(user=buyer, style=style, **shown) for _ in range(22)]
    Generation.objects.update(placeholder=PLACEHOLDER)
    picture = pictures[-1]
    community_service.toggle_follow(user=buyer, artist_id=artist.pk)
    for _ in range(22):
        community_service.toggle_follow(user=buyer, artist_id=ArtistFactory().pk)
    for number in range(24):
        person = UserFactory(bio="words " * 80)
        community_service.toggle_like(user=person, generation_id=picture.pk)
        comment = community_service.add_comment(
            user=person, generation_id=picture.pk, content="words " * 80
        )
        community_service.add_comment(
            user=buyer, generation_id=picture.pk, content=f"Answer {number}", parent_id=comment.pk
        )
    making = GenerationFactory(user=buyer, style=styles[0], status="queued")
    for number in range(20):
        api_key_service.create_key(user=buyer, name=f"Key {number}", scopes=["read", "manage"])
    return {
        "style": style.pk,
        "picture": picture.pk,
        "making": making.pk,
        "artist": artist.pk,
        "buyer": buyer.pk,
    }


def test_every_page_is_small_and_asks_little(
    crowd: dict[str, int], buyer: User, artist: User, signed_in
) -> None:
    measured: dict[str, tuple[int, int]] = {}
    visitors = (
        ("", Client(), FOR_ANYONE),
        ("buyer: ", signed_in(buyer), {**FOR_ANYONE, **FOR_BUYERS}),
        ("artist: ", signed_in(artist), {**FOR_ANYONE, **FOR_ARTISTS}),
    )
    for who, client, pages in visitors:
        for address in pages:
            with CaptureQueriesContext(connection) as asked:
                response = client.get(address.format(**crowd))
            assert response.status_code in {200, 302, 404}, (who, address)
            measured[who + address] = (len(asked), len(response.content))
    # Shown by pytest -s: the figures that are reported.
    print(*(f"{name}: {found}" for name, found in measured.items()), sep="\n")  # noqa: T201
    over = {
        name: found
        for name, found in measured.items()
        if found[0] > MAX_STATEMENTS or found[1] > MAX_BYTES
    }
    assert over == {}


def test_sitemap_asks_little(crowd: dict[str, int], django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(2):
        response = Client().get("/sitemap.xml")
    assert f"/pictures/{crowd['picture']}</loc>" in response.content.decode()
