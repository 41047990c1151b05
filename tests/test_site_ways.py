"""The main job in each way to use the site: phone or desktop, with scripts or without, language.

What is left out here, ``tests/test_site.py`` does in English, and more closely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, PHONE, Visitor
from tests.conftest import Visit
from tests.pictures import signature_png
from tests.site_actions import MIRA, WAIT_MS, fill_style, search_styles, works_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site-forms")]


@dataclass(frozen=True)
class Way:
    name: str
    size: tuple[int, int]
    scripts: bool
    language: str


WAYS = [
    Way(f"{device}-{extra}-{language[:2]}", size, extra == "scripts", language)
    for device, size in (("phone", PHONE), ("desktop", DESKTOP))
    for extra in ("scripts", "plain")
    for language in ("en-GB", "ko-KR")
]


# What tests/test_site.py does with more care: an artist and a buyer each in two of the ways.
ARTISTS = [way for way in WAYS if way.name not in {"desktop-scripts-en", "phone-plain-en"}]
BUYERS = [way for way in WAYS if way.name not in {"phone-scripts-en", "desktop-plain-en"}]


@pytest.fixture(scope="module")
def artists(visit: Visit) -> dict[Way, Visitor]:
    """One artist for each way. Their styles are trained while the next ones upload."""
    return {way: uploaded(visit, way) for way in ARTISTS}


def uploaded(visit: Visit, way: Way) -> Visitor:
    visitor = visit(size=way.size, scripts=way.scripts, language=way.language)
    say = visitor.say
    visitor.sign_in(f"artist-{way.name}")
    page = visitor.visit("/studio/join")
    page.get_by_label(say("Artist name")).fill(f"Artist {way.name}")
    visitor.choose_files(say("Signature file"), ("signature.png", signature_png()))
    visitor.press(say("Become an artist"))
    visitor.press(say("Upload your first style"))
    fill_style(visitor, MIRA, price=10, name=f"Style {way.name}")
    visitor.choose_files(say("Choose pictures"), *works_of(MIRA))
    if way.scripts:
        expect(page.get_by_text("✓")).to_have_count(10)
    visitor.press(say("Upload and train"))
    page.wait_for_url(re.compile(r"/studio/styles/\d+$"))
    return visitor


@pytest.mark.parametrize("way", ARTISTS, ids=lambda way: way.name)
def test_artist_sees_the_style_trained(way: Way, artists: dict[Way, Visitor]) -> None:
    artist = artists[way]
    # The page follows the training by itself, or reloads.
    trained = artist.page.get_by_role("link", name=artist.say("View as a buyer"))
    expect(trained).to_be_visible(timeout=WAIT_MS)
    trained.click()
    expect(artist.page.get_by_role("heading", name=f"Style {way.name}")).to_be_visible()
    assert artist.page.locator("html").get_attribute("lang") == way.language[:2]


@pytest.mark.parametrize("way", BUYERS, ids=lambda way: way.name)
def test_buyer_gets_a_picture_and_an_artist_the_price(
    way: Way, visit: Visit, artists: dict[Way, Visitor]
) -> None:
    # Both in one way, where there is an artist of that.
    of = way if way in artists else ARTISTS[0]
    artist = artists[of]
    earned = earned_by(artist)
    buyer = visit(size=way.size, scripts=way.scripts, language=way.language)
    say = buyer.say
    page = buyer.visit("/styles")
    if way.scripts:
        search_styles(buyer, of.name)
    else:
        page.get_by_label(say("Search by name or tag")).fill(of.name)
        buyer.press(say("Search"))
    page.get_by_role("link", name=f"Style {of.name}").click()
    prompt = "배, 바다" if way.language == "ko-KR" else "boat, sea"
    page.get_by_label(say("What should the picture show?")).fill(prompt)
    # The order is kept while its sender signs in.
    buyer.press(say("Sign in and make the picture"))
    page.get_by_label(say("Name")).fill(f"buyer-{way.name}")
    buyer.press(say("Sign in"))
    # On a phone, a link to the form has the same words in Korean.
    page.get_by_role("button", name=say("Make the picture"), exact=True).click()
    expect(page.locator(".stage img.real")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("heading", name=prompt)).to_be_visible()
    page.locator(".facts a[href^='/wallet/']").click()
    expect(page.get_by_role("heading", name=say("Receipt"))).to_be_visible()
    assert page.locator("html").get_attribute("lang") == way.language[:2]
    assert earned_by(artist) == earned + 10


def earned_by(artist: Visitor) -> int:
    page = artist.visit("/studio")
    return int(page.locator(".numbers dd").first.inner_text().split()[0])
