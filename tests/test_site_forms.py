"""Forms in a browser: where one is put after an error, what a page keeps, whose time it tells."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import PHONE, Visitor
from tests.conftest import Visit
from tests.site_actions import MIRA, fill_style, join_with_scripts, works_of
from tests.system import System

pytestmark = pytest.mark.slow


def is_in_sight(page: Page, selector: str) -> bool:
    """Whether all of it is in the window, below the head of the page."""
    inside: bool = page.locator(selector).first.evaluate(
        """(element) => {
            const box = element.getBoundingClientRect();
            const head = document.querySelector(".top");
            const top = getComputedStyle(head).position === "sticky"
                ? head.getBoundingClientRect().bottom : 0;
            return box.top >= top && box.bottom <= innerHeight;
        }"""
    )
    return inside


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_error_is_in_sight_and_has_the_focus(visit: Visit, scripts: bool) -> None:
    visitor = visit(size=PHONE, scripts=scripts)
    visitor.expected_statuses = {400}
    visitor.sign_in("ada")
    page = visitor.visit("/studio/join")
    # Only the server finds fault with this.
    page.get_by_label("Artist name").fill("\u2003\u200b")
    visitor.press("Become an artist")
    field = page.get_by_label("Artist name")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    assert is_in_sight(page, "#id_artist_name")
    assert is_in_sight(page, ".errorlist")
    assert visitor.accessibility_problems() == [] if scripts else True


@pytest.fixture(scope="module")
def mira(visit: Visit) -> Visitor:
    visitor = visit()
    visitor.sign_in("mira")
    join_with_scripts(visitor)
    return visitor


class TestUpload:
    def test_one_press_leaves_out_what_cannot_be_used(self, mira: Visitor) -> None:
        page = mira.visit("/studio/upload")
        fill_style(mira, MIRA, price=5)
        works = works_of(MIRA)
        again = ("again.png", works[0][1])
        bad = [("words.png", b"words"), ("empty.png", b"")]
        mira.choose_files("Choose pictures", *works[:5], *bad, again, *works[5:])
        expect(page.get_by_text("✓")).to_have_count(10)
        expect(page.get_by_text("✗ The same picture is there twice.")).to_have_count(1)
        expect(page.locator("li", has_text="again.png").locator(".verdict.bad")).to_be_visible()
        page.get_by_label(f"What does it show? {works[9][0]}").fill("storm")
        assert mira.accessibility_problems() == []
        expect(page.locator(".leave-out")).to_have_text("Leave out what cannot be used (3)")
        page.locator(".leave-out").click()
        expect(page.locator(".files li")).to_have_count(10)
        expect(page.get_by_text("10 pictures chosen")).to_be_focused()
        expect(page.locator(".leave-out")).to_be_hidden()
        assert page.locator("#id_image_tags").input_value() == "\n" * 9 + "storm"

    def test_second_of_two_is_good_once_the_first_is_gone(self, mira: Visitor) -> None:
        page = mira.visit("/studio/upload")
        [first, *_] = works_of(MIRA)
        mira.choose_files("Choose pictures", ("a.png", first[1]), ("b.png", first[1]))
        expect(page.locator("li", has_text="b.png").locator(".verdict.bad")).to_be_visible()
        page.get_by_role("button", name="Remove a.png").click()
        expect(page.locator("li", has_text="b.png").locator(".verdict.good")).to_be_visible()

    def test_session_that_ends_costs_nothing(self, mira: Visitor) -> None:
        """Signed out elsewhere, in the middle: the page stays, and goes on after the sign-in."""
        mira.expected_statuses = {401}
        page = mira.visit("/studio/upload")
        fill_style(mira, MIRA, price=5)
        mira.context.clear_cookies(name="sessionid")
        mira.choose_files("Choose pictures", *works_of(MIRA))
        link = page.get_by_role("link", name="Sign in in a new window")
        expect(link).to_be_visible()
        assert page.locator(".verdict").count() == 0
        mira.press("Upload and train")
        expect(link).to_have_count(1)
        expect(page.locator(".files li")).to_have_count(10)
        with mira.context.expect_page() as opened:
            link.click()
        door = opened.value
        door.get_by_label("Name").fill("mira")
        door.get_by_role("main").get_by_role("button", name="Sign in").click()
        door.wait_for_url("**/studio")
        door.close()
        page.bring_to_front()
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.get_by_text("✓")).to_have_count(10)
        expect(link).to_have_count(0)
        assert page.get_by_label("Name of the style").input_value() == MIRA.style_name
        mira.press("Upload and train")
        page.wait_for_url(re.compile(r"/studio/styles/\d+$"))
        mira.expected_statuses = set()


def test_signature_of_dots_survives_an_error(visit: Visit) -> None:
    visitor = visit()
    visitor.expected_statuses = {400}
    visitor.sign_in("dot")
    page = visitor.visit("/studio/join")
    page.get_by_label("Artist name").fill("\u2003\u200b")
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    for at in (100, 200):
        canvas.click(position={"x": at, "y": 60})
    drawn = page.locator("[name=drawing]").input_value()
    assert drawn.startswith("data:image/png;base64,")
    visitor.press("Become an artist")
    expect(page.get_by_label("Artist name")).to_have_attribute("aria-invalid", "true")
    assert page.locator("[name=drawing]").input_value() == drawn
    page.wait_for_function(
        """() => {
            const canvas = document.querySelector("canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, 900, 300);
            return data.some((value, at) => at % 4 === 3 && value > 0);
        }"""
    )
    page.get_by_label("Artist name").fill("Dot")
    visitor.press("Become an artist")
    expect(page.get_by_text("Welcome, artist.")).to_be_visible()


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_times_are_those_of_the_reader(browser: Browser, system: System, zone: str) -> None:
    context = browser.new_context(base_url=system.url, timezone_id=zone, locale="en-GB")
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Name").fill("kim")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.goto("/wallet")
    time = page.locator("time").first
    moment = time.get_attribute("datetime")
    told = page.evaluate(
        """([moment, timeZone]) => new Intl.DateTimeFormat("en-GB", {
            timeZone, day: "numeric", month: "numeric", year: "numeric",
            hour: "2-digit", minute: "2-digit", hourCycle: "h23",
        }).format(new Date(moment))""",
        [moment, zone],
    )
    day, month, year, clock = re.split(r"\D*/|, ", told)
    name = date(2026, int(month), 1).strftime("%b")
    expect(time).to_have_text(f"{int(day)} {name} {year}, {clock}")
    page.get_by_role("button", name="한국어").click()
    expect(time).to_have_text(f"{year}년 {int(month)}월 {int(day)}일 {clock}")
    context.close()


def test_times_without_scripts_say_utc(visit: Visit) -> None:
    visitor = visit(scripts=False)
    visitor.sign_in("lee")
    page = visitor.visit("/wallet")
    expect(page.locator("time").first).to_have_text(re.compile(r"^\d+ \w+ \d{4}, \d\d:\d\d UTC$"))
