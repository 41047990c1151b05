"""Words that are refused, with the reason, before anything is paid."""

import pytest

from app.models import Generation, Style
from app.services.checks import lists, prompts
from app.services.checks.prompts import Reason
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import ArtistFactory, StyleFactory
from app.tests.ordering import order, order_of
from app.tests.uploads import style_form
from words import THINGS

pytestmark = pytest.mark.django_db


def style_of(artist_name: str = "Mira", **about) -> Style:
    """Not stored."""
    return Style(artist=ArtistFactory.build(artist_name=artist_name), **about)


def reasons(prompt: str, **about) -> set[str]:
    return {str(reason) for reason in prompts.refused(prompt, style_of(**about)).values()}


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("porn", Reason.SEXUAL),
        ("PORN, sea", Reason.SEXUAL),
        ("ｐｏｒｎ", Reason.SEXUAL),
        ("роrn", Reason.SEXUAL),  # Cyrillic
        ("p\u200born", Reason.SEXUAL),
        ("pörn", Reason.SEXUAL),
        ("p.o.r.n", Reason.SEXUAL),
        ("p o r n", Reason.SEXUAL),
        ("p0rn", Reason.SEXUAL),
        ("h3nt@i", Reason.SEXUAL),
        ("child_porn", Reason.MINORS),
        ("포르노를", Reason.SEXUAL),
        ("누드의 여인", Reason.MATURE),
        ("a nude", Reason.MATURE),
        ("nudes at the sea", Reason.MATURE),
        ("heil  hitler", Reason.HATE),
        ("beheadings", Reason.CRUELTY),
        ("a castle by Greg Rutkowski", Reason.ARTIST),
        ("greg, rutkowski", Reason.ARTIST),
        ("지브리의 성", Reason.ARTIST),
        ("naked children", Reason.MINORS),
        ("소녀, 알몸", Reason.MINORS),
    ],
)
def test_what_is_refused_and_why(prompt, reason):
    assert reasons(prompt) == {reason}


@pytest.mark.parametrize(
    "prompt",
    [
        "a child at the sea",
        "어린이와 바다",
        "a girl with a pearl earring",
        "naked mole rat",
        "a naked tree in winter",
        "nude pink sky",
        "Sussex, Essex and Middlesex",
        "a cocktail",
        "grapes, a pupil, an analyst",
        "title page",
        "누드톤 하늘",
        "a swastika-shaped meander on a Greek vase",
        "Van Gogh's sunflowers",
        "assassin's castle",
    ],
)
def test_what_is_not(prompt):
    assert reasons(prompt) == set()


def test_no_word_that_can_be_painted_is_refused():
    names = {name for thing in THINGS.values() for name in (thing.name, *thing.korean)}
    assert len(names) > 500
    assert {name: why for name in names if (why := prompts.refused(name, style_of()))} == {}


def test_nudity_may_be_ordered_where_the_style_allows_it_and_nothing_else():
    assert reasons("a nude", allows_mature=True) == set()
    assert reasons("porn", allows_mature=True) == {Reason.SEXUAL}
    assert reasons("nude child", allows_mature=True) == {Reason.MINORS}


def test_an_artist_who_bears_the_name_draws_under_it():
    assert reasons("loish", artist_name="Loish") == set()
    assert reasons("lois van baarle", artist_name="Loish") == set()
    assert reasons("artgerm", artist_name="Loish") == {Reason.ARTIST}


def test_what_the_artist_excludes_is_found_in_any_form():
    excludes = {"excluded_subjects": ["weapon", "잔디", "new york"]}
    for prompt in ("weapons", "a WEAPON", "잔디를", "New  York at night"):
        assert reasons(prompt, **excludes) == {Reason.EXCLUDED}
    assert reasons("york", **excludes) == set()


def test_a_refused_order_costs_nothing_and_says_why(as_buyer, buyer):
    style = StyleFactory(excluded_subjects=["castle"])
    refused = order(as_buyer, style, prompt_tags=["castle", "porn", "sea"])
    assert refused.refusal == (422, "WORDS_REFUSED")
    assert refused.details["words"] == [
        {"item": 0, "word": "porn", "reason": "sexual"},
        {"item": 0, "word": "castle", "reason": "excluded"},
    ]
    assert refused.message == (
        "Nothing pornographic is made here: porn. The artist excludes these subjects from this"
        " style: castle. Nothing was charged. Leave these words out, or choose others."
    )
    assert not Generation.objects.exists()
    assert ledger.entries_of(buyer) == [("earn", 1000)]
    assert order(as_buyer, style, prompt_tags=["sea"]).status == 202


def test_quotes_and_orders_name_the_item(as_buyer, buyer):
    style = StyleFactory()
    items = [order_of(style), order_of(style, prompt_tags=["nude"])]
    for path in ("/api/quotes", "/api/orders"):
        refused = as_buyer.post(path, {"items": items})
        assert refused.refusal == (422, "WORDS_REFUSED")
        assert refused.details["words"] == [{"item": 1, "word": "nude", "reason": "mature"}]
    assert ledger.entries_of(buyer) == [("earn", 1000)]


def test_what_was_excluded_after_the_quote_is_refused_too(as_buyer):
    style = StyleFactory()
    items = [order_of(style)]
    quote = as_buyer.post("/api/quotes", {"items": items}).data["id"]
    artist = Api(style.artist.user)
    changed = artist.patch(f"/api/models/{style.pk}", {"excluded_subjects": ["Castle", "castle"]})
    assert changed.data["excluded_subjects"] == ["castle"]
    refused = as_buyer.post("/api/orders", {"items": items, "quote_id": quote})
    assert refused.refusal == (422, "WORDS_REFUSED")


def test_artists_say_what_they_allow(media):
    artist = ArtistFactory()
    client = Api(artist.user)
    form = style_form(excluded_subjects='["war", "politics"]', allows_mature="true")
    made = client.upload("/api/models", form)
    assert made.data["excluded_subjects"] == ["war", "politics"]
    assert made.data["allows_mature"] is True
    path = f"/api/models/{made.data['id']}"
    assert client.patch(path, {"excluded_subjects": ["…"]}).refusal == (400, "VALIDATION_ERROR")
    assert client.patch(path, {"allows_mature": False}).data["allows_mature"] is False


def test_samples_are_orders_too(media):
    client = Api(ArtistFactory().user)
    refused = client.upload("/api/models", style_form(sample_prompts='[["porn"]]'))
    assert refused.refusal == (422, "WORDS_REFUSED")
    assert not Style.objects.exists()


def test_an_operator_adds_words_and_replaces_names_while_it_runs(settings, tmp_path, monkeypatch):
    own, names = tmp_path / "words.txt", tmp_path / "artists.txt"
    own.write_text("[hate]\nzorblax\n[harmless]\nzorblax the kind\n", "utf-8")
    names.write_text("some painter\n", "utf-8")
    settings.REFUSED_WORDS_FILE, settings.ABSENT_ARTISTS_FILE = str(own), str(names)
    monkeypatch.setattr(lists, "READ_AGAIN_SECONDS", 0.0)
    assert reasons("zorblax") == {Reason.HATE}
    assert reasons("zorblax the kind") == set()
    assert reasons("porn by some painter") == {Reason.SEXUAL, Reason.ARTIST}
    assert reasons("greg rutkowski") == set()
    own.write_text("[cruelty]\nzorblax\n", "utf-8")
    assert reasons("zorblax") == {Reason.CRUELTY}
    own.unlink()
    assert reasons("zorblax") == {Reason.CRUELTY}
