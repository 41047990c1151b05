"""What was seen is what is paid: another price is refused, and nothing is charged."""

import re

import pytest
from django.test import Client

from app.models import Generation
from app.services import style_service
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order

pytestmark = pytest.mark.django_db


def raise_price(style, price: int) -> None:
    style_service.update_style(user=style.artist.user, style_id=style.pk, price=price)


class TestApi:
    @pytest.mark.parametrize("price", [11, 9, 1000])
    @pytest.mark.parametrize("key", ["", "k"])
    def test_another_price_is_told_and_not_charged(self, as_buyer, buyer, price, key):
        style = StyleFactory(price=10)
        raise_price(style, price)
        answer = order(as_buyer, style, key=key, expected_cost=10)
        assert answer.refusal == (409, "PRICE_CHANGED")
        assert answer.details == {"expected": 10, "cost": price}
        assert str(price) in answer.message
        assert ledger.entries_of(buyer) == [("earn", 1000)]
        assert not Generation.objects.exists()
        # The key is free for the order at the new price.
        assert order(as_buyer, style, key=key, expected_cost=price).status == 202

    @pytest.mark.parametrize(
        ("ratio", "cost"), [("1:1", 7), ("2:2", 11), ("1:2", 9), ("3:2", 8), ("2:1", 9)]
    )
    def test_the_cost_of_the_format_is_what_counts(self, as_buyer, ratio, cost):
        style = StyleFactory(price=7)
        assert order(as_buyer, style, aspect_ratio=ratio, expected_cost=cost).data["cost"] == cost
        refused = order(as_buyer, style, aspect_ratio=ratio, expected_cost=cost + 1)
        assert refused.details == {"expected": cost + 1, "cost": cost}

    @pytest.mark.parametrize("expected", [None, 10])
    def test_an_order_need_not_say_it(self, as_buyer, expected):
        assert order(as_buyer, StyleFactory(), expected_cost=expected).status == 202

    @pytest.mark.parametrize("expected", [0, -1, 2**31, "ten", 10.5, True, []])
    def test_what_is_no_cost_is_refused(self, as_buyer, expected):
        answer = order(as_buyer, StyleFactory(), expected_cost=expected)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["expected_cost"]

    def test_who_has_too_little_hears_of_the_price_first(self):
        poor, style = Api(UserFactory(tokens=10)), StyleFactory(price=10)
        raise_price(style, 20)
        assert order(poor, style, expected_cost=10).code == "PRICE_CHANGED"
        assert order(poor, style, expected_cost=20).code == "INSUFFICIENT_TOKENS"


class TestSite:
    """The form carries the price that its page showed."""

    def sent(self, page: str, **changes: str) -> dict[str, str]:
        hidden = dict(re.findall(r'<input type="hidden" name="(key|price)" value="([^"]+)"', page))
        assert set(hidden) == {"key", "price"}
        return {**hidden, "words": "castle, sea", "aspect_ratio": "1:2", "seed": "7", **changes}

    @pytest.mark.parametrize("language", ["en", "ko"])
    def test_another_price_brings_the_filled_form_back_with_the_new_one(self, buyer, language):
        style, client = StyleFactory(price=10), Client(headers={"Accept-Language": language})
        client.force_login(buyer)
        form = self.sent(client.get(f"/styles/{style.pk}").content.decode())
        raise_price(style, 1000)
        refused = client.post(f"/styles/{style.pk}/make", form)
        page = refused.content.decode()
        assert refused.status_code == 409
        assert "1200" in page
        assert 'value="castle, sea"' in page
        assert ledger.entries_of(buyer) == [("earn", 1000)]
        again = self.sent(page)
        assert again["price"] == "1000"
        assert again["key"] != form["key"]
        raise_price(style, 20)
        assert client.post(f"/styles/{style.pk}/make", again).status_code == 409
        assert not Generation.objects.exists()

    def test_the_price_that_was_seen_is_paid(self, buyer):
        style, client = StyleFactory(price=10), Client()
        client.force_login(buyer)
        form = self.sent(client.get(f"/styles/{style.pk}").content.decode())
        assert client.post(f"/styles/{style.pk}/make", form).status_code == 302
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 12)]
