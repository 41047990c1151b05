"""The feed by heat and narrowed, and its entries as the database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from app.models import FeedEntry, Generation, Style, User
from app.models.reads.picture import FeedPicture
from app.services import community_service, generation_service, user_service
from app.tests.api import Api
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db
FEED = "/api/community/feed"
DAY = 86_400


def ordered_at(picture: Generation, days_ago: float, likes: int = 0) -> Generation:
    """As if it had been ordered then, and liked so often: told to the triggers."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    Generation.objects.filter(pk=picture.pk).update(created_at=at, visibility="private")
    Generation.objects.filter(pk=picture.pk).update(visibility="public", like_count=likes)
    return picture


def entries(picture: Generation) -> dict[str, int]:
    return dict(FeedEntry.objects.filter(generation=picture).values_list("key", "heat"))


def popular(**query) -> list[int]:
    return Api().get(FEED, sort="popular", **query).ids


class TestPopular:
    def test_likes_weigh_as_days(self) -> None:
        old, older, new = (
            ordered_at(PublicPictureFactory(), days, likes)
            for days, likes in ((3.5, 7), (3.4, 3), (1, 0))
        )
        # Three days more, two days more, none.
        assert popular() == [old.pk, new.pk, older.pk]
        assert Api().get(FEED).ids == [new.pk, older.pk, old.pk]

    def test_a_like_changes_the_entries_only_where_the_number_of_likes_doubles(self) -> None:
        picture = PublicPictureFactory()
        fans = [UserFactory() for _ in range(8)]
        began = entries(picture)["all"]
        days = []
        for fan in fans:
            versions = entry_versions(picture)
            community_service.toggle_like(user=fan, generation_id=picture.pk)
            days.append((entries(picture)["all"] - began) // DAY)
            is_written = entry_versions(picture) != versions
            assert is_written == (len(days) in {1, 3, 7})
        assert days == [1, 1, 2, 2, 2, 2, 3, 3]
        for fan in fans:
            community_service.toggle_like(user=fan, generation_id=picture.pk)
        assert set(entries(picture).values()) == {began}

    @pytest.mark.parametrize("likes", [0, 1, 2, 3, 6, 7, 8, 1022, 1023, 1024, 2**31 - 2])
    def test_rows_know_their_heat(self, likes: int) -> None:
        picture = ordered_at(PublicPictureFactory(), 2.3, likes)
        picture.refresh_from_db()
        row = FeedPicture.of(Generation.objects.feed(UserFactory()).get())
        assert set(entries(picture).values()) == {row.heat}

    def test_pages_follow_each_other_while_pictures_are_liked(self) -> None:
        made = [ordered_at(PublicPictureFactory(), days, days % 3) for days in range(7)]
        expected = popular()
        page = Api().get(FEED, sort="popular", limit=2)
        seen = list(page.ids)
        Generation.objects.filter(pk=expected[0]).update(like_count=100)
        while page.data["next"]:
            page = Api().follow_link(page.data["next"])
            seen += page.ids
        assert seen == expected
        assert len(seen) == len(made)
        back = Api().follow_link(page.data["previous"])
        assert back.ids == expected[-3:-1]

    def test_a_cursor_of_another_order_is_refused(self) -> None:
        for _ in range(2):
            PublicPictureFactory()
        newest = Api().get(FEED, limit=1).data["next"]
        assert Api().follow_link(newest.replace("limit=1", "sort=popular")).status == 400

    def test_what_is_liked_when_an_account_closes(self) -> None:
        picture, fan = PublicPictureFactory(), UserFactory()
        community_service.toggle_like(user=fan, generation_id=picture.pk)
        before = entries(picture)["all"]
        user_service.close_account(fan)
        assert entries(picture)["all"] == before - DAY


def entry_versions(picture: Generation) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xmin::text || ctid FROM app_feedentry WHERE generation_id = %s ORDER BY key",
            [picture.pk],
        )
        return [row[0] for row in cursor.fetchall()]


