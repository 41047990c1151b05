"""The main job in a browser: as artist and as buyer, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser import PHONE, Visitor, screens_are_wanted
from tests.conftest import Visit
from tests.pictures import signature_png
from tests.site_actions import (
    ARTIST_PAGES,
    LOOKS,
    MIRA,
    PAGES,
    WAIT_MS,
    YUNA,
    balance,
    choose_one,
    fill_gallery,
    fill_style,
    id_of,
    join_with_scripts,
    licence_of,
    order,
    report_failure,
    search_styles,
    tab_to,
    thirty_in_one_zip,
    upload_with_scripts,
    works_of,
)
from tests.system import System, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(System(tmp_path_factory.mktemp("site"), {})) as system:
        yield system


@pytest.fixture(scope="module")
def mira(visit: Visit) -> Visitor:
    """An artist on a desktop, with scripts: draws her signature, drops her works."""
    visitor = visit()
    visitor.sign_in("mira")
    join_with_scripts(visitor)
    upload_with_scripts(visitor)
    return visitor


@pytest.fixture(scope="module")
def yuna(visit: Visit) -> Visitor:
    """An artist on a phone in the dark, without scripts."""
    visitor = visit(size=PHONE, scheme="dark", scripts=False)
    visitor.sign_in("yuna")
    page = visitor.visit("/studio/join")
    page.get_by_label("Artist name").fill(YUNA.artist_name)
    visitor.choose_files("Signature file", ("signature.png", signature_png()))
    visitor.press("Become an artist")
    visitor.press("Upload your first style")
    fill_style(visitor, YUNA, price=20)
    visitor.choose_files("Choose pictures", *works_of(YUNA))
    tags = [", ".join(work.tags) for work in YUNA.works[:10]]
    page.get_by_label("Tags of the pictures").fill("\n".join(tags))
    visitor.press("Upload and train")
    page.wait_for_url(re.compile(r"/studio/styles/\d+$"))
    # The page reloads until the training has ended.
    expect(page.get_by_role("link", name="View as a buyer")).to_be_visible(timeout=WAIT_MS)
    return visitor


@dataclass(frozen=True)
class Bought:
    visitor: Visitor
    picture: str


@pytest.fixture(scope="module")
def bo(visit: Visit, mira: Visitor) -> Bought:
    """A buyer on a phone in the dark, with scripts: finds a style and has a picture made."""
    visitor = visit(size=PHONE, scheme="dark")
    visitor.sign_in("bo")
    page = visitor.visit("/styles")
    search_styles(visitor, "WET")
    page.wait_for_url("**/styles?q=WET*")
    page.get_by_role("link", name=MIRA.style_name).click()
    place = "button => button.getBoundingClientRect().top + scrollY"
    choose_one(page)
    button = page.get_by_role("button", name="Make the picture", exact=True)
    before = button.evaluate(place)
    page.get_by_label("What should the picture show?").fill("zork, sea")
    page.get_by_role("checkbox", name="sun", exact=True).focus()
    expect(page.get_by_text("Will not be seen in the picture: zork.")).to_be_visible()
    # Whoever is about to press it does not miss it.
    assert button.evaluate(place) == before
    page.get_by_label("What should the picture show?").fill("boat, sea")
    page.get_by_role("checkbox", name="sun", exact=True).check()
    page.get_by_role("radio", name="512 × 1024").check()
    visitor.press("Make the picture")
    page.wait_for_url(re.compile(r"/pictures/\d+$"))
    # The finished picture arrives by itself.
    expect(page.locator(".stage img.real")).to_be_visible(timeout=WAIT_MS)
    return Bought(visitor, page.url)


def test_artist_with_scripts_signs_uploads_and_sees_the_training(mira: Visitor) -> None:
    page = mira.visit("/studio")
    expect(page.get_by_role("heading", name=MIRA.style_name)).to_be_visible()
    expect(page.get_by_text("Ready · 10 tokens")).to_be_visible()
    assert mira.complaints == []


def test_artist_without_scripts_signs_uploads_and_sees_the_training(yuna: Visitor) -> None:
    yuna.press("View as a buyer")
    shown = yuna.page.get_by_role("group", name="Words from this style")
    expect(shown.get_by_text("moon", exact=True)).to_be_visible()
    expect(yuna.page.locator(".works:not(.pair) img")).to_have_count(10)
    # And how near the style comes to one of them.
    expect(yuna.page.locator(".works.pair img")).to_have_count(2)


def test_refused_upload_names_each_bad_file(mira: Visitor) -> None:
    page = mira.visit("/studio/upload")
    fill_style(mira, YUNA, price=5)
    works = [("not-a-picture.png", b"words"), *works_of(MIRA)[:9]]
    mira.choose_files("Choose pictures", *works)
    expect(page.get_by_text("✗ The file is not a JPG or PNG image.")).to_be_visible()
    expect(page.get_by_text("✓")).to_have_count(9)
    mira.press("Upload and train")
    expect(page.locator("#upload-errors").get_by_text("not-a-picture.png")).to_be_visible()
    # Nothing that was chosen is lost: without the bad file it works, but for the tenth picture.
    page.get_by_role("button", name="Remove not-a-picture.png").click()
    mira.press("Upload and train")
    expect(page.locator("#upload-errors").get_by_text("at least 10 images; 9")).to_be_visible()


def test_buyer_with_scripts_pays_the_shown_price_and_the_artist_earns_it(
    bo: Bought, mira: Visitor
) -> None:
    page = bo.visitor.visit(bo.picture)
    expect(page.get_by_role("heading", name="boat, sea, sun")).to_be_visible()
    bo.visitor.press("12 tokens")
    rows = page.get_by_role("row")
    expect(rows).to_have_text(
        [
            re.compile(r"Paid by the buyer\s*12 tokens"),
            re.compile(r"Earned by Mira Halden\s*12 tokens"),
            re.compile(r"Platform fee\s*0 tokens"),
        ]
    )
    page.goto("/wallet")
    expect(page.locator(".big")).to_contain_text("88")
    mira.visit("/studio")
    expect(mira.page.locator(".numbers")).to_contain_text("12 tokens")


def test_buying_twice_with_one_form_is_charged_once(bo: Bought) -> None:
    """The browser sends the same form again, as a second click or a reload does."""
    page = bo.visitor.visit("/wallet")
    form = page.locator("form[action='/wallet/buy']")
    sent = dict(form.evaluate("form => [...new FormData(form)]"))
    before = balance(page)
    for _ in range(2):
        answer = page.request.post("/wallet/buy", form=sent, headers={"Referer": page.url})
        assert answer.ok, answer.text()
    page.reload()
    assert balance(page) == before + int(sent["amount"])


def test_queue_cancel_and_failure_are_shown_as_they_happen(bo: Bought, system: System) -> None:
    page = bo.visitor.page
    system.kill("worker-0")
    first = order(bo.visitor, "lighthouse")
    second = order(bo.visitor, "windmill")
    expect(page.get_by_text("Number 2 in the queue.")).to_be_visible()
    bo.visitor.screenshot("making")
    bo.visitor.press("Cancel and get a refund")
    expect(page.get_by_text("You canceled this picture.")).to_be_visible()
    expect(page.get_by_text("10 tokens were refunded.")).to_be_visible()
    assert page.url == second
    page.goto(first)
    expect(page.get_by_text("Next in the queue.")).to_be_visible()
    report_failure(system, int(first.rsplit("/", 1)[1]), "The brush broke.")
    expect(page.get_by_text("The brush broke.")).to_be_visible()
    expect(page.get_by_text("Refunded to your wallet: 10 tokens.")).to_be_visible()
    bo.visitor.screenshot("failed")
    system.start_worker("worker-0")
    bo.visitor.press("Try again")
    choose_one(page)
    bo.visitor.press("Make the picture")
    expect(page.locator(".stage img.real")).to_be_visible(timeout=WAIT_MS)


def test_community_with_scripts(bo: Bought, mira: Visitor) -> None:
    """Show, like in place, comment, answer, follow; and the bell counts."""
    page = bo.visitor.visit(bo.picture)
    bo.visitor.press("Publish")
    expect(page.get_by_text("Everybody can see this picture.")).to_be_visible()
    page.get_by_label("Description").fill("For my mother's kitchen.")
    bo.visitor.press("Save the description")
    expect(page.locator(".said")).to_have_text("For my mother's kitchen.")
    path = "/" + bo.picture.split("/", 3)[3]

    artist = mira.visit("/")
    piece = artist.locator(".piece").filter(has=artist.locator(f"a[href='{path}']"))
    piece.hover()
    piece.get_by_role("button", name="Like").click()
    expect(piece.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    assert artist.url == f"{mira.url}/"  # in place
    mira.visit(path)
    artist.get_by_role("textbox", name="Comment").fill("This one I would have signed gladly.")
    mira.press("Comment")
    expect(artist.get_by_text("1 comment")).to_be_visible()

    page.goto("/notifications")
    expect(page.get_by_text("mira commented on your picture")).to_be_visible()
    expect(page.locator(".bell .count")).to_be_visible()
    page.get_by_role("link", name=re.compile("mira commented")).click()
    page.get_by_text("Reply", exact=True).first.click()
    page.get_by_label("Reply to mira").fill("Thank you.")
    page.get_by_role("button", name="Reply").click()
    expect(page.locator(".reply")).to_contain_text("Thank you.")
    page.goto("/styles")
    page.get_by_role("link", name=MIRA.style_name).click()
    bo.visitor.press("Follow")
    expect(page.get_by_role("button", name="Following")).to_be_visible()
    expect(page.get_by_text("1 follower")).to_be_visible()


def test_thirty_prompts_pasted_once_are_one_zip(visit: Visit, mira: Visitor) -> None:
    """With four presses: the list, its price, the order, the ZIP."""
    studio = visit()
    studio.sign_in("studio")
    table = thirty_in_one_zip(studio)
    assert len({row["file"] for row in table}) == len({row["certificate"] for row in table}) == 30
    assert studio.accessibility_problems() == []
    assert studio.complaints == []


def test_everything_a_buyer_does_works_without_scripts(visit: Visit, mira: Visitor) -> None:
    cy = visit(scripts=False)
    page = cy.visit("/styles")
    page.get_by_label("Search by name or tag").fill("wet")
    cy.press("Search")
    page.get_by_role("link", name=MIRA.style_name).click()
    page.get_by_label("What should the picture show?").fill("mountain")
    choose_one(page)
    cy.press("Sign in and make the picture")
    page.get_by_label("Name").fill("cy")
    cy.press("Sign in")
    page.get_by_label("What should the picture show?").fill("mountain, zork")
    cy.press("Make the picture")
    expect(page.get_by_text("Will not be seen in the picture: zork.")).to_be_visible()
    page.get_by_label("What should the picture show?").fill("mountain, lake")
    cy.press("Make the picture")
    expect(page.locator(".stage img.real")).to_be_visible(timeout=WAIT_MS)
    cy.press("Publish")
    page.get_by_role("button", name="Like").click()
    expect(page.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("textbox", name="Comment").fill("Mine.")
    cy.press("Comment")
    expect(page.locator(".comments li")).to_contain_text("Mine.")
    with page.expect_download() as saved:
        cy.press("Download")
    with Image.open(saved.value.path()) as picture:
        assert (picture.format, picture.size) == ("PNG", (512, 512))
    cy.press("Make another like this")
    expect(page.get_by_label("What should the picture show?")).to_have_value("mountain, lake")
    cy.visit("/wallet")
    cy.press("Buy")
    expect(page.get_by_text("You bought 500 tokens.")).to_be_visible()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", name="지갑")).to_be_visible()
    page.get_by_role("button", name="English").click()
    cy.visit("/account/leave")
    page.get_by_label("Type your user name to confirm").fill("cy")
    cy.press("Close your account")
    expect(page.get_by_text("Your account is closed.")).to_be_visible()


def test_key_made_on_the_site_opens_the_api(bo: Bought, system: System) -> None:
    page = bo.visitor.visit("/account/keys")
    page.get_by_label("What is the key for?").fill("My printer")
    bo.visitor.press("Create a key")
    secret = page.locator(".secret").inner_text()
    headers = {"Authorization": f"Api-Key {secret}"}
    me = httpx.get(f"{system.url}/api/auth/me", headers=headers)
    assert me.json()["data"]["username"] == "bo"
    page.get_by_role("button", name="Revoke My printer").click()
    expect(page.get_by_text("The key is revoked.")).to_be_visible()
    assert httpx.get(f"{system.url}/api/auth/me", headers=headers).status_code == 401


def test_korean_visitor_reads_korean(visit: Visit, bo: Bought) -> None:
    visitor = visit(size=PHONE, language="ko-KR")
    page = visitor.visit("/styles/1")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_role("heading", name="그림 만들기")).to_be_visible()
    visitor.screenshot("style-korean")
    assert visitor.accessibility_problems() == []


def test_keyboard_alone_reaches_and_makes_a_picture(visit: Visit, mira: Visitor) -> None:
    visitor = visit()
    visitor.sign_in("dee")
    page = visitor.visit("/styles/1")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    words = page.get_by_label("What should the picture show?")
    tab_to(page, words)
    page.keyboard.type("flower")
    # Two are proposed; one is one step to the left.
    tab_to(page, page.get_by_role("radio", name="2", exact=True))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".stage img.real")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("banner").locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Account")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Account")).to_be_hidden()


def test_going_back_to_a_search_shows_the_whole_page(visit: Visit, mira: Visitor) -> None:
    visitor = visit()
    page = visitor.visit("/styles")
    search_styles(visitor, "wet")
    page.wait_for_url("**/styles?q=wet*")
    # Leaving the field asks for nothing again: what is pressed would be replaced under the hand.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link", name=MIRA.style_name).hover()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/styles/1")
    assert not [url for url in asked if "/styles?" in url]
    page.go_back()
    expect(page.get_by_label("Search by name or tag")).to_have_value("wet")
    expect(page.get_by_role("banner")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Search by name or tag")).to_be_visible()


def test_chosen_theme_stays(visit: Visit, system: System) -> None:
    visitor = visit(scheme="light")
    page = visitor.visit("/about")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    page.wait_for_selector("html[data-theme=dark]")
    visitor.visit("/licence")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light


if screens_are_wanted():

    @pytest.mark.parametrize("look", LOOKS)
    def test_screens(
        visit: Visit, bo: Bought, mira: Visitor, yuna: Visitor, system: System, look: str
    ) -> None:
        """What docs/screens shows. ``web/tests/test_every_page.py`` judges all pages."""
        size, scheme = LOOKS[look]
        fill_gallery(system)
        path = "/" + bo.picture.split("/", 3)[3]
        ids = {"picture": path, "artist": id_of(mira), "buyer": id_of(bo.visitor)}
        ids["certificate"] = f"/licences/{licence_of(bo.visitor, path)}"
        for who, pages in ((None, {"sign-in": "/sign-in", "welcome": "/"}), ("bo", PAGES),
                           ("mira", ARTIST_PAGES)):  # fmt: skip
            visitor = visit(size=size, scheme=scheme)
            visitor.expected_statuses = {404}
            if who:
                visitor.sign_in(who)
            for name, address in pages.items():
                visitor.visit(address.format(**ids))
                visitor.screenshot(name)
        # A window of 1280 × 900 at 200 %.
        visitor = visit(size=(640, 450))
        visitor.sign_in("mira")
        visitor.screenshot("at-200-percent")
