"""One search over styles, artists, tags and public pictures."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.models import Generation, Style, TrainingStatus, User
from app.models.reads import search
from app.services import generation_service, style_service, user_service
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
KINDS = ("styles", "artists", "tags", "images")


def found(text: str, client: Api | None = None, **query) -> dict[str, list]:
    """What each kind is called that was found; kinds without anything are left out."""
    answer = (client or Api()).get("/api/search", q=text, **query).data
    names = {
        "styles": [row["name"] for row in answer["styles"]],
        "artists": [row["artist_name"] for row in answer["artists"]],
        "tags": [row["name"] for row in answer["tags"]],
        "images": [row["id"] for row in answer["images"]],
    }
    return {kind: rows for kind, rows in names.items() if rows}


@pytest.fixture
def style() -> Style:
    mira = ArtistFactory(user__username="mira", artist_name="Mira Halden")
    return StyleFactory(artist=mira, name="Wet Paper", tags=("watercolour", "fox"))


@pytest.fixture
def picture(style: Style) -> Generation:
    return PublicPictureFactory(style=style, prompt_tags=["Red fox", "harbour"])


def test_each_kind_is_found_and_says_what_lists_say(style: Style, picture: Generation) -> None:
    answer = Api().get("/api/search", q="fox").data
    assert set(answer) == {"query", "corrected", "suggestions", *KINDS}
    assert (answer["query"], answer["corrected"], answer["suggestions"]) == ("fox", None, [])
    assert answer["styles"] == Api().get("/api/models").results
    assert answer["images"] == Api().get("/api/community/feed").results
    assert [tag["name"] for tag in answer["tags"]] == ["fox"]
    [artist] = Api().get("/api/search", q="mira").data["artists"]
    assert artist == {
        "id": style.artist_id,
        "username": "mira",
        "profile_image": None,
        "artist_name": "Mira Halden",
        "follower_count": 0,
    }


@pytest.mark.parametrize(
    "text",
    ["fox", "FOX", " fox ", "foxes", "red fox", "fox, red", "여우", "fox harbor", "harbour 여우"],
)
def test_a_picture_is_found_by_its_words(text: str, picture: Generation) -> None:
    assert found(text)["images"] == [picture.pk]


@pytest.mark.parametrize("text", ["red castle", "harbour castle", "fo", "x", "xyzzy"])
def test_every_word_has_to_be_there(text: str, picture: Generation) -> None:
    PublicPictureFactory(style__tags=("wood",), prompt_tags=["castle"])
    assert "images" not in found(text)


@pytest.mark.parametrize("text", ["watercolour", "watercolor", "WaterColors", "paper", "wet paper"])
def test_a_style_is_found_by_name_and_tag_in_any_spelling(text: str, style: Style) -> None:
    answer = Api().get("/api/search", q=text).data
    assert (answer["corrected"], [row["name"] for row in answer["styles"]]) == (None, ["Wet Paper"])


@pytest.mark.parametrize("text", ["washes", "rough PAPERS", "wet rough", "watercolor washes"])
def test_a_style_is_found_by_its_description_too(text: str, style: Style) -> None:
    assert found(text) == {}
    Style.objects.filter(pk=style.pk).update(description="Soft Washes on rough paper.")
    assert found(text) == {"styles": ["Wet Paper"]}
    assert [row["name"] for row in Api().get("/api/models", q=text).results] == ["Wet Paper"]
    style_service.delete_style(user=style.artist.user, style_id=style.pk)
    assert found(text) == {}


def test_a_word_that_many_have_is_looked_for_in_descriptions_too(
    style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    Style.objects.filter(pk=style.pk).update(description="Soft washes on rough ground.")
    for name in ("Rough Ink", "Rough Oil"):
        StyleFactory(name=name)
    # More have it than are read, so that each that has the other words is looked at.
    monkeypatch.setattr(search, "NAMES_OF_A_WORD", 2)
    assert found("wet rough") == {"styles": ["Wet Paper"]}


def test_what_is_called_so_comes_before_what_is_only_described_so(style: Style) -> None:
    described = StyleFactory(name="Ink", description="Of a fox in fog.")
    for _ in range(2):
        GenerationFactory(style=described, prompt_tags=["sea"])
    assert found("fox")["styles"] == ["Wet Paper", "Ink"]
    assert found("fox", limit=1)["styles"] == ["Wet Paper"]


@pytest.mark.parametrize("text", ["mira", "halden", "Mira Halden", "halden mira", "HALD"])
def test_an_artist_is_found_by_either_name(text: str, style: Style) -> None:
    assert found(text) == {"artists": ["Mira Halden"]}


def test_korean_words_of_pictures_are_found_by_english_ones() -> None:
    picture = PublicPictureFactory(prompt_tags=["sea"])
    Generation.objects.filter(pk=picture.pk).update(
        prompt_tags=["여우", "성"], visibility="private"
    )
    Generation.objects.filter(pk=picture.pk).update(visibility="public")
    for text in ("fox", "castle", "여우", "성 여우"):
        assert found(text)["images"] == [picture.pk]


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        *(("fxo", "fox"), ("foxx", "fox"), ("watercoluor", "watercolour"), ("harbur", "harbour")),
        *(("mira haldn", "mira halden"), ("papper", "paper"), ("haldn mira", "halden mira")),
    ],
)
def test_a_slip_is_corrected_and_said(slip: str, meant: str, picture: Generation) -> None:
    answer = Api().get("/api/search", q=slip).data
    assert answer["corrected"] == meant
    assert any(answer[kind] for kind in KINDS)
    assert found(slip) == found(meant)


def test_nothing_is_corrected_where_something_is_found(picture: Generation) -> None:
    PublicPictureFactory(prompt_tags=["fix"])
    answer = Api().get("/api/search", q="fix").data
    assert (answer["corrected"], len(answer["images"])) == (None, 1)


def test_nothing_at_all(picture: Generation) -> None:
    answer = Api().get("/api/search", q="zzzzzz").data
    assert not any(answer[kind] for kind in KINDS)
    assert (answer["corrected"], answer["suggestions"]) == (None, [])


def test_the_best_come_first_and_no_more_than_the_limit(style: Style) -> None:
    old = PublicPictureFactory(style=style, prompt_tags=["fox"])
    new = PublicPictureFactory(style=style, prompt_tags=["fox"])
    for _ in range(3):
        Api(UserFactory()).post(f"/api/images/{old.pk}/like")
    assert found("fox")["images"] == [old.pk, new.pk]
    assert found("fox", limit=1)["images"] == [old.pk]
    quiet = ArtistFactory(artist_name="A Halden")
    first = ArtistFactory(artist_name="Haldensen", follower_count=0)
    style.artist.__class__.objects.filter(pk=quiet.pk).update(follower_count=1)
    assert found("halden")["artists"] == [first.artist_name, "A Halden", "Mira Halden"]


@pytest.mark.parametrize(
    ("query", "field"),
    [({}, "q"), ({"q": ""}, "q"), ({"q": "x" * 101}, "q"), ({"q": "\0"}, "q")]
    + [({"q": "x", "limit": limit}, "limit") for limit in (0, 21, "many")],
)
def test_what_is_no_search_is_refused(query: dict, field: str, db) -> None:
    answer = Api().get("/api/search", **query)
    assert answer.refusal == (400, "VALIDATION_ERROR")
    assert set(answer.details) == {field}


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", '"', "fox' OR 1=1", "()", "🦊", "ﷺ" * 30])
def test_signs_are_only_signs(text: str, picture: Generation) -> None:
    assert found(text) == {} or text.startswith("fox")


@pytest.mark.parametrize("text", ["f%x", "f_x", "watercolou_", "w%r"])
def test_signs_in_words_stand_for_no_letters(text: str, picture: Generation) -> None:
    answer = Api().get("/api/search", q=text).data
    assert answer["corrected"] is not None or not any(answer[kind] for kind in KINDS)


class TestWhatIsPrivate:
    """Nobody finds it, its owner neither: the search shows what everybody may see."""

    def nothing_of(self, *texts: str, owner: User | None = None) -> None:
        for client in (Api(), Api(UserFactory()), *([Api(owner)] if owner else [])):
            for text in texts:
                assert found(text, client) == {}

    def test_private_pictures(self, buyer: User) -> None:
        picture = GenerationFactory(user=buyer, prompt_tags=["secret fox"])
        self.nothing_of("secret", "fox", "secret fox", "secrte", owner=buyer)
        update(picture, "public")
        assert found("secret")["images"] == [picture.pk]
        update(picture, "private")
        self.nothing_of("secret", "fox", "secrte", owner=buyer)

    @pytest.mark.parametrize("status", ["queued", "processing", "failed", "canceled"])
    def test_pictures_that_are_not_made(self, status: str, buyer: User) -> None:
        GenerationFactory(user=buyer, status=status, prompt_tags=["secret"])
        self.nothing_of("secret", owner=buyer)

    def test_withdrawn_styles_and_their_tags(self, artist: User) -> None:
        style = StyleFactory(artist=artist.artist, name="Secret Ink", tags=("hidden",))
        assert found("secret") == {"styles": ["Secret Ink"]}
        other = StyleFactory(tags=("shared",))
        StyleFactory(artist=artist.artist, tags=("shared",), is_active=False)
        assert found("shared") == {"styles": [other.name], "tags": ["shared"]}
        style_service.delete_style(user=artist, style_id=style.pk)
        self.nothing_of("secret", "ink", "hidden", "secrte", "hiden", owner=artist)

    @pytest.mark.parametrize("status", [s for s in TrainingStatus if s != "completed"])
    def test_untrained_styles_and_their_tags(self, status: str, artist: User) -> None:
        StyleFactory(
            artist=artist.artist, name="Secret Ink", tags=("hidden",), training_status=status
        )
        self.nothing_of("secret", "hidden", "secrte", "hiden", owner=artist)

    def test_closed_accounts(self, artist: User) -> None:
        buyer = UserFactory(username="boris")
        style = StyleFactory(artist=artist.artist, name="Secret Ink")
        PublicPictureFactory(user=buyer, style=style, prompt_tags=["hidden"])
        assert found("hidden") != {}
        user_service.close_account(buyer)
        user_service.close_account(artist)
        self.nothing_of("mira", "halden", "mria", "secret", "hidden", "closed", "account")

    def test_people_who_are_no_artists(self) -> None:
        UserFactory(username="secretive")
        self.nothing_of("secretive", "secretiv")


def update(picture: Generation, visibility: str) -> None:
    generation_service.update_generation(
        user=picture.user, generation_id=picture.pk, visibility=visibility
    )


def test_anonymous_answers_are_cached_and_those_of_users_are_not(
    picture: Generation, settings
) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    with CaptureQueriesContext(connection) as statements:
        first = Api().get("/api/search", q="fox")
    # What to look at, tags, styles in two, pictures in two.
    assert len([s for s in statements if "SAVEPOINT" not in s["sql"]]) == 6
    with CaptureQueriesContext(connection) as statements:
        again = Api().get("/api/search", q="fox")
    assert [s["sql"] for s in statements if "SAVEPOINT" not in s["sql"]] == []
    assert again.content == first.content
    assert Api(UserFactory()).get("/api/search", q="fox").headers.get("ETag") is None