class TestFilters:
    @pytest.fixture
    def style(self) -> Style:
        return StyleFactory(tags=("sea",))

    @pytest.fixture
    def picture(self, style: Style) -> Generation:
        PublicPictureFactory(prompt_tags=["forest"])
        words = ["Old  Castle", "grey sky"]
        return PublicPictureFactory(style=style, aspect_ratio="1:2", prompt_tags=words)

    @pytest.mark.parametrize("sort", ["created_at", "popular"])
    def test_each_filter_and_all_of_them(
        self, sort: str, style: Style, picture: Generation
    ) -> None:
        filters = {
            "style_id": style.pk,
            "artist_id": style.artist_id,
            "aspect_ratio": "1:2",
            "tag": "castle",
        }
        others = {"style_id": 2**40, "artist_id": 2**40, "aspect_ratio": "2:2", "tag": "tree"}
        for name, value in filters.items():
            assert Api().get(FEED, sort=sort, **{name: value}).ids == [picture.pk]
            assert Api().get(FEED, sort=sort, **(filters | {name: others[name]})).ids == []
        assert Api().get(FEED, sort=sort, **filters).ids == [picture.pk]

    @pytest.mark.parametrize(
        "tag", ["castle", "OLD castle", " old   castle", "old", "gray sky", "grey", "castles", "성"]
    )
    def test_a_tag_is_a_phrase_or_a_word_in_any_spelling(
        self, tag: str, picture: Generation
    ) -> None:
        assert Api().get(FEED, tag=tag).ids == [picture.pk]

    @pytest.mark.parametrize(
        ("words", "is_found"),
        [
            *(("grey castle", True), ("castle, gray", True), ("성 sky", True), ("castle", True)),
            *(("grey forest", False), ("castle zorblax", False), ("sky old castle grey", True)),
        ],
    )
    def test_each_of_several_words_has_to_be_there(
        self, words: str, is_found: bool, picture: Generation
    ) -> None:
        for sort in ("created_at", "popular"):
            assert Api().get(FEED, q=words, sort=sort).ids == [picture.pk] * is_found
        assert Api().get(FEED, q=words, tag="forest").ids == []

    def test_the_followed_by_heat(self, style: Style, picture: Generation) -> None:
        fan = Api(UserFactory())
        fan.post(f"/api/artists/{style.artist_id}/follow")
        assert fan.get(FEED, following=True, sort="popular").ids == [picture.pk]
        assert fan.get(FEED, following=True, tag="forest").ids == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("sort", "hot"), ("style_id", "0"), ("artist_id", "x"), ("aspect_ratio", "5:4")),
            *(("tag", "x" * 51), ("tag", "\0"), ("style_id", str(2**63)), ("q", "x" * 101)),
        ],
    )
    def test_what_is_no_filter_is_refused(self, name: str, value: str) -> None:
        answer = Api().get(FEED, **{name: value})
        assert (answer.status, set(answer.details)) == (400, {name})


class TestEntries:
    def test_there_is_one_for_each_list(self) -> None:
        picture = PublicPictureFactory(prompt_tags=["Red fox", "fox", "sea, 'calm'"[:3]])
        style = picture.style
        assert set(entries(picture)) == {
            *("all", f"style:{style.pk}", f"artist:{style.artist_id}", "format:1:1"),
            *("tag:red fox", "tag:red", "tag:fox", "tag:sea"),
        }

    @pytest.mark.parametrize("status", ["queued", "processing", "completed", "failed", "canceled"])
    def test_what_is_not_public_has_none(self, status: str, buyer: User) -> None:
        picture = GenerationFactory(user=buyer, status=status)
        assert entries(picture) == {}

    def test_they_come_and_go_with_the_visibility(self, buyer: User) -> None:
        picture = PublicPictureFactory(user=buyer)
        before = entries(picture)
        for visibility, expected in (("private", {}), ("public", before)):
            generation_service.update_generation(
                user=buyer, generation_id=picture.pk, visibility=visibility
            )
            assert entries(picture) == expected
        user_service.close_account(buyer)
        assert entries(picture) == {}
