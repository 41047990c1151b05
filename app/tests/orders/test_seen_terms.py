"""The terms that were seen are those that are sold: others are refused, and nothing is charged."""

import hashlib
import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from app.models import Generation, IdempotencyKey
from app.services import style_service
from app.tests import ledger
from app.tests.factories import StyleFactory
from app.tests.ordering import GENERATE, order, order_of

pytestmark = pytest.mark.django_db


def change_terms(style, key: str = "personal") -> None:
    style_service.update_style(user=style.artist.user, style_id=style.pk, terms=key)


class TestApi:
    @pytest.mark.parametrize("key", ["", "k"])
    def test_other_terms_are_told_and_nothing_is_charged(self, as_buyer, buyer, key):
        style = StyleFactory()
        seen = as_buyer.get(f"/api/models/{style.pk}").data["terms_id"]
        change_terms(style)
        answer = order(as_buyer, style, key=key, expected_terms=seen)
        assert answer.refusal == (409, "TERMS_CHANGED")
        assert answer.details == {"expected": "commercial/1", "terms": "personal/1"}
        assert {"commercial/1", "personal/1"} <= set(re.findall(r"[a-z]+/1", answer.message))
        assert ledger.entries_of(buyer) == [("earn", 1000)]
        assert not Generation.objects.exists()
        # The key is free for the order under the new terms.
        assert order(as_buyer, style, key=key, expected_terms="personal/1").status == 202
        assert Generation.objects.get().terms_id == "personal/1"

    def test_a_quote_names_what_an_order_sends_back(self, as_buyer):
        style = StyleFactory(terms_id="personal/1")
        quoted = as_buyer.post("/api/quotes", {"items": [order_of(style)]}).data["items"][0]
        assert quoted["terms_id"] == "personal/1"
        assert order(as_buyer, style, expected_terms=quoted["terms_id"]).status == 202

    def test_of_price_and_terms_the_price_is_told_first(self, as_buyer):
        style = StyleFactory(price=10)
        change_terms(style)
        seen = {"expected_cost": 9, "expected_terms": "commercial/1"}
        assert order(as_buyer, style, **seen).code == "PRICE_CHANGED"
        assert order(as_buyer, style, **seen | {"expected_cost": 10}).code == "TERMS_CHANGED"

    @pytest.mark.parametrize("said", [{}, {"expected_terms": None}])
    def test_an_order_need_not_say_it(self, as_buyer, said):
        style = StyleFactory()
        change_terms(style)
        assert order(as_buyer, style, key="k", **said).status == 202
        # And means what it meant to the version before, whose fingerprints are kept for a day.
        meant = json.dumps(
            order_of(style, expected_cost=None), sort_keys=True, separators=(",", ":")
        )
        said_then = f"POST {GENERATE}\n{meant}".encode()
        assert IdempotencyKey.objects.get().fingerprint == hashlib.sha256(said_then).hexdigest()

    @pytest.mark.parametrize(
        "expected",
        ["", "commercial", "commercial/", "commercial/0", "Personal use", 1, [], "x/" + "1" * 60],
    )
    def test_what_names_no_terms_is_refused(self, as_buyer, expected):
        answer = order(as_buyer, StyleFactory(), expected_terms=expected)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["expected_terms"]
        assert not Generation.objects.exists()

    def test_it_asks_the_database_nothing_more(self, as_buyer):
        style = StyleFactory()
        counts = []
        for said in ({}, {}, {"expected_terms": "commercial/1"}):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert order(as_buyer, style, **said).status == 202
            counts.append(len(asked))
        assert counts[1] == counts[2]


class TestSite:
    """The form carries the terms that its page showed."""

    def sent(self, page: str, **changes: str) -> dict[str, str]:
        hidden = r'<input type="hidden" name="(key|price|terms)" value="([^"]+)"'
        found = dict(re.findall(hidden, page))
        assert set(found) == {"key", "price", "terms"}
        return {**found, "words": "castle, sea", "aspect_ratio": "1:2", "seed": "7", **changes}

    @pytest.mark.parametrize(
        ("language", "old", "new"),
        [("en", "Commercial use", "Personal use"), ("ko", "상업적 이용", "개인적 이용")],
    )
    def test_the_filled_form_comes_back_with_the_new_terms(self, buyer, language, old, new):
        style, client = StyleFactory(price=10), Client(headers={"Accept-Language": language})
        client.force_login(buyer)
        form = self.sent(client.get(f"/styles/{style.pk}").content.decode())
        change_terms(style)
        refused = client.post(f"/styles/{style.pk}/make", form)
        page = refused.content.decode()
        assert refused.status_code == 409
        [said] = re.findall(r'role="alert"[^>]*><p>(.*?)</p>', page)
        assert f"“{new} (personal/1)”" in said
        assert f"“{old} (commercial/1)”" in said
        assert f"<li>{new}:" in page
        assert 'value="castle, sea"' in page
        assert ledger.entries_of(buyer) == [("earn", 1000)]
        assert not Generation.objects.exists()
        again = self.sent(page)
        assert again["terms"] == "personal/1"
        assert client.post(f"/styles/{style.pk}/make", again).status_code == 302
        assert Generation.objects.get().terms_id == "personal/1"
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 12)]

    def test_another_answer_between_does_not_agree_for_the_buyer(self, buyer):
        """The page that asks about unknown words says nothing of the terms."""
        style, client = StyleFactory(), Client()
        client.force_login(buyer)
        page = client.get(f"/styles/{style.pk}").content.decode()
        change_terms(style)
        asked = client.post(f"/styles/{style.pk}/make", self.sent(page, words="zorblax"))
        assert asked.status_code == 200
        again = self.sent(asked.content.decode(), words="zorblax", accepted="zorblax")
        assert client.post(f"/styles/{style.pk}/make", again).status_code == 409
        assert not Generation.objects.exists()

    def test_nor_does_signing_in(self, buyer):
        style, client = StyleFactory(), Client()
        form = self.sent(client.get(f"/styles/{style.pk}").content.decode())
        change_terms(style)
        client.post(f"/styles/{style.pk}/make", form)
        client.force_login(buyer)
        kept = self.sent(client.get(f"/styles/{style.pk}?kept=1").content.decode())
        assert client.post(f"/styles/{style.pk}/make", kept).status_code == 409
        assert not Generation.objects.exists()
