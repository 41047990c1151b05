"""The wall and the works in a browser: no holes, whatever its width; works in full size."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.models import Style
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from tests.browser import DESKTOP, PHONE, Visitor

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("site"),
]
HOLES = """() => {
    const boxes = [...document.querySelectorAll(".wall .piece")].map((each) => {
        const { left, right, top, bottom } = each.getBoundingClientRect();
        return { left, right, top, bottom };
    });
    // In the middle of every column, from the top down: what stands there, and what is between.
    const columns = new Set(boxes.map((box) => Math.round(box.left)));
    const holes = [];
    for (const left of columns) {
        const at = left + 20;
        const here = boxes.filter((box) => box.left <= at && at <= box.right)
            .sort((one, other) => one.top - other.top);
        here.forEach((box, number) => {
            const above = number ? here[number - 1].bottom : Math.min(...boxes.map((b) => b.top));
            if (box.top - above > 12) holes.push([left, above, box.top]);
        });
    }
    return holes;
}"""


@pytest.mark.parametrize("seed", range(3))
def test_wall_has_no_holes(seed: int, browser: Browser, live_server, settings, media: Path) -> None:
    settings.SITE_URL = live_server.url
    chance, buyer, style = random.Random(seed), UserFactory(tokens=5000), StyleFactory()
    for _ in range(40):
        ratio = chance.choice(("1:1", "1:2", "2:2", "2:2", "3:2", "2:1"))
        PublicPictureFactory(user=buyer, style=style, aspect_ratio=ratio)
    visitor = Visitor(browser, live_server.url, size=DESKTOP, scripts=False)
    for path in ("/", f"/styles/{style.pk}"):
        for width in (320, 390, 700, 1000, 1280, 1900):
            visitor.page.set_viewport_size({"width": width, "height": 900})
            page = visitor.visit(path)
            assert page.locator(".wall .piece").count() > 7
            assert page.evaluate(HOLES) == [], (path, width)
    visitor.close()


def test_what_is_loaded_later_leaves_none(
    browser: Browser, live_server, settings, media: Path
) -> None:
    settings.SITE_URL = live_server.url
    chance, buyer, style = random.Random(7), UserFactory(tokens=5000), StyleFactory()
    for _ in range(45):
        ratio = chance.choice(("1:1", "1:2", "2:2", "3:2", "2:1"))
        PublicPictureFactory(user=buyer, style=style, aspect_ratio=ratio)
    visitor = Visitor(browser, live_server.url)
    page = visitor.visit("/")
    for shown in (40, 45):
        page.locator(".more").scroll_into_view_if_needed()
        expect(page.locator(".wall .piece")).to_have_count(shown)
        assert page.evaluate(HOLES) == []
    visitor.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_works_are_enlarged(
    size: tuple[int, int], browser: Browser, live_server, settings, media: Path
) -> None:
    settings.SITE_URL = live_server.url
    style = StyleFactory(works=10)
    visitor = Visitor(browser, live_server.url, size=size)
    # The factory's works have no files.
    visitor.expected_statuses = {404}
    page = visitor.visit(f"/styles/{style.pk}")
    works = page.locator(".works a")
    works.nth(2).click()
    shown = page.get_by_role("dialog", name="Work 3 by")
    expect(shown).to_be_visible()
    expect(shown.get_by_role("button", name="Close")).to_be_focused()
    assert visitor.accessibility_problems() == []
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Work 4 by")).to_be_visible()
    page.get_by_role("button", name="Previous").click()
    page.keyboard.press("Escape")
    expect(shown).to_have_count(0)
    expect(works.nth(2)).to_be_focused()
    visitor.close()


def test_works_lead_to_their_largest_preview_without_scripts(style: Style, signed_in) -> None:
    from django.test import Client

    style.artworks.update(preview_path="styles/a/previews/000-w640.webp", width=2000)
    page = Client().get(f"/styles/{style.pk}").content.decode()
    assert page.count('<a class="enlarge" href="/media/styles/a/previews/000-w1024.webp?') == 12


def test_head_gives_way_at_twice_the_size(browser: Browser, live_server, settings) -> None:
    """A window of 1280 × 720 at 200 % has room for 640 × 360."""
    settings.SITE_URL = live_server.url
    visitor = Visitor(browser, live_server.url, size=(640, 360))
    page = visitor.visit("/about")
    page.mouse.wheel(0, 1000)
    page.wait_for_function("scrollY > 100")
    assert page.locator(".top").evaluate("head => head.getBoundingClientRect().bottom") <= 0
    visitor.close()
    visitor = Visitor(browser, live_server.url, size=DESKTOP)
    page = visitor.visit("/licence")
    height = page.locator(".top").evaluate("head => head.getBoundingClientRect().height")
    assert height <= 0.1 * DESKTOP[1]
    visitor.close()
