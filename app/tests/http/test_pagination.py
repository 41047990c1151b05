"""Pages: nothing twice, nothing left out, whatever comes meanwhile."""

import base64

import orjson
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Comment, Transaction
from app.services.token_service import TokenService
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db

TRANSACTIONS = "/api/tokens/transactions"


def entries(user, count: int, *, amount: int = 1) -> list[int]:
    """The ids of ``count`` new entries, the newest first."""
    made = Transaction.objects.bulk_create(
        Transaction(receiver=user, type="earn", amount=amount, memo="gift") for _ in range(count)
    )
    return [entry.pk for entry in made][::-1]


def walk(client: Api, path: str, *, direction: str = "next", after_page=lambda: None, **query):
    """The ids of every page from here on, page by page."""
    answer = client.get(path, **query)
    pages = [answer.ids]
    while link := answer.data[direction]:
        after_page()
        answer = client.follow_link(link)
        pages.append(answer.ids)
    return pages


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


class TestWalking:
    def test_three_hundred_rows_while_others_come_in(self, as_buyer, buyer):
        there = [*entries(buyer, 300), Transaction.objects.last().pk]
        pages = walk(as_buyer, TRANSACTIONS, after_page=lambda: entries(buyer, 3))
        seen = [pk for page in pages for pk in page]
        assert seen == there
        assert [len(page) for page in pages] == [20] * 15 + [1]

    def test_and_back_again(self, as_buyer, buyer):
        there = entries(buyer, 49, amount=2)
        last = as_buyer.get(TRANSACTIONS, limit=10)
        pages = [last.ids]
        while last.data["next"]:
            last = as_buyer.follow_link(last.data["next"])
            pages.append(last.ids)
        back = [last.ids]
        while last.data["previous"]:
            last = as_buyer.follow_link(last.data["previous"])
            back.append(last.ids)
        assert back == pages[::-1]
        assert [pk for page in pages for pk in page][:49] == there

    def test_going_back_finds_what_came_meanwhile(self, as_buyer, buyer):
        entries(buyer, 39)
        second = as_buyer.follow_link(as_buyer.get(TRANSACTIONS).data["next"])
        new = entries(buyer, 5)
        first = as_buyer.follow_link(second.data["previous"])
        assert len(first.ids) == 20
        newest = as_buyer.follow_link(first.data["previous"])
        assert newest.ids == new
        assert newest.data["previous"] is None
        assert as_buyer.follow_link(newest.data["next"]).ids == first.ids

    def test_rows_of_one_moment_are_told_apart(self, as_buyer, buyer):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            there = entries(buyer, 50)
            pages = walk(Api(buyer), TRANSACTIONS, limit=7, type="earn")
        seen = [pk for page in pages for pk in page]
        assert [pk for pk in seen if pk in set(there)] == there
        assert len(seen) == len(set(seen)) == 51

    def test_an_exact_page_has_no_next_one(self, as_buyer, buyer):
        entries(buyer, 19)
        answer = as_buyer.get(TRANSACTIONS)
        assert (len(answer.ids), answer.data["next"], answer.data["previous"]) == (20, None, None)

    def test_an_empty_list_has_one_empty_page(self, as_anyone):
        assert as_anyone.get("/api/models").data == {"next": None, "previous": None, "results": []}

    def test_links_keep_the_filters(self, as_buyer, buyer):
        entries(buyer, 25)
        link = as_buyer.get(TRANSACTIONS, type="earn", limit=5).data["next"]
        assert "type=earn" in link
        assert "limit=5" in link
        assert link.startswith("http://testserver/api/tokens/transactions?")

    def test_popular_styles_in_pages(self, as_anyone):
        styles = [StyleFactory(usage_count=n % 4) for n in range(13)]
        wanted = sorted(styles, key=lambda s: (s.usage_count, s.created_at, s.pk), reverse=True)
        pages = walk(as_anyone, "/api/models", sort="popular", limit=3)
        assert [pk for page in pages for pk in page] == [style.pk for style in wanted]

    def test_the_feed_in_pages_while_pictures_come(self, as_anyone):
        style = StyleFactory()
        there = [PublicPictureFactory(style=style).pk for _ in range(9)][::-1]
        pages = walk(
            as_anyone,
            "/api/community/feed",
            limit=2,
            after_page=lambda: PublicPictureFactory(style=style),
        )
        assert [pk for page in pages for pk in page] == there

    def test_comments_the_oldest_first_in_pages(self, as_anyone):
        picture, user = PublicPictureFactory(), UserFactory()
        made = [
            Comment.objects.create(user=user, generation=picture, content=str(n)).pk
            for n in range(7)
        ]
        path = f"/api/images/{picture.pk}/comments"
        pages = walk(as_anyone, path, limit=3)
        assert pages == [made[:3], made[3:6], made[6:]]

    def test_a_deep_page_costs_what_the_first_costs(self, as_buyer, buyer):
        entries(buyer, 200)
        with CaptureQueriesContext(
            connection,
        ) as first:
            answer = as_buyer.get(TRANSACTIONS)
        for _ in range(8):
            answer = as_buyer.follow_link(answer.data["next"])
        with CaptureQueriesContext(connection) as deep:
            as_buyer.follow_link(answer.data["next"])
        assert len(deep) == len(first)
        assert "OFFSET" not in deep.captured_queries[-1]["sql"].upper()


