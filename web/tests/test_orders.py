"""Ordering, paying, waiting: what becomes of the forms that cost something."""

from __future__ import annotations

import re

import pytest

from app.models import Generation, Purchase, Style, Transaction, User
from app.services import generation_service
from app.tests.factories import (
    GenerationFactory,
    UserFactory,
)


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def test_order_sent_twice_is_charged_once_and_leads_to_the_same_picture(
    buyer: User, style: Style, signed_in
) -> None:
    client = signed_in(buyer)
    key = key_of(client.get(f"/styles/{style.pk}").content.decode())
    order = {"words": "castle, sea", "suggested": ["night"], "aspect_ratio": "1:2", "key": key}
    first = client.post(f"/styles/{style.pk}/make", order)
    again = client.post(f"/styles/{style.pk}/make", order)
    made = Generation.objects.get()
    assert first["Location"] == again["Location"] == f"/pictures/{made.pk}"
    assert made.prompt_tags == ["castle", "sea", "night"]
    assert Transaction.objects.filter(type="consume").count() == 1
    buyer.refresh_from_db()
    assert buyer.token_balance == 1000 - 12


def test_other_order_with_a_used_form_is_not_taken_for_the_first(
    buyer: User, style: Style, signed_in
) -> None:
    client = signed_in(buyer)
    key = key_of(client.get(f"/styles/{style.pk}").content.decode())
    order = {"words": "castle", "aspect_ratio": "1:1", "key": key}
    client.post(f"/styles/{style.pk}/make", order)
    answer = client.post(f"/styles/{style.pk}/make", {**order, "words": "sea"})
    assert answer.status_code == 409
    assert Generation.objects.count() == 1
    assert key_of(answer.content.decode()) != key


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"words": ""}, "Describe in a word or two"),
        ({"words": "sea\u200b"}, "Use letters"),
        ({"words": ", ".join(f"w{n}" for n in range(21))}, "At most 20"),
        ({"words": "sea", "aspect_ratio": "9:9"}, "Select a valid choice"),
        ({"words": "sea", "seed": "-1"}, "greater than or equal to 0"),
        ({"words": "x" * 51}, "at most 50"),
    ],
)
def test_order_that_makes_no_sense_is_explained(
    given: dict[str, str], said: str, buyer: User, style: Style, signed_in
) -> None:
    answer = signed_in(buyer).post(f"/styles/{style.pk}/make", {"aspect_ratio": "1:1", **given})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Generation.objects.exists()


def test_order_without_tokens_says_what_is_missing(style: Style, signed_in) -> None:
    poor = UserFactory()
    answer = signed_in(poor).post(
        f"/styles/{style.pk}/make", {"words": "sea", "aspect_ratio": "1:1"}
    )
    assert answer.status_code == 409
    assert "This costs 10 tokens and you have 0." in answer.content.decode()
    assert not Generation.objects.exists()


def test_site_and_api_share_one_limit_on_orders(
    buyer: User, style: Style, signed_in, settings
) -> None:
    settings.RATE_LIMITS = {"generate": "1/60"}
    client = signed_in(buyer)
    order = {"words": "sea", "aspect_ratio": "1:1"}
    assert client.post(f"/styles/{style.pk}/make", order).status_code == 302
    refused = client.post(f"/styles/{style.pk}/make", order)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert Generation.objects.count() == 1


def test_tokens_bought_with_one_form_are_bought_once(buyer: User, signed_in) -> None:
    client = signed_in(buyer)
    key = key_of(client.get("/wallet").content.decode())
    for _ in range(2):
        client.post("/wallet/buy", {"amount": 300, "payment_method": "card", "key": key})
    assert Purchase.objects.get().amount == 300
    wrong = client.post("/wallet/buy", {"amount": 150, "payment_method": "card"})
    assert wrong.status_code == 400
    assert Purchase.objects.count() == 1


def test_queue_is_polled_slower_from_far_behind(buyer: User, style: Style, signed_in) -> None:
    waiting = [GenerationFactory(user=buyer, style=style, status="queued") for _ in range(5)]
    client = signed_in(buyer)
    near = client.get(f"/pictures/{waiting[0].pk}/progress").content.decode()
    far = client.get(f"/pictures/{waiting[4].pk}/progress").content.decode()
    assert 'hx-trigger="every 1s"' in near
    assert "Next in the queue." in near
    assert 'hx-trigger="every 4s"' in far
    assert "Number 5 in the queue." in far
    generation_service.cancel(user=buyer, generation_id=waiting[0].pk)
    ended = client.get(f"/pictures/{waiting[0].pk}/progress", headers={"hx-request": "true"})
    assert ended["HX-Redirect"] == f"/pictures/{waiting[0].pk}"


def test_receipt_shows_what_the_platform_kept(
    buyer: User, artist: User, style: Style, settings, signed_in
) -> None:
    settings.PLATFORM_FEE_PERCENT = 20
    made = GenerationFactory(user=buyer, style=style)
    for reader in (buyer, artist):
        page = signed_in(reader).get(f"/wallet/pictures/{made.pk}").content.decode()
        rows = re.findall(r"<th scope=\"row\">([^<]+)</th><td>([^<]+)</td>", page)
        assert [amount for _, amount in rows] == ["10 tokens", "8 tokens", "2 tokens"]
