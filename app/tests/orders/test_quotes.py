"""What an order would cost and which words nobody would see, before anything is paid."""

import pytest

from app.models import Generation, OutboxMessage
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import ArtistFactory, StyleFactory
from app.tests.ordering import order, order_of
from protocol import decode_task
from words import understand

pytestmark = pytest.mark.django_db
QUOTES = "/api/quotes"


def test_a_quote_names_cost_balance_and_unknown_words_and_writes_nothing(as_buyer, buyer):
    style = StyleFactory(price=7)
    items = [
        order_of(style, prompt_tags=["Robot", "zorblax throne"]),
        order_of(style, prompt_tags=["두 고양이", "왕좌"], aspect_ratio="1:2"),
    ]
    answer = as_buyer.post(QUOTES, {"items": items})
    assert answer.status == 200
    assert (answer.data["cost"], answer.data["balance_after"]) == (16, 984)
    assert answer.data["items"] == [
        {"cost": 7, "terms_id": "commercial/1", "unknown_words": ["zorblax", "throne"]},
        {"cost": 9, "terms_id": "commercial/1", "unknown_words": ["왕좌"]},
    ]
    assert not Generation.objects.exists()
    assert ledger.entries_of(buyer) == [("earn", 1000)]


def test_a_quote_may_be_more_than_one_has(as_buyer):
    style = StyleFactory(price=600)
    answer = as_buyer.post(QUOTES, {"items": [order_of(style)] * 2})
    assert (answer.data["cost"], answer.data["balance_after"]) == (1200, -200)


def test_hidden_styles_are_not_quoted(as_buyer):
    for style in (StyleFactory(is_active=False), StyleFactory(training_status="failed")):
        refused = as_buyer.post(QUOTES, {"items": [order_of(style)]})
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert refused.details == {"items.0.style_id": ["There is no such style."]}
    artist = ArtistFactory()
    own = StyleFactory(artist=artist, training_status="pending")
    refused = Api(artist.user).post(QUOTES, {"items": [order_of(own)]})
    assert refused.details == {"items.0.style_id": ["This style is not ready."]}


def test_the_answer_to_an_order_names_the_unknown_words_and_so_does_its_replay(as_buyer):
    style = StyleFactory()
    for _ in range(2):
        answer = order(as_buyer, style, key="k", prompt_tags=["two cats", "my zorblax"])
        assert answer.status == 202
        assert answer.data["unknown_words"] == ["zorblax"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("여우와 성", "여우와 성"),
        ("cafe\u0301", "café"),
        ("🧑‍🌾 ☕️", "🧑‍🌾 ☕️"),
        ("\u3000空 夜\xa0", "空 夜"),
        ("Ünïcode – “x”", "Ünïcode – “x”"),
        ("x" * 50, "x" * 50),
        ("가" * 50, "가" * 50),
    ],
)
def test_any_printable_text_is_a_prompt(as_buyer, given, kept):
    style = StyleFactory()
    assert order(as_buyer, style, prompt_tags=[given]).status == 202
    assert Generation.objects.get().prompt_tags == [kept]
    task = decode_task(bytes(OutboxMessage.objects.get().body))
    assert task.data.prompt == kept
    assert understand(task.data.prompt.split(", ")) == understand([kept])


@pytest.mark.parametrize(
    "given",
    [
        "a,b",
        "a\nb",
        "a\u202eb",
        "a\u200bb",
        "\ue000",
        "\ud7ff\uffff",
        "\u3164",
        " \u2800",
        "\u200d",
        "x" * 51,
    ],
)
def test_what_cannot_be_printed_is_refused(as_buyer, buyer, given):
    style = StyleFactory()
    refused = order(as_buyer, style, prompt_tags=["sea", given])
    assert refused.refusal == (400, "VALIDATION_ERROR")
    assert not Generation.objects.exists()
    assert ledger.entries_of(buyer) == [("earn", 1000)]