class TestLimits:
    @pytest.mark.parametrize("limit", ["1", "100", "007"])
    def test_from_one_to_a_hundred(self, as_buyer, buyer, limit):
        entries(buyer, 120)
        assert len(as_buyer.get(TRANSACTIONS, limit=limit).ids) == int(limit)

    @pytest.mark.parametrize(
        "limit", ["0", "101", "-1", "x", "", " 5", "1e1", "1.0", "٣", "0000010000", "9" * 5000]
    )
    def test_other_limits_are_named(self, as_buyer, limit):
        answer = as_buyer.get(TRANSACTIONS, limit=limit)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["limit"]


class TestCursors:
    MOMENT = "2026-11-22T12:00:00Z"

    @pytest.mark.parametrize(
        "given",
        [
            "x",
            "%00",
            "é",
            "bm90IGpzb24",
            cursor(),
            cursor(0),
            cursor(0, MOMENT),
            cursor(0, MOMENT, 1, 1),
            cursor(2, MOMENT, 1),
            cursor("0", MOMENT, 1),
            cursor(0, "yesterday", 1),
            cursor(0, 5, 1),
            cursor(0, [MOMENT], 1),
            cursor(0, {}, 1),
            cursor(0, None, 1),
            cursor(0, MOMENT, None),
            cursor(0, MOMENT, "x"),
            cursor(0, MOMENT, [1]),
            cursor(0, MOMENT, 1e300),
            cursor(0, MOMENT, 2**63),
            cursor(0, "2026-11-22T12:00:00", 1),
            cursor(0, "2026-02-30T12:00:00Z", 1),
            cursor(0, "\0", 1),
            cursor(0, "0001-01-01T00:00:00+23:59", 1),
            cursor(1, "9999-12-31T23:59:59-23:59", 1),
            cursor([0], MOMENT, 1),
            base64.urlsafe_b64encode(b"{}").decode(),
            base64.urlsafe_b64encode(b"5").decode(),
            base64.urlsafe_b64encode(b"[" * 3000).decode(),
            "A" * 5000,
        ],
    )
    @pytest.mark.parametrize("path", [TRANSACTIONS, "/api/community/feed"])
    def test_a_cursor_of_somebodys_own_making_is_refused(self, as_buyer, path, given):
        answer = as_buyer.get(path, cursor=given)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["cursor"]

    @pytest.mark.parametrize(
        "given",
        [
            cursor(0, "0001-01-01T00:00:00Z", 1),
            cursor(1, "9999-12-31T23:59:59Z", 1),
            cursor(1, "2026-11-22T12:00:00+23:59", 1),
            cursor(1, MOMENT, -(2**63)),
            cursor(0, MOMENT, 2**63 - 1),
            "",
        ],
    )
    @pytest.mark.parametrize("path", [TRANSACTIONS, "/api/community/feed"])
    def test_a_cursor_at_the_end_of_time_is_an_end(self, as_buyer, path, given):
        assert as_buyer.get(path, cursor=given).status == 200

    def test_a_cursor_of_another_list_is_refused(self, as_anyone):
        for n in range(3):
            StyleFactory(usage_count=n)
        link = as_anyone.get("/api/models", sort="popular", limit=1).data["next"]
        answer = as_anyone.follow_link(link.replace("sort=popular", "sort=created_at"))
        assert list(answer.details) == ["cursor"]


def test_entries_made_by_the_service_are_in_the_list(as_buyer, buyer):
    TokenService.add_tokens(buyer.pk, 5, "gift")
    assert [row["amount"] for row in as_buyer.get(TRANSACTIONS).results] == [5, 1000]
