"""A style is ordered from by its id or its whole name, and by nothing that a search only finds."""

from __future__ import annotations

import pytest
from style_license import Client, Item, UnknownStyle, operations
from test_own_pictures import Run, buyer, client, key, run  # noqa: F401

from app.models import Order, Style
from app.tests.factories import ArtistFactory, StyleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def style() -> Style:
    made: Style = StyleFactory(
        name="Paper Night",
        artist=ArtistFactory(artist_name="Ada"),
        description="Drops of clean water.",
        tags=("impasto",),
    )
    return made


@pytest.mark.parametrize("words", ["night", "impasto", "drops of clean water", " Paper", ""])
def test_what_is_only_found_is_not_paid(
    run: Run,  # noqa: F811
    client: Client,  # noqa: F811
    style: Style,
    words: str,
) -> None:
    found = f"found: {style.pk} (Paper Night by Ada)." if words else "There is no style “”."
    with pytest.raises(UnknownStyle) as unknown:
        client.generate(words, "castle")
    assert found in str(unknown.value)
    for ask in (client.order, client.quote):
        with pytest.raises(UnknownStyle):
            ask([Item(words, "castle")])
    if words:
        code, said = run("order", words, "castle")
        assert (code, found in said) == (1, True)
    assert not Order.objects.exists()


def test_a_whole_name_in_any_case_is_enough(
    run: Run,  # noqa: F811
    style: Style,
) -> None:
    StyleFactory(name="Paper Nights")
    code, said = run("order", " paper NIGHT ", "castle")
    order = Order.objects.get()
    assert (code, said.splitlines()[0]) == (
        0,
        f"Order {order.pk}: 1 picture, 10 tokens. Paper Night by Ada.",
    )


def test_the_name_of_several_styles_is_none(client: Client, style: Style) -> None:  # noqa: F811
    other = StyleFactory(name="paper night", artist=ArtistFactory(artist_name="Bo"))
    with pytest.raises(UnknownStyle, match="are several styles") as unknown:
        client.quote([Item("Paper Night", "castle")])
    for each, artist in ((style, "Ada"), (other, "Bo")):
        assert f"{each.pk} ({each.name} by {artist})" in str(unknown.value)


def test_it_is_found_behind_others(
    client: Client,  # noqa: F811
    style: Style,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "PAGE", 1)
    for n in range(2):
        StyleFactory(name=f"Paper Night {n}", usage_count=5)
    assert client.quote([Item("Paper Night", "castle")]).cost == 10
