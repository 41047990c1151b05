"""One Idempotency-Key: the same meaning is the same request, and links are made when given out."""

import json
from urllib.parse import urlencode

import pytest
import time_machine

from app.models import Generation, IdempotencyKey, Purchase, Style
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory, give_tokens
from app.tests.ordering import GENERATE, order, order_of
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "k"}
FORM = "application/x-www-form-urlencoded"


def turned(body: dict) -> str:
    return json.dumps(dict(reversed(body.items())), indent=3)


def as_form(body: dict) -> str:
    return urlencode(body, doseq=True)


class TestMeaning:
    @pytest.mark.parametrize(
        ("write", "content_type"),
        [
            (turned, "application/json"),
            (as_form, FORM),
            (lambda body: json.dumps({**body, "colour": "blue"}), "application/json"),
            (lambda body: json.dumps({**body, "expected_cost": None}), "application/json"),
            (
                lambda body: json.dumps({**body, "prompt_tags": [" castle", "sea "]}),
                "application/json; charset=utf-8",
            ),
            (lambda body: json.dumps({**body, "seed": 5.0}), "application/json"),
        ],
    )
    def test_an_order_that_is_written_otherwise(self, as_buyer, write, content_type):
        style = StyleFactory()
        first = order(as_buyer, style, key="k")
        text = write(order_of(style))
        again = as_buyer.post(GENERATE, text, content_type=content_type, headers=KEY)
        assert (again.status, again.headers["Idempotent-Replayed"]) == (202, "true"), again.content
        assert again.data == first.data
        assert Generation.objects.count() == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"prompt_tags": ["sea", "castle"]},
            {"prompt_tags": ["castle, sea"]},
            {"seed": None},
            {"aspect_ratio": "1:2"},
            {"expected_cost": 10},
        ],
    )
    def test_what_means_something_else_is_refused(self, as_buyer, changes):
        style = StyleFactory()
        order(as_buyer, style, key="k")
        refused = as_buyer.post(GENERATE, order_of(style, **changes), headers=KEY)
        assert refused.code in {"IDEMPOTENCY_KEY_REUSED", "VALIDATION_ERROR"}
        assert Generation.objects.count() == 1

    def test_a_purchase_as_json_and_as_a_form(self, as_buyer):
        body = {"amount": 300, "payment_method": "card"}
        first = as_buyer.post("/api/tokens/purchase", body, headers=KEY)
        again = as_buyer.post("/api/tokens/purchase", as_form(body), content_type=FORM, headers=KEY)
        assert (again.status, again.data) == (201, first.data)
        assert Purchase.objects.count() == 1

    def test_an_upload_whose_tags_are_written_otherwise(self, as_artist, media):
        first = as_artist.upload(
            "/api/models", style_form(tags="oil, sea", image_tags='{"0": ["a"]}'), headers=KEY
        )
        again = as_artist.upload(
            "/api/models",
            style_form(tags=["oil", "sea"], image_tags='[\n"A" ]'),
            headers=KEY,
        )
        assert first.status == again.status == 201, again.content
        assert first.data["id"] == again.data["id"]
        assert Style.objects.count() == 1


class TestReplays:
    def test_an_order_says_what_it_said_whatever_has_happened_since(self, as_buyer, buyer):
        style = StyleFactory()
        first = order(as_buyer, style, key="k")
        give_tokens(buyer, 500)
        Generation.objects.update(status="failed")
        assert order(as_buyer, style, key="k").content == first.content

    def test_a_purchase_says_the_balance_of_then(self, as_buyer, buyer):
        body = {"amount": 300, "payment_method": "card"}
        first = as_buyer.post("/api/tokens/purchase", body, headers=KEY)
        give_tokens(buyer, 500)
        again = as_buyer.post("/api/tokens/purchase", body, headers=KEY)
        assert again.content == first.content
        assert again.data["balance"] == 1300

    def test_links_of_an_upload_are_alive(self, artist, media):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
            client = Api(artist)
            first = client.upload("/api/models", style_form(), headers=KEY)
            clock.move_to("2026-11-22T22:00:00Z")
            again = client.upload("/api/models", style_form(), headers=KEY)
            assert again.headers["Idempotent-Replayed"] == "true"
            old, new = (each.data["artworks"][0]["image_url"] for each in (first, again))
            assert [client.follow_link(link).status for link in (old, new)] == [403, 200]
        assert Style.objects.count() == 1

    def test_what_the_version_before_this_one_kept_is_given_again(self, as_buyer, buyer):
        style = StyleFactory()
        body = '{"generation_id":7,"status":"queued","cost":10,"seed":5,"balance":990}'
        IdempotencyKey.objects.create(
            user=buyer, key="k", fingerprint="f" * 64, response_status=202, response_body=body
        )
        again = order(as_buyer, style, key="k")
        assert (again.status, again.data) == (202, json.loads(body))
        assert not Generation.objects.exists()

    def test_a_key_of_somebody_else_is_free(self, as_buyer):
        style = StyleFactory()
        order(as_buyer, style, key="k")
        other = order(Api(UserFactory(tokens=50)), style, key="k")
        assert other.data["balance"] == 40
