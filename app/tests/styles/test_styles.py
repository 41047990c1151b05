"""Styles: found, shown, changed, withdrawn."""

import pytest

from app.models import Style, Tag
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.ordering import order, report

pytestmark = pytest.mark.django_db

MODELS = "/api/models"


def names(answer) -> list[str]:
    return [row["name"] for row in answer.results]


def usage() -> dict[str, int]:
    return dict(Tag.objects.values_list("name", "usage_count"))


class TestList:
    def test_everybody_sees_ready_styles_the_newest_first(self, as_anyone, as_buyer):
        StyleFactory(name="First", tags=("sea", "night"), price=12)
        StyleFactory(name="Second")
        for client in (as_anyone, as_buyer):
            answer = client.get(MODELS)
            assert names(answer) == ["Second", "First"]
            first = answer.results[1]
            assert set(first) == {
                *("id", "name", "artist", "thumbnail", "price", "usage_count", "tags"),
                *("training_status", "created_at"),
            }
            assert (first["price"], first["usage_count"]) == (12, 0)
            assert [tag["name"] for tag in first["tags"]] == ["sea", "night"]
            assert first["created_at"].endswith("Z")

    @pytest.mark.parametrize("state", ["pending", "training", "failed"])
    def test_others_do_not_see_what_is_not_ready(self, as_anyone, as_buyer, state):
        StyleFactory(training_status=state)
        other_artist = Api(ArtistFactory().user)
        for client in (as_anyone, as_buyer, other_artist):
            assert client.get(MODELS).results == []
            assert client.get(MODELS, training_status=state).results == []

    def test_artists_see_their_own_that_are_not_ready(self, as_artist, artist):
        for state in ("pending", "training", "failed", "completed"):
            StyleFactory(artist=artist.artist, name=state, training_status=state)
        StyleFactory(name="somebody's", training_status="pending")
        assert sorted(names(as_artist.get(MODELS))) == [
            *("completed", "failed", "pending", "training"),
        ]
        assert names(as_artist.get(MODELS, training_status="failed")) == ["failed"]

    def test_deleted_styles_are_not_listed_not_even_for_their_artist(self, as_artist, artist):
        StyleFactory(artist=artist.artist, is_active=False)
        assert as_artist.get(MODELS).results == []

    def test_all_tags_have_to_be_there(self, as_anyone):
        StyleFactory(name="both", tags=("watercolor", "portrait"))
        StyleFactory(name="one", tags=("watercolor",))
        StyleFactory(name="none")
        assert names(as_anyone.get(MODELS, tags="watercolor")) == ["one", "both"]
        assert names(as_anyone.get(MODELS, tags="watercolor,portrait")) == ["both"]
        assert names(as_anyone.get(MODELS, tags=" Portrait , WATERCOLOR,")) == ["both"]
        assert names(as_anyone.get(MODELS, tags=["watercolor", "portrait"])) == ["both"]
        assert names(as_anyone.get(MODELS, tags="watercolor,oil")) == []
        assert len(as_anyone.get(MODELS, tags="").results) == 3

    def test_of_one_artist(self, as_anyone, artist):
        StyleFactory(artist=artist.artist, name="hers")
        StyleFactory(name="another's")
        assert names(as_anyone.get(MODELS, artist_id=artist.pk)) == ["hers"]
        assert names(as_anyone.get(MODELS, artist_id=2**40)) == []

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("wet", ["Wet Paper"]),
            ("PAPER", ["Wet Paper"]),
            ("arbo", ["Ink"]),
            ("x", []),
            ("%", []),
            ("_", []),
            ("\\", []),
            ("", ["Ink", "Wet Paper"]),
        ],
    )
    def test_search_finds_a_part_of_a_name_or_tag_in_any_case(self, as_anyone, text, found):
        StyleFactory(name="Wet Paper")
        StyleFactory(name="Ink", tags=("harbour",))
        assert names(as_anyone.get(MODELS, q=text)) == found

    def test_filters_combine(self, as_anyone, artist):
        StyleFactory(name="Wet Paper", artist=artist.artist, tags=("sea",))
        StyleFactory(name="Wet Ink", artist=artist.artist)
        StyleFactory(name="Wet Sand", tags=("sea",))
        found = as_anyone.get(MODELS, q="wet", artist_id=artist.pk, tags="sea", sort="popular")
        assert names(found) == ["Wet Paper"]

    def test_popular_ones_first_then_the_newest(self, as_anyone):
        rare, popular, new = (StyleFactory(name=name) for name in ("rare", "popular", "new"))
        for style in (rare, popular, popular):
            GenerationFactory(style=style)
        assert names(as_anyone.get(MODELS, sort="popular")) == ["popular", "rare", "new"]
        assert names(as_anyone.get(MODELS, sort="created_at")) == ["new", "popular", "rare"]
        assert new.usage_count == 0

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("sort", "price"),
            ("training_status", "done"),
            ("artist_id", "x"),
            ("artist_id", "0"),
            ("artist_id", str(2**63)),
            ("q", "x" * 101),
            ("q", "\0"),
            ("tags", "x" * 51),
            ("tags", "바다"),
        ],
    )
    def test_a_filter_that_makes_no_sense_is_named(self, as_anyone, field, value):
        answer = as_anyone.get(MODELS, **{field: value})
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert next(iter(answer.details)).split(".")[0] == field


