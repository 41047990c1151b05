"""Words that the engine does not know are named before they are paid, and afterwards too."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from app.models import Generation, Style, User
from app.tests.factories import GenerationFactory

TOLD, KEPT = "Will not be seen in the picture:", "Cannot be seen in the picture"


def accepted_in(page: str) -> str:
    found = re.search(r'name="accepted" value="([^"]*)"', page)
    assert found
    return found[1]


def test_unknown_words_are_named_before_anything_is_paid_and_then_accepted(
    buyer: User, style: Style, signed_in
) -> None:
    client = signed_in(buyer)
    order = {"words": "two cats, Zorblax throne", "aspect_ratio": "1:1"}
    answer = client.post(f"/styles/{style.pk}/make", order)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert TOLD in page
    assert accepted_in(page) == "Zorblax, throne"
    assert 'value="two cats, Zorblax throne"' in page
    assert not Generation.objects.exists()
    buyer.refresh_from_db()
    assert buyer.token_balance == 1000

    # Going on is one press of the same button; another word is asked about again.
    told = {**order, "accepted": accepted_in(page)}
    other = client.post(f"/styles/{style.pk}/make", {**told, "words": "two cats, zork"})
    assert (other.status_code, accepted_in(other.content.decode())) == (200, "zork")
    assert client.post(f"/styles/{style.pk}/make", told).status_code == 302
    assert Generation.objects.get().prompt_tags == ["two cats", "Zorblax throne"]


@pytest.mark.parametrize("count", ["1", "2"])
@pytest.mark.parametrize("accepted", ["", "nude, zorblax"])
def test_refused_words_are_said_first_and_alone(
    buyer: User, style: Style, signed_in, count: str, accepted: str
) -> None:
    """Pressing again would not order the picture without them."""
    client, make = signed_in(buyer), f"/styles/{style.pk}/make"
    order = {"words": "nude, zorblax", "aspect_ratio": "1:1", "count": count}
    refused = client.post(make, order | {"accepted": accepted})
    page = refused.content.decode()
    assert (refused.status_code, accepted_in(page)) == (409, "")
    assert "Leave these words out, or choose others." in page
    assert TOLD not in page

    # The others are asked about once nothing is refused.
    asked = client.post(make, order | {"words": "zorblax"})
    assert (asked.status_code, accepted_in(asked.content.decode())) == (200, "zorblax")


def test_words_from_the_style_need_not_be_known(buyer: User, style: Style, signed_in) -> None:
    order = {"words": "cat", "suggested": ["watercolour"], "aspect_ratio": "1:1"}
    assert signed_in(buyer).post(f"/styles/{style.pk}/make", order).status_code == 302


def test_changed_words_need_no_answer(buyer: User, style: Style, signed_in) -> None:
    client = signed_in(buyer)
    page = client.post(
        f"/styles/{style.pk}/make", {"words": "zorblax", "aspect_ratio": "1:1"}
    ).content.decode()
    order = {"words": "여우와 성", "aspect_ratio": "1:1", "accepted": accepted_in(page)}
    assert client.post(f"/styles/{style.pk}/make", order).status_code == 302
    assert Generation.objects.get().prompt_tags == ["여우와 성"]


@pytest.mark.parametrize(
    ("query", "unknown"),
    [
        ({"words": "robot, my zorblax, fluffy SEA"}, "zorblax, fluffy"),
        ({"words": "robot, 두 고양이"}, ""),
        ({"words": "<b>&\"'"}, "b"),
        ({}, ""),
        ({"words": "zork," * 1000}, "zork"),
    ],
)
def test_words_are_checked_while_they_are_written(query: dict[str, str], unknown: str) -> None:
    page = Client().get("/words", query).content.decode()
    assert accepted_in(page) == unknown
    assert (TOLD in page) == bool(unknown)


def test_page_and_receipt_name_what_was_not_painted_to_the_buyer_alone(
    buyer: User, style: Style, signed_in
) -> None:
    picture = GenerationFactory(user=buyer, style=style, prompt_tags=["cat", "old zorblax"])
    for status in ("queued", "completed"):
        Generation.objects.filter(pk=picture.pk).update(status=status, visibility="public")
        pages = [f"/pictures/{picture.pk}", f"/wallet/pictures/{picture.pk}"]
        for page in pages:
            shown = signed_in(buyer).get(page).content.decode()
            assert KEPT in shown, page
            assert "old, zorblax" in shown, page
    assert KEPT not in Client().get(f"/pictures/{picture.pk}").content.decode()
