"""A buyer deletes a picture: nobody sees it by any door, and what was sold stays sold."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from app.models import Comment, Generation, Licence, Like, Order, Transaction, User
from app.services import community_service, deletion_service
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory
from app.tests.ordering import order, report
from app.utils import clock
from protocol.previews import family, reported_name

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer: User, artist: User, media: Path) -> Generation:
    """A public one with files, that the artist likes and has commented on."""
    style = StyleFactory(artist=artist.artist, tags=("castle",))
    made: Generation = PublicPictureFactory(user=buyer, style=style, prompt_tags=["castle"])
    bought = Order.objects.create(user=buyer, item_count=1, cost=10)
    made.preview_path = reported_name("generations/x/preview", made.width)
    made.order = bought
    made.save()
    for key in files_of(made):
        (media / key).parent.mkdir(parents=True, exist_ok=True)
        (media / key).write_bytes(b"paint")
    community_service.toggle_like(user=artist, generation_id=made.pk)
    community_service.add_comment(user=artist, generation_id=made.pk, content="Fine.")
    return made


def files_of(picture: Generation) -> list[str]:
    return [picture.image_path, *(key for key, _ in family(picture.preview_path, picture.width))]


def ago(picture: Generation, **time: int) -> None:
    moment = clock.now() - timedelta(**time)
    Generation.objects.filter(pk=picture.pk).update(deleted_at=moment)


def doors(picture: Generation, owner: Api, others: Api) -> dict[str, Any]:
    """Whether the picture is to be seen, by each door."""
    pk = picture.pk
    lists = {
        "feed": "/api/community/feed",
        "feed of the style": f"/api/community/feed?style_id={picture.style_id}",
        "feed of the artist": f"/api/community/feed?artist_id={picture.style.artist_id}",
        "feed of a word": "/api/community/feed?tag=castle",
    }
    seen: dict[str, Any] = {}
    for who, api in (("owner", owner), ("others", others)):
        seen |= {f"{name}, {who}": pk in api.get(path).ids for name, path in lists.items()}
        found = api.get("/api/search?q=castle").data
        seen[f"search, {who}"] = f'"id":{pk},' in str(found["images"]).replace(" ", "").replace(
            "'", '"'
        )
        for path in (f"/api/images/{pk}", f"/api/images/{pk}/status", f"/pictures/{pk}"):
            seen[f"{path}, {who}"] = api.http.get(path).status_code == 200
        seen[f"image, {who}"] = api.http.get(f"/pictures/{pk}/image").status_code == 302
        seen[f"comments, {who}"] = api.get(f"/api/images/{pk}/comments").status == 200
        for path in (
            "/",
            f"/styles/{picture.style_id}",
            f"/users/{picture.user_id}",
            "/search?q=castle",
        ):
            seen[f"{path}, {who}"] = f'href="/pictures/{pk}"' in api.http.get(path).content.decode()
    seen["sitemap"] = f"/pictures/{pk}<" in others.http.get("/sitemap.xml").content.decode()
    seen["mine"] = pk in owner.get("/api/images/mine").ids
    seen["order"] = pk in [
        row["id"] for row in owner.get(f"/api/orders/{picture.order_id}").data["items"]["results"]
    ]
    for path in ("/mine", f"/orders/{picture.order_id}"):
        seen[path] = f'href="/pictures/{pk}"' in owner.http.get(path).content.decode()
    for path in ("/mine/pictures.zip", f"/orders/{picture.order_id}/pictures.zip"):
        packed = b"".join(owner.http.get(path).streaming_content)  # type: ignore[attr-defined]
        names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
        seen[path] = any(name.endswith(".png") for name in names)
    seen["download"] = owner.http.get(f"/pictures/{pk}/download").status_code == 302
    seen["words with a notice"] = any(
        row["subject"] for row in owner.get("/api/notifications").results
    )
    seen["like"] = others.call("PUT", f"/api/images/{pk}/like").status == 200
    answer = others.post(f"/api/images/{pk}/comments", {"content": "Again."})
    seen["comment"] = answer.status == 201
    changed = owner.patch(f"/api/images/{pk}", {"description": "Mine."})
    seen["change"] = changed.status == 200
    return seen


def test_it_is_gone_by_every_door_and_what_was_sold_stays(
    as_buyer: Api, as_artist: Api, as_anyone: Api, picture: Generation, settings: Any
) -> None:
    before = doors(picture, as_buyer, as_artist)
    assert [name for name, is_seen in before.items() if not is_seen] == []
    sold = as_anyone.get(f"/api/licences/{picture.licence.number}").data
    assert as_buyer.delete(f"/api/images/{picture.pk}").status == 204
    assert [name for name, is_seen in doors(picture, as_buyer, as_artist).items() if is_seen] == []
    now = as_anyone.get(f"/api/licences/{picture.licence.number}").data
    assert (now["state"], now["picture_is_deleted"], now["preview_url"]) == ("active", True, None)
    assert (sold["picture_is_deleted"], now["number"]) == (False, sold["number"])
    for api in (as_anyone, as_buyer):
        page = api.http.get(f"/licences/{picture.licence.number}").content.decode()
        assert "The buyer has deleted their copy." in page
        assert "This licence is valid." in page
    found = as_anyone.post("/api/verify", {"number": picture.licence.number}).data
    assert found["licence"]["number"] == picture.licence.number
    receipt = as_buyer.http.get(f"/wallet/pictures/{picture.pk}").content.decode()
    assert "You have deleted this picture." in receipt
    assert "<img" not in receipt.split("<main")[1]
    assert Like.objects.count() == Comment.objects.count() - 1 == 1


def test_what_was_paid_was_paid(as_buyer: Api, as_worker: Api) -> None:
    order(as_buyer, StyleFactory())
    made = Generation.objects.get()
    assert report(as_worker, made, "completed").status == 200
    before = Transaction.objects.count(), User.objects.get(pk=made.user_id).token_balance
    assert as_buyer.delete(f"/api/images/{made.pk}").status == 204
    assert report(as_worker, made, "completed").status == 200
    now = Transaction.objects.count(), User.objects.get(pk=made.user_id).token_balance
    assert now == before
    ledger.assert_right()


class TestPuttingBack:
    def test_within_a_week_it_is_as_it_was_but_private(
        self, as_buyer: Api, as_anyone: Api, picture: Generation, media: Path
    ) -> None:
        path = f"/api/images/{picture.pk}"
        as_buyer.delete(path)
        (listed,) = as_buyer.get("/api/images/deleted").results
        assert listed["id"] == picture.pk
        assert listed["deleted_at"]
        ago(picture, days=6, hours=23)
        assert deletion_service.delete_files() == 0
        assert as_buyer.post(f"{path}/restore").data["visibility"] == "private"
        assert as_anyone.get(path).status == 404
        assert as_buyer.get("/api/images/deleted").results == []
        assert as_buyer.get("/api/images/mine").ids == [picture.pk]
        assert all((media / key).exists() for key in files_of(picture))
        # Nothing to put back is no error.
        assert as_buyer.post(f"{path}/restore").status == 200
        assert as_buyer.patch(path, {"visibility": "public"}).status == 200

    def test_after_a_week_its_files_go_and_it_stays_gone(
        self, as_buyer: Api, picture: Generation, media: Path
    ) -> None:
        as_buyer.delete(f"/api/images/{picture.pk}")
        ago(picture, days=7, hours=1, minutes=1)
        call_command("relay_outbox", "--once")
        assert not any((media / key).exists() for key in files_of(picture))
        assert as_buyer.post(f"/api/images/{picture.pk}/restore").refusal == (404, "NOT_FOUND")
        assert as_buyer.get("/api/images/deleted").results == []
        assert deletion_service.delete_files() == 0
        assert Licence.objects.filter(pk=picture.pk).exists()

    def test_between_them_neither_happens(self, as_buyer: Api, picture: Generation) -> None:
        as_buyer.delete(f"/api/images/{picture.pk}")
        ago(picture, days=7, minutes=1)
        assert as_buyer.post(f"/api/images/{picture.pk}/restore").status == 404
        assert deletion_service.delete_files() == 0

    def test_files_of_a_storage_that_is_away_are_tried_again(
        self, as_buyer: Api, picture: Generation, monkeypatch: Any
    ) -> None:
        as_buyer.delete(f"/api/images/{picture.pk}")
        ago(picture, days=8)
        with monkeypatch.context() as away:
            away.setattr("app.services.storage.default_storage.delete", _breaks)
            assert deletion_service.delete_files() == 0
        assert deletion_service.delete_files() == 1


def _breaks(key: str) -> None:
    raise OSError("The disk is away.")


class TestRefusals:
    @pytest.mark.parametrize("status", ["queued", "processing"])
    def test_under_way_it_is_to_be_canceled(self, as_buyer: Api, buyer: User, status: str) -> None:
        made = GenerationFactory(user=buyer, status=status)
        answer = as_buyer.delete(f"/api/images/{made.pk}")
        assert answer.refusal == (409, "INVALID_TRANSITION")
        assert as_buyer.get(f"/api/images/{made.pk}").status == 200
        assert deletion_service.delete_several(user=buyer, generation_ids=[made.pk]) == 0

    def test_of_others_it_is_theirs(
        self, as_artist: Api, artist: User, picture: Generation
    ) -> None:
        path = f"/api/images/{picture.pk}"
        assert as_artist.delete(path).status == 403
        assert deletion_service.delete_several(user=artist, generation_ids=[picture.pk]) == 0
        Generation.objects.filter(pk=picture.pk).update(visibility="private")
        assert as_artist.delete(path).status == 404
        ago(picture, days=1)
        assert as_artist.post(f"{path}/restore").status == 404
        assert deletion_service.restore_several(user=artist, generation_ids=[picture.pk]) == 0
        picture.refresh_from_db()
        assert picture.deleted_at is not None

    @pytest.mark.parametrize("change", [{"visibility": "public"}, {"status": "queued"}])
    def test_the_database_has_the_last_word(
        self, as_buyer: Api, picture: Generation, change: dict[str, str]
    ) -> None:
        as_buyer.delete(f"/api/images/{picture.pk}")
        with pytest.raises(IntegrityError, match="generation_deleted_"), transaction.atomic():
            Generation.objects.filter(pk=picture.pk).update(**change)

    def test_several_are_deleted_and_put_back_at_once(self, buyer: User) -> None:
        ids = [
            GenerationFactory(user=buyer, status=s).pk for s in ("completed", "failed", "queued")
        ]
        assert deletion_service.delete_several(user=buyer, generation_ids=ids) == 2
        assert deletion_service.delete_several(user=buyer, generation_ids=ids) == 0
        assert deletion_service.restore_several(user=buyer, generation_ids=ids) == 2
        assert Generation.objects.kept_by(buyer.pk).count() == 3
