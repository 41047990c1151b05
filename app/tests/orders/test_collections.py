"""Collections: a buyer's own folders of pictures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.models import Collected, Collection, Generation, User
from app.models import collection as limits
from app.services import collection_service, user_service
from app.tests.api import Answer, Api
from app.tests.factories import GenerationFactory, UserFactory
from app.tests.ordering import order_of

pytestmark = pytest.mark.django_db
ALL = "/api/collections"


@pytest.fixture
def pictures(buyer: User) -> list[Generation]:
    return [GenerationFactory(user=buyer) for _ in range(3)]


def made(client: Api, name: str = "Posters") -> str:
    return f"{ALL}/{client.post(ALL, {'name': name}).data['id']}"


def take_out(client: Api, path: str, ids: list[int]) -> Answer:
    body = json.dumps({"image_ids": ids})
    return client.call("DELETE", f"{path}/images", data=body, content_type="application/json")


class TestPictures:
    def test_they_are_put_in_and_taken_out(self, as_buyer: Api, pictures: list[Generation]) -> None:
        path, (first, second, third) = made(as_buyer), [picture.pk for picture in pictures]
        assert as_buyer.post(f"{path}/images", {"image_ids": [first, third]}).status == 200
        # Twice is once.
        told = as_buyer.post(f"{path}/images", {"image_ids": [third, first, third]}).data
        assert told["picture_count"] == 2
        listed = f"/api/images/mine?collection={told['id']}"
        assert as_buyer.get(listed).ids == [third, first]
        assert as_buyer.get(f"{listed}&visibility=public").ids == []
        assert take_out(as_buyer, path, [second, third]).data["picture_count"] == 1
        assert as_buyer.get(listed).ids == [first]
        assert as_buyer.get(ALL).results == [{**told, "picture_count": 1}]

    def test_a_deleted_one_is_not_seen_until_it_is_put_back(
        self, as_buyer: Api, pictures: list[Generation]
    ) -> None:
        path, one = made(as_buyer), pictures[0].pk
        as_buyer.post(f"{path}/images", {"image_ids": [one]})
        as_buyer.delete(f"/api/images/{one}")
        assert as_buyer.get(path).data["picture_count"] == 0
        as_buyer.post(f"/api/images/{one}/restore")
        assert as_buyer.get(path).data["picture_count"] == 1

    def test_foreign_and_deleted_ones_are_named_and_nothing_is_done(
        self, as_buyer: Api, pictures: list[Generation]
    ) -> None:
        path, own = made(as_buyer), pictures[0].pk
        as_buyer.post(f"{path}/images", {"image_ids": [own]})
        as_buyer.delete(f"/api/images/{pictures[1].pk}")
        ids = [own, GenerationFactory().pk, pictures[1].pk, pictures[2].pk]
        for answer in (
            as_buyer.post(f"{path}/images", {"image_ids": ids}),
            take_out(as_buyer, path, ids),
        ):
            assert answer.refusal == (400, "VALIDATION_ERROR")
            assert sorted(answer.details) == ["image_ids.1", "image_ids.2"]
        assert Collected.objects.values_list("generation_id", flat=True).get() == own

    @pytest.mark.parametrize("ids", [[], "x", [0], ["a"], list(range(1, 502))])
    def test_what_makes_no_sense_is_refused(self, as_buyer: Api, ids: Any) -> None:
        assert as_buyer.post(f"{made(as_buyer)}/images", {"image_ids": ids}).status == 400

    def test_a_collection_holds_so_many(
        self, as_buyer: Api, pictures: list[Generation], monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(collection_service, "MAX_PICTURES", 2)
        path, ids = made(as_buyer), [picture.pk for picture in pictures]
        assert as_buyer.post(f"{path}/images", {"image_ids": ids}).refusal == (409, "CONFLICT")
        assert as_buyer.post(f"{path}/images", {"image_ids": ids[:2]}).status == 200


class TestNames:
    def test_no_two_look_alike(self, as_buyer: Api, as_artist: Api) -> None:
        path, other = made(as_buyer), made(as_buyer, "Cards")
        for name in ("Posters", "posters", "Роsters", " Posters  "):
            assert as_buyer.post(ALL, {"name": name}).details.keys() == {"name"}
            assert as_buyer.patch(other, {"name": name}).details.keys() == {"name"}
        # Its own may be spelled otherwise, and others have theirs.
        assert as_buyer.patch(path, {"name": "POSTERS"}).data["name"] == "POSTERS"
        assert as_artist.post(ALL, {"name": "Posters"}).status == 201
        for name in ("", "…", "x" * 61):
            assert as_buyer.post(ALL, {"name": name}).status == 400
        assert Collection.objects.count() == 3

    def test_a_user_has_so_many(self, as_buyer: Api, monkeypatch: Any) -> None:
        monkeypatch.setattr(collection_service, "MAX_COLLECTIONS", 1)
        path = made(as_buyer)
        assert as_buyer.post(ALL, {"name": "Cards"}).refusal == (409, "CONFLICT")
        assert as_buyer.delete(path).status == 204
        assert as_buyer.post(ALL, {"name": "Cards"}).status == 201
        assert (limits.MAX_COLLECTIONS, limits.MAX_PICTURES) == (200, 5_000)


def test_they_are_their_owners_alone(
    as_buyer: Api, as_artist: Api, pictures: list[Generation]
) -> None:
    path = made(as_buyer)
    number, ids = path.rpartition("/")[2], [pictures[0].pk]
    assert as_artist.get(path).status == as_artist.delete(path).status == 404
    assert as_artist.patch(path, {"name": "Mine"}).status == 404
    assert as_artist.post(f"{path}/images", {"image_ids": ids}).status == 404
    assert take_out(as_artist, path, ids).status == 404
    assert as_artist.get(f"/api/images/mine?collection={number}").status == 404
    assert as_artist.get(ALL).results == []


def test_they_go_with_the_account(as_buyer: Api, buyer: User, pictures: list[Generation]) -> None:
    as_buyer.post(f"{made(as_buyer)}/images", {"image_ids": [pictures[0].pk]})
    kept = collection_service.create(user=UserFactory(), name="Posters")
    user_service.close_account(buyer)
    assert Collection.objects.get() == kept
    assert not Collected.objects.exists()


def test_a_list_costs_the_same_for_many(
    as_buyer: Api, pictures: list[Generation], django_assert_num_queries: Any
) -> None:
    for name in ("One", "Two", "Three"):
        path = made(as_buyer, name)
        as_buyer.post(f"{path}/images", {"image_ids": [each.pk for each in pictures]})
    # With a session and a savepoint; pictures and those of them that were deleted are counted.
    with django_assert_num_queries(6):
        assert [row["picture_count"] for row in as_buyer.get(ALL).results] == [3, 3, 3]


class TestAgainInOrders:
    def test_each_item_may_name_a_picture(self, as_buyer: Api, buyer: User) -> None:
        known = {"steps": 12, "guidance": 3.5, "negative_prompt": "rain"}
        old = GenerationFactory(user=buyer, style__engine="diffusion")
        Generation.objects.filter(pk=old.pk).update(settings=known)
        items = [
            order_of(old.style, again=old.pk),
            order_of(old.style, again=None),
            order_of(old.style, again=old.pk, seed=None, count=2),
        ]
        quote = as_buyer.post("/api/quotes", {"items": items}).data
        placed = as_buyer.post("/api/orders", {"items": items, "quote_id": quote["id"]}).data
        new = Generation.objects.filter(order=placed["id"]).order_by("pk")
        assert [each.settings for each in new] == [known, None, known, known]

    def test_what_is_not_theirs_is_named(self, as_buyer: Api, buyer: User) -> None:
        own = GenerationFactory(user=buyer)
        foreign = GenerationFactory(style=own.style)
        deleted = GenerationFactory(user=buyer, style=own.style)
        as_buyer.delete(f"/api/images/{deleted.pk}")
        other_style = GenerationFactory(user=buyer)
        agains = [own.pk, foreign.pk, deleted.pk, other_style.pk]
        items = [order_of(own.style, again=again) for again in agains]
        for path in ("/api/quotes", "/api/orders"):
            answer = as_buyer.post(path, {"items": items})
            assert sorted(answer.details) == [f"items.{n}.again" for n in (1, 2, 3)]
        assert not Generation.objects.exclude(order=None).exists()