class TestDetail:
    def test_everything_about_a_style_is_shown(self, as_anyone, artist):
        style = StyleFactory(
            artist=artist.artist, price=7, description="Ink.", tags=("sea",), works=3
        )
        shown = as_anyone.get(f"{MODELS}/{style.pk}").data
        assert set(shown["artist"]) == {"id", "username", "profile_image", "artist_name"}
        assert shown["artist"]["id"] == artist.pk
        assert [work["position"] for work in shown["artworks"]] == [0, 1, 2]
        assert "/previews/" in shown["artworks"][0]["image_url"]
        assert shown["tags"][0]["sequence"] == 0
        assert shown["prices"] == {
            "1:1": 7,
            "2:2": 11,
            "1:2": 9,
            "3:2": 8,
            "2:1": 9,
            "4:3": 8,
            "3:4": 8,
        }
        assert (shown["is_ready"], shown["is_active"]) == (True, True)
        assert (shown["progress"], shown["failure_reason"]) == (None, None)

    @pytest.mark.parametrize("state", ["pending", "training", "failed"])
    def test_what_is_not_ready_is_shown_to_its_artist_alone(
        self, as_anyone, as_artist, artist, state
    ):
        style = StyleFactory(
            artist=artist.artist, training_status=state, failure_reason="Too few faces."
        )
        for client in (as_anyone, Api(UserFactory()), Api(ArtistFactory().user)):
            assert client.get(f"{MODELS}/{style.pk}").refusal == (404, "NOT_FOUND")
        shown = as_artist.get(f"{MODELS}/{style.pk}").data
        assert (shown["training_status"], shown["is_ready"]) == (state, False)
        assert shown["failure_reason"] == "Too few faces."

    def test_nobody_else_reads_why_a_training_once_failed(self, as_anyone):
        style = StyleFactory(failure_reason="Too few faces.")
        assert as_anyone.get(f"{MODELS}/{style.pk}").data["failure_reason"] is None

    def test_what_is_not_there_is_not_found(self, as_anyone):
        assert as_anyone.get(f"{MODELS}/999999").refusal == (404, "NOT_FOUND")

    def test_fields_can_be_chosen(self, as_anyone):
        style = StyleFactory(name="Ink")
        shown = as_anyone.get(f"{MODELS}/{style.pk}", fields="id,name,unknown").data
        assert shown == {"id": style.pk, "name": "Ink"}
        assert as_anyone.get(MODELS, fields="name").results == [{"name": "Ink"}]
        everything = as_anyone.get(f"{MODELS}/{style.pk}", fields="unknown").data
        assert {"id", "name", "prices"} < set(everything)


class TestMine:
    def test_artists_see_all_of_theirs_with_earnings(self, as_artist, artist):
        sold = StyleFactory(artist=artist.artist, name="sold", price=10)
        StyleFactory(artist=artist.artist, name="gone", is_active=False)
        StyleFactory(
            artist=artist.artist, name="failed", training_status="failed", failure_reason="Blurred."
        )
        StyleFactory(name="another's")
        GenerationFactory(style=sold)
        GenerationFactory(style=sold, aspect_ratio="2:2")
        GenerationFactory(style=sold, status="failed")
        rows = {row["name"]: row for row in as_artist.get(f"{MODELS}/mine").results}
        assert list(rows) == ["failed", "gone", "sold"]
        assert (rows["sold"]["earned"], rows["sold"]["usage_count"]) == (25, 2)
        assert rows["gone"]["is_active"] is False
        assert (rows["failed"]["failure_reason"], rows["failed"]["earned"]) == ("Blurred.", 0)

    def test_who_is_no_artist_has_none(self, as_buyer):
        assert as_buyer.get(f"{MODELS}/mine").refusal == (403, "ARTIST_ONLY")


