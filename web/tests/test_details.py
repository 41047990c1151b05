"""Small things that people see: lines, marks, and what must not be parted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from app.models import Generation, Style, User
from tests.browser import Visitor

UNDERLINED = """(link) => {
    const line = link.getBoundingClientRect();
    const words = document.createRange();
    words.selectNodeContents(link);
    const text = words.getBoundingClientRect();
    return Math.max(Math.abs(line.left - text.left), Math.abs(line.right - text.right));
}"""
LINES = "(element) => new Set([...element.getClientRects()].map(({ top }) => top)).size"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("site")
def test_lines_and_receipts(
    browser: Browser,
    live_server: Any,
    settings: Any,
    picture: Generation,
    buyer: User,
    signed_in: Any,
) -> None:
    settings.SITE_URL = live_server.url
    visitor = Visitor(browser, live_server.url)
    visitor.expected_statuses = {404}
    visitor.use_session(signed_in(buyer).cookies["sessionid"].value)
    # The line below an entry is as long as its words, which begin where the heading begins.
    page = visitor.visit("/wallet")
    for entry in page.locator(".places a, .tabs a").all():
        assert entry.evaluate(UNDERLINED) < 1, entry.inner_text()
    visitor.look((390, 844), "light")
    [heading, tab] = (page.locator(each).first.bounding_box() for each in (".big", ".tabs a"))
    assert heading is not None
    assert tab is not None
    assert abs(heading["x"] - tab["x"]) < 1
    page = visitor.visit(f"/wallet/pictures/{picture.pk}")
    number = page.get_by_text("No.").locator("visible=true").first
    for width in range(320, 480, 8):
        visitor.look((width, 800), "light")
        assert number.evaluate(LINES) == 1, width
    visitor.close()
    assert visitor.complaints == []


def marked(client: Client, path: str) -> dict[str, str]:
    """The entries of the main menu that are marked, with how they are."""
    page = client.get(path).content.decode()
    menu = page[page.index('<nav class="places"') : page.index('<div class="own"')]
    return dict(re.findall(r'href="([^"]+)" aria-current="(\w+)"', menu))


def test_menu_marks_the_page_and_what_is_around_it(
    artist: User, style: Style, picture: Generation, signed_in: Any
) -> None:
    client = signed_in(artist)
    for path, entries in {
        "/": {"/": "page"},
        f"/pictures/{picture.pk}": {"/": "true"},
        "/styles": {"/styles": "page"},
        f"/styles/{style.pk}": {"/styles": "true"},
        "/studio": {"/studio": "page"},
        "/studio/upload": {"/studio": "true"},
        "/studio/profile": {"/studio": "true"},
        f"/studio/styles/{style.pk}": {"/studio": "true"},
        "/wallet": {},
    }.items():
        assert marked(client, path) == entries, path
    assert marked(Client(), "/about") == {"/about": "page"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "<h1>Too many requests</h1><p>Try again in {} seconds. Nothing was charged.</p>"),
        (
            "ko",
            "<h1>요청이 너무 많습니다</h1>"
            "<p>{}초 뒤에 다시 시도해 주세요. 토큰은 쓰이지 않았습니다.</p>",
        ),
    ],
    ids=["en", "ko"],
)
def test_who_asks_too_often_is_told_when_to_come_back(
    language: str, said: str, buyer: User, signed_in: Any, settings: Any
) -> None:
    settings.RATE_LIMITS = {"user": "1/60"}
    client = signed_in(buyer)
    client.cookies["django_language"] = language
    client.post("/preferences", {"theme": "dark"})
    refused = client.post("/preferences", {"theme": "light"})
    assert refused.status_code == 429
    page = refused.content.decode()
    assert said.format(refused["Retry-After"]) in page
    assert '<a class="button" href="/">' in page
    assert '<header class="top">' in page


def test_style_without_a_cover_has_no_picture(style: Style) -> None:
    assert Client().get(f"/styles/{style.pk}/image").status_code == 404
    style.thumbnail = "styles/1/previews/000.webp"
    style.save()
    assert (
        "/media/styles/1/previews/000.webp" in Client().get(f"/styles/{style.pk}/image")["Location"]
    )
