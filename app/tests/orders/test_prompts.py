"""A picture is ordered with a text where the style's engine draws any words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import Generation, GenerationTag, Notification, OutboxMessage, Tag
from app.services.licences.certificate import facts_of
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import GENERATE, order, order_of, report
from app.utils import prompt_text
from protocol import decode_task
from words.prompts import MAX_LENGTH, MAX_TAGS

TEXT = (
    "A red fox asleep under an old oak tree, in the late light of autumn; behind it a castle,"
    " small and far away, and birds that fly home"
)


def texts_of_tasks() -> list[str]:
    bodies = OutboxMessage.objects.order_by("pk").values_list("body", flat=True)
    return [decode_task(bytes(body)).data.prompt for body in bodies]


def body_of(style, **changes):
    body = order_of(style, prompt=TEXT, **changes)
    del body["prompt_tags"]
    return body


@pytest.fixture
def style(db):
    return StyleFactory(engine="diffusion")


class TestOrders:
    def test_the_worker_gets_the_text_as_it_is(self, as_buyer, style):
        answer = as_buyer.post(GENERATE, body_of(style))
        assert (answer.status, answer.data["unknown_words"]) == (202, [])
        assert texts_of_tasks() == [TEXT]
        shown = as_buyer.get(f"/api/images/{answer.data['generation_id']}").data
        assert shown["prompt"] == TEXT
        assert " ".join(shown["prompt_tags"]).replace(",", "") == TEXT.replace(",", "")

    def test_with_tags_there_is_no_text(self, as_buyer, style):
        placed = order(as_buyer, style, prompt=None).data
        assert as_buyer.get(f"/api/images/{placed['generation_id']}").data["prompt"] is None
        assert texts_of_tasks() == ["castle, sea"]

    def test_many_are_quoted_ordered_and_held_with_it(self, as_buyer, buyer, style, settings):
        settings.MAX_IN_WORK = 1
        items = [body_of(style, count=3, seed=None), order_of(style)]
        quoted = as_buyer.post("/api/quotes", {"items": items}).data
        assert [each["unknown_words"] for each in quoted["items"]] == [[], []]
        placed = as_buyer.post("/api/orders", {"items": items, "quote_id": quoted["id"]})
        assert placed.status == 202
        assert list(Generation.objects.order_by("pk").values_list("prompt", flat=True)) == [
            *[TEXT] * 3,
            "",
        ]
        assert texts_of_tasks() == [TEXT]
        other = [{**items[0], "prompt": "Another one"}, items[1]]
        refused = as_buyer.post("/api/orders", {"items": other, "quote_id": quoted["id"]})
        assert list(refused.details) == ["quote_id"]
        ledger.assert_right()

    def test_the_same_key_with_another_text_is_another_order(self, as_buyer, style):
        headers = {"Idempotency-Key": "k"}
        first = as_buyer.post(GENERATE, body_of(style), headers=headers)
        again = as_buyer.post(GENERATE, body_of(style), headers=headers)
        assert again.data == first.data
        other = body_of(style) | {"prompt": "Another one"}
        refused = as_buyer.post(GENERATE, other, headers=headers)
        assert refused.refusal == (422, "IDEMPOTENCY_KEY_REUSED")
        assert Generation.objects.count() == 1


class TestRefusals:
    def test_an_engine_with_a_vocabulary_names_prompt_tags(self, as_buyer, buyer):
        style = StyleFactory()
        items = [order_of(style), body_of(style)]
        for field, answer in (
            ("prompt", as_buyer.post(GENERATE, body_of(style))),
            ("items.1.prompt", as_buyer.post("/api/quotes", {"items": items})),
            ("items.1.prompt", as_buyer.post("/api/orders", {"items": items})),
        ):
            assert answer.refusal == (400, "VALIDATION_ERROR")
            assert list(answer.details) == [field]
            (said,) = answer.details[field]
            assert "`prompt_tags`" in said
        assert ledger.entries_of(buyer) == [("earn", 1000)]
        assert not Generation.objects.exists()

    def test_it_is_one_of_the_two(self, as_buyer, style):
        both = order_of(style, prompt=TEXT)
        neither = {name: value for name, value in both.items() if not name.startswith("prompt")}
        form = "application/x-www-form-urlencoded"
        empty = f"style_id={style.pk}&aspect_ratio=1:1&prompt="
        for field, refused in (
            ("prompt", as_buyer.post(GENERATE, both)),
            ("prompt_tags", as_buyer.post(GENERATE, neither)),
            ("prompt_tags", as_buyer.post(GENERATE, neither | {"prompt": None})),
            ("prompt_tags", as_buyer.post(GENERATE, empty, content_type=form)),
            ("items.0.prompt", as_buyer.post("/api/quotes", {"items": [both]})),
            ("items.0.prompt_tags", as_buyer.post("/api/quotes", {"items": [neither]})),
        ):
            assert refused.refusal == (400, "VALIDATION_ERROR")
            assert list(refused.details) == [field]
        assert not Generation.objects.exists()

    @pytest.mark.parametrize(
        "text", ["", " \n ", "x" * 301, 7, ["a"], "a\0b", "\u200b\u2800", "a\x1bb", "\ue000 x"]
    )
    def test_what_is_no_text(self, as_buyer, style, text):
        refused = as_buyer.post(GENERATE, body_of(style) | {"prompt": text})
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert list(refused.details) == ["prompt"]

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("x" * 300, "x" * 300),
            ("  a red\n\tfox ", "a red fox"),
            ("cafe\u0301 \u202eat night", "café at night"),
            ("여우와 성, 노을", "여우와 성, 노을"),
            ("👩\u200d🎨 at work", "👩\u200d🎨 at work"),
        ],
    )
    def test_a_text_is_kept_as_it_is_read(self, as_buyer, style, text, kept):
        assert as_buyer.post(GENERATE, body_of(style) | {"prompt": text}).status == 202
        assert Generation.objects.get().prompt == kept
        assert texts_of_tasks() == [kept]


class TestWhereItIsShown:
    @pytest.fixture
    def picture(self, as_buyer, as_worker, style):
        for name in ("fox", "castle", "sea"):
            Tag.objects.create(name=name)
        as_buyer.post(GENERATE, body_of(style))
        picture = Generation.objects.get()
        assert report(as_worker, picture, "completed").status == 200
        publish = {"visibility": "public"}
        assert as_buyer.patch(f"/api/images/{picture.pk}", publish).status == 200
        picture.refresh_from_db()
        return picture

    def test_search_and_feed_find_its_words(self, picture, as_anyone):
        for word in ("fox", "castle", "oak"):
            (found,) = as_anyone.get("/api/search", q=word).data["images"]
            assert (found["id"], found["prompt"]) == (picture.pk, TEXT)
            assert as_anyone.get("/api/community/feed", tag=word).ids == [picture.pk]
        assert as_anyone.get("/api/community/feed", tag="dog").ids == []

    def test_its_words_are_linked_to_tags(self, picture):
        linked = GenerationTag.objects.order_by("sequence").values_list("tag__name", flat=True)
        assert list(linked) == ["fox", "castle"]

    def test_the_certificate_and_notices_say_it(self, picture):
        assert facts_of(picture.licence).prompt == TEXT
        told = Notification.objects.of(picture.user).with_subject().first()
        assert told.subject.endswith(f"\n{TEXT}")

    def test_a_private_ones_is_its_buyers(self, picture):
        picture.visibility = "private"
        picture.save()
        assert facts_of(picture.licence).prompt is None
        assert Api(UserFactory()).get(f"/api/images/{picture.pk}").status == 404


@given(st.text(min_size=1, max_size=300))
def test_the_pieces_are_tags_and_have_all_of_the_text(text: str) -> None:
    try:
        kept = prompt_text.cleaned(text)
    except ValueError:
        return
    assert prompt_text.cleaned(kept) == kept
    pieces = prompt_text.pieces(kept)
    assert 0 < len(pieces) <= MAX_TAGS
    assert all(0 < len(piece) <= MAX_LENGTH for piece in pieces)
    bare = str.maketrans("", "", ", ")
    assert "".join(pieces).translate(bare) == kept.translate(bare)
