"""Tags: popular, searched, counted; exact under many changes at once."""

import random
from collections import Counter
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from app.models import StyleTag, Tag
from app.services import tag_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory, StyleFactory
from app.tests.together import all_at_once
from app.utils import tag_names

TAGS = "/api/tags"


def names(answer) -> list[str]:
    return [row["name"] for row in answer.data]


def assert_counts_are_right() -> None:
    """Each tag counts the styles with it that can be found."""
    found = Counter(
        StyleTag.objects.filter(
            style__is_active=True, style__training_status="completed"
        ).values_list("tag__name", flat=True)
    )
    stored = dict(Tag.objects.values_list("name", "usage_count"))
    assert stored == {name: found[name] for name in stored}


@pytest.mark.django_db
class TestTags:
    def test_everybody_sees_popular_tags_the_most_used_first(self, as_anyone):
        for tags in (("sea", "night"), ("sea",), ("sea", "fog", "night"), ("ash",)):
            StyleFactory(tags=tags)
        answer = as_anyone.get(TAGS)
        assert [(row["name"], row["usage_count"]) for row in answer.data] == [
            *(("sea", 3), ("night", 2), ("ash", 1), ("fog", 1)),
        ]
        assert set(answer.data[0]) == {"id", "name", "usage_count"}

    def test_twenty_at_most(self, as_anyone):
        StyleFactory(tags=[f"tag {n:02}" for n in range(20)])
        StyleFactory(tags=["one more"])
        assert len(as_anyone.get(TAGS).data) == 20

    def test_unused_and_inactive_tags_are_left_out(self, as_anyone):
        StyleFactory(tags=("pending",), training_status="pending")
        StyleFactory(tags=("deleted",), is_active=False)
        StyleFactory(tags=("inactive",))
        Tag.objects.filter(name="inactive").update(is_active=False)
        assert as_anyone.get(TAGS).data == []

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("water", ["watercolor", "cold water"]),
            ("WATER", ["watercolor", "cold water"]),
            ("color", ["watercolor"]),
            ("%", []),
            ("", ["watercolor", "cold water"]),
        ],
    )
    def test_search_finds_parts_in_any_case(self, as_anyone, text, found):
        StyleFactory(tags=("watercolor", "cold water"))
        StyleFactory(tags=("watercolor",))
        assert names(as_anyone.get(TAGS, search=text)) == found

    @pytest.mark.parametrize("text", ["x" * 51, "\0"])
    def test_a_search_that_makes_no_sense_is_named(self, as_anyone, text):
        answer = as_anyone.get(TAGS, search=text)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["search"]

    def test_one_tag(self, as_anyone):
        StyleFactory(tags=("sea",))
        tag = Tag.objects.get()
        shown = as_anyone.get(f"{TAGS}/{tag.pk}").data
        assert shown == {"id": tag.pk, "name": "sea", "usage_count": 1}
        Tag.objects.update(is_active=False)
        assert as_anyone.get(f"{TAGS}/{tag.pk}").refusal == (404, "NOT_FOUND")
        assert as_anyone.get(f"{TAGS}/999999").refusal == (404, "NOT_FOUND")

    @pytest.mark.parametrize("name", ["", "Sea", "바다", "a,b", " sea", "sea ", "sea\n", "se\x07a"])
    def test_the_database_refuses_what_is_no_tag(self, name):
        with (
            pytest.raises(IntegrityError, match="tag_name_lower_printable_ascii"),
            transaction.atomic(),
        ):
            Tag.objects.create(name=name)

    @pytest.mark.parametrize(
        ("given", "tag"),
        [("Sea", "sea"), ("  deep\t Sea ", "deep sea"), ("c++", "c++"), ("x" * 50, "x" * 50)],
    )
    def test_tags_are_lower_case_with_single_spaces(self, given, tag):
        assert tag_names.normalise(given) == tag

    @pytest.mark.parametrize("given", ["", " ", "바다", "café", "a,b", "x" * 51, "a\x00b", "a\x7f"])
    def test_what_is_no_tag_is_refused(self, given):
        with pytest.raises(ValueError, match="tag"):
            tag_names.normalise(given)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    WORDS = [f"word {n}" for n in range(12)]

    def test_tags_in_both_orders_do_not_deadlock(self):
        """Sixty changes of twelve styles, each with tags in another order."""
        draw = random.Random(5)
        artist = ArtistFactory()
        styles = [StyleFactory(artist=artist, tags=self.WORDS[:3]) for _ in range(12)]
        client = Api(artist.user)
        calls = []
        for n in range(60):
            tags = draw.sample(self.WORDS, 8)
            tags.sort(reverse=bool(n % 2))
            change: dict[str, object] = {"tags": tags}
            if n % 5 == 0:
                change["is_active"] = n % 10 == 0
            style = styles[n % len(styles)]
            calls.append(partial(client.twin().patch, f"/api/models/{style.pk}", change))
        answers = all_at_once(calls, threads=16)
        assert Counter(answer.status for answer in answers) == {200: 60}
        assert_counts_are_right()

    def test_new_tags_made_at_once_are_made_once(self):
        calls = [
            partial(tag_service.get_or_create, self.WORDS[:: 1 if n % 2 else -1]) for n in range(20)
        ]
        made = all_at_once(calls, threads=20)
        assert len({tuple(sorted(tag.pk for tag in tags.values())) for tags in made}) == 1
        assert Tag.objects.count() == len(self.WORDS)

    def test_a_style_deleted_many_times_at_once_is_counted_once(self):
        artist = ArtistFactory()
        style = StyleFactory(artist=artist, tags=("sea", "night"))
        StyleFactory(tags=("sea",))
        client = Api(artist.user)
        path = f"/api/models/{style.pk}"
        answers = all_at_once([partial(client.twin().delete, path) for _ in range(12)])
        assert {answer.status for answer in answers} == {204}
        assert_counts_are_right()