class TestChange:
    def test_the_artist_changes_what_may_change(self, as_artist, artist):
        style = StyleFactory(artist=artist.artist, name="Ink", price=10, tags=("sea", "night"))
        change = {"description": "Soft.", "price": 20, "tags": ["Night", "fog"], "usage_count": 9}
        shown = as_artist.patch(f"{MODELS}/{style.pk}", change).data
        assert (shown["name"], shown["description"], shown["price"]) == ("Ink", "Soft.", 20)
        assert [tag["name"] for tag in shown["tags"]] == ["night", "fog"]
        assert usage() == {"sea": 0, "night": 1, "fog": 1}

    def test_what_is_not_given_stays(self, as_artist, artist):
        style = StyleFactory(artist=artist.artist, price=10, tags=("sea",), description="Ink.")
        shown = as_artist.patch(f"{MODELS}/{style.pk}", {}).data
        assert (shown["price"], shown["description"]) == (10, "Ink.")
        assert usage() == {"sea": 1}

    def test_a_new_price_holds_for_new_orders_only(self, as_artist, artist, as_buyer):
        style = StyleFactory(artist=artist.artist, price=10)
        before = order(as_buyer, style).data
        as_artist.patch(f"{MODELS}/{style.pk}", {"price": 30})
        assert (before["cost"], order(as_buyer, style).data["cost"]) == (10, 30)
        ledger.assert_right()

    def test_a_style_is_withdrawn_and_comes_back(self, as_artist, artist, as_anyone):
        style = StyleFactory(artist=artist.artist, tags=("sea",))
        for is_active, count in ((False, 0), (False, 0), (True, 1), (True, 1)):
            shown = as_artist.patch(f"{MODELS}/{style.pk}", {"is_active": is_active}).data
            assert (shown["is_active"], shown["is_ready"]) == (is_active, is_active)
            assert usage() == {"sea": count}
            assert len(as_anyone.get(MODELS).results) == count

    def test_tags_changed_while_withdrawn_count_when_it_comes_back(self, as_artist, artist):
        style = StyleFactory(artist=artist.artist, tags=("sea", "night"))
        as_artist.patch(f"{MODELS}/{style.pk}", {"is_active": False, "tags": ["fog", "sea"]})
        assert usage() == {"sea": 0, "night": 0, "fog": 0}
        as_artist.patch(f"{MODELS}/{style.pk}", {"is_active": True, "tags": ["fog"]})
        assert usage() == {"sea": 0, "night": 0, "fog": 1}

    def test_a_name_that_was_taken_meanwhile_keeps_a_style_away(self, as_artist, artist):
        gone = StyleFactory(artist=artist.artist, name="Ink", is_active=False, tags=("sea",))
        StyleFactory(artist=artist.artist, name="INK")
        answer = as_artist.patch(f"{MODELS}/{gone.pk}", {"is_active": True, "price": 99})
        assert answer.refusal == (400, "DUPLICATE_STYLE_NAME")
        gone.refresh_from_db()
        assert (gone.is_active, gone.price, usage()) == (False, 10, {"sea": 0})

    def test_nobody_else_may_change_it(self, as_buyer):
        style = StyleFactory(price=10)
        for client in (as_buyer, Api(ArtistFactory().user)):
            answer = client.patch(f"{MODELS}/{style.pk}", {"price": 1})
            assert answer.refusal == (403, "PERMISSION_DENIED")
        style.refresh_from_db()
        assert style.price == 10

    def test_what_others_cannot_see_they_cannot_find_to_change(self, as_buyer):
        style = StyleFactory(training_status="failed")
        for call in (as_buyer.patch, as_buyer.delete):
            assert call(f"{MODELS}/{style.pk}").refusal == (404, "NOT_FOUND")
        assert as_buyer.post(f"{MODELS}/{style.pk}/retrain").refusal == (404, "NOT_FOUND")


class TestDelete:
    def test_the_artist_deletes_softly(self, as_artist, artist, as_anyone):
        style = StyleFactory(artist=artist.artist, tags=("sea",))
        picture = PublicPictureFactory(style=style)
        answer = as_artist.delete(f"{MODELS}/{style.pk}")
        assert (answer.status, answer.content) == (204, b"")
        style.refresh_from_db()
        assert style.is_active is False
        assert as_anyone.get(f"{MODELS}/{style.pk}").refusal == (404, "NOT_FOUND")
        assert as_anyone.get(f"/api/images/{picture.pk}").data["style"]["id"] == style.pk
        assert usage() == {"sea": 0}

    def test_deleting_twice_is_no_error_and_counts_once(self, as_artist, artist):
        StyleFactory(tags=("sea",))
        style = StyleFactory(artist=artist.artist, tags=("sea",))
        assert [as_artist.delete(f"{MODELS}/{style.pk}").status for _ in range(2)] == [204, 204]
        assert usage() == {"sea": 1}

    def test_nobody_else_may_delete_it(self, as_buyer):
        style = StyleFactory()
        for client in (as_buyer, Api(ArtistFactory().user), Api(UserFactory(is_staff=True))):
            assert client.delete(f"{MODELS}/{style.pk}").refusal == (403, "PERMISSION_DENIED")
        assert Style.objects.get().is_active is True

    def test_pictures_already_ordered_are_still_made(self, as_artist, artist, as_worker, buyer):
        style = StyleFactory(artist=artist.artist)
        picture = GenerationFactory(style=style, user=buyer, status="queued")
        as_artist.delete(f"{MODELS}/{style.pk}")
        assert report(as_worker, picture, "completed").status == 200
        assert ledger.balance_of(artist) == 10
        ledger.assert_right()
