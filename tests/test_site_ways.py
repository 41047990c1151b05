"""The main job in the ways to use the site: phone or desktop, with scripts or without, language.

With those of ``tests/test_site.py``, which does it in English and more closely, every two of these
meet, for an artist and for a buyer. At the end somebody asks whose licence a picture has, with
files that were changed, cut, stripped and forged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, PHONE, Visitor
from tests.conftest import Visit
from tests.lookalikes import lookalikes
from tests.pictures import part_of, signature_png
from tests.site_actions import (
    JUN,
    MIRA,
    WAIT_MS,
    choose_one,
    drop,
    fill_style,
    search_styles,
    works_of,
)
from tests.system import wait_for

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Way:
    name: str
    size: tuple[int, int]
    scripts: bool
    language: str


WAYS = {
    f"{device}-{extra}-{language[:2]}": Way(
        f"{device}-{extra}-{language[:2]}", size, extra == "scripts", language
    )
    for device, size in (("phone", PHONE), ("desktop", DESKTOP))
    for extra in ("scripts", "plain")
    for language in ("en-GB", "ko-KR")
}
ARTISTS = [WAYS["phone-scripts-ko"], WAYS["desktop-plain-ko"]]
BUYERS = [WAYS["phone-plain-ko"], WAYS["desktop-scripts-ko"]]
# What tests/test_site.py does with more care.
OTHER_ARTISTS = [WAYS["desktop-scripts-en"], WAYS["phone-plain-en"]]
OTHER_BUYERS = [WAYS["phone-scripts-en"], WAYS["desktop-plain-en"]]


@pytest.mark.parametrize("ways", [ARTISTS + OTHER_ARTISTS, BUYERS + OTHER_BUYERS])
def test_every_two_meet(ways: list[Way]) -> None:
    for first, second in combinations(("size", "scripts", "language"), 2):
        met = {(getattr(way, first), getattr(way, second)) for way in ways}
        assert len(met) == 4, (first, second)


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
    visitor.choose_files(say("Choose pictures"), *own_works(way))
    if way.scripts:
        expect(page.get_by_text("✓")).to_have_count(10)
    visitor.press(say("Upload and train"))
    page.wait_for_url(re.compile(r"/studio/styles/\d+$"))
    return visitor


def own_works(way: Way) -> list[tuple[str, bytes]]:
    """Works of this way's artist alone: copies of others' are not trained on."""
    return [(name, part_of(work, ARTISTS.index(way))) for name, work in works_of(JUN)]


@pytest.mark.parametrize("way", ARTISTS, ids=lambda way: way.name)
def test_artist_sees_the_style_trained(way: Way, artists: dict[Way, Visitor]) -> None:
    artist = artists[way]
    # The page follows the training by itself, or reloads.
    trained = artist.page.get_by_role("link", name=artist.say("View as a buyer"))
    expect(trained).to_be_visible(timeout=WAIT_MS)
    trained.click()
    expect(artist.page.get_by_role("heading", name=f"Style {way.name}")).to_be_visible()
    assert artist.page.locator("html").get_attribute("lang") == way.language[:2]


@pytest.mark.parametrize(
    ("way", "of"), list(zip(BUYERS, ARTISTS, strict=True)), ids=lambda way: way.name
)
def test_buyer_gets_a_picture_and_an_artist_the_price(
    way: Way, of: Way, visit: Visit, artists: dict[Way, Visitor]
) -> None:
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
    choose_one(page)
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


@dataclass(frozen=True)
class Licensed:
    """A private picture that somebody bought, the number of its licence, and its file."""

    buyer: Visitor
    number: str
    file: bytes


@pytest.fixture(scope="module")
def licensed(visit: Visit, artists: dict[Way, Visitor]) -> Licensed:
    buyer = visit()
    buyer.sign_in("collector")
    page = buyer.page

    def is_offered() -> bool:
        buyer.visit(f"/styles?q={ARTISTS[0].name}")
        return page.get_by_role("link", name=f"Style {ARTISTS[0].name}").count() == 1

    wait_for(is_offered, seconds=120, what="a style on offer")
    page.get_by_role("link", name=f"Style {ARTISTS[0].name}").click()
    page.get_by_label("What should the picture show?").fill("castle, sea")
    choose_one(page)
    buyer.press("Make the picture")
    expect(page.locator(".stage img.real")).to_be_visible(timeout=WAIT_MS)
    number = page.locator(".facts a[href^='/licences/']").inner_text()
    with page.expect_download() as saved:
        buyer.press("Download")
    return Licensed(buyer, number, Path(saved.value.path()).read_bytes())


def test_certificate_is_read_kept_and_printed(licensed: Licensed) -> None:
    page = licensed.buyer.visit("/mine")
    page.locator(".piece").first.hover()
    page.get_by_role("link", name=licensed.number).click()
    expect(page.get_by_role("heading", name=f"Licence {licensed.number}")).to_be_visible()
    expect(page.get_by_text("This licence is valid.")).to_be_visible()
    expect(page.locator(".certificate img")).to_be_visible()
    assert licensed.buyer.accessibility_problems() == []
    with page.expect_download() as saved:
        licensed.buyer.press("Signed certificate")
    assert Path(saved.value.path()).read_text().count(".") == 2
    page.evaluate("window.print = () => document.body.setAttribute('data-printed', '')")
    licensed.buyer.press("Print")
    expect(page.locator("body[data-printed]")).to_have_count(1)
    page.emulate_media(media="print")
    for shown in (".certificate .number", ".certificate img", ".certificate .code"):
        expect(page.locator(shown)).to_be_visible()
    for hidden in ("banner", "contentinfo", "button"):
        expect(page.get_by_role(hidden)).to_have_count(0)  # type: ignore[arg-type]
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
    page.emulate_media(media="screen")
    assert len(pages) == 1


@pytest.fixture(scope="module")
def files(licensed: Licensed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {"own": licensed.file, **lookalikes(licensed.file, tmp_path_factory.mktemp("keys"))}


@pytest.mark.parametrize(
    ("kind", "answer", "signature", "is_found"),
    [
        ("own", "Yes. This is a file that we signed", "ours, and nothing was changed", True),
        ("altered", "This file has our signature, but", "ours, and something was changed", True),
        ("stripped", "Yes. It shows a licensed picture.", "none", True),
        ("cut", "Yes. It is a part of a licensed picture.", "none", True),
        ("foreign", "We do not know this picture.", "none", False),
        ("forged", "We do not know this picture.", "somebody else's", False),
    ],
)
def test_dropped_file_is_looked_up(
    kind: str,
    answer: str,
    signature: str,
    is_found: bool,
    licensed: Licensed,
    files: dict[str, bytes],
) -> None:
    page = licensed.buyer.visit("/verify")
    drop(page, [(f"{kind}.png", files[kind])])
    verdict = page.get_by_role("heading", level=2).first
    expect(verdict).to_contain_text(answer)
    expect(verdict).to_be_focused()
    expect(page.locator(".evidence li").first).to_contain_text(
        f"Signature in the file: {signature}"
    )
    expect(page.get_by_role("link", name=licensed.number)).to_have_count(int(is_found))
    # Its buyer sees where the part lies, in the picture itself.
    expect(page.locator("figure.found-in svg")).to_have_count(int(kind == "cut"))
    if kind == "cut":
        licensed.buyer.screenshot("found")
    assert licensed.buyer.accessibility_problems(contrast=kind == "cut") == []


def test_too_large_a_file_is_not_sent(licensed: Licensed) -> None:
    page = licensed.buyer.visit("/verify")
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(11 * 2 ** 20)], "large.png"));
            document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer }));
        }"""
    )
    expect(page.get_by_role("alert")).to_have_text("The file is larger than 10 MB.")
    assert page.locator("#file").input_value() == ""


def test_stranger_without_scripts_looks_up_file_and_number(
    visit: Visit, licensed: Licensed, files: dict[str, bytes]
) -> None:
    """In Korean, on a phone. The picture is private, so a stranger does not see it."""
    visitor = visit(size=PHONE, scheme="dark", scripts=False, language="ko-KR")
    visitor.expected_statuses = {400}
    say, page = visitor.say, visitor.visit("/verify")
    visitor.choose_files(say("Choose a picture"), ("cut.jpg", files["cut"]))
    visitor.press(say("Look it up"))
    expect(page.locator("#verdict")).to_contain_text(say("It is a part of a licensed picture."))
    expect(page.locator(".found-in")).to_contain_text(say("The picture is private."))
    assert page.locator(".found-in img").count() == 0
    visitor.screenshot("found")
    number = page.get_by_label(say("Or type the number of a licence"))
    number.fill("SL-7Q2M")
    visitor.press(say("Look it up"))
    expect(page.get_by_text(say("A licence number has 12 characters after SL."))).to_be_visible()
    expect(number).to_be_focused()
    number.fill(licensed.number.lower())
    visitor.press(say("Look it up"))
    expect(page.get_by_text(say("This licence is valid."))).to_be_visible()
    assert page.url.endswith(f"/licences/{licensed.number}")
