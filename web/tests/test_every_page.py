"""Every page, as each kind of reader sees it, on a phone and on a desktop; one of each in Korean.

The pages are found by walking the list of routes: a new route is looked at, or fails this test
until it is said here why it is no page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation
from PIL import Image
from playwright.sync_api import Browser

from app.models import (
    CopyCheck,
    Generation,
    Notification,
    Order,
    PictureCheck,
    Statement,
    Style,
    User,
)
from app.models.terms import TermsKey
from app.services import (
    api_key_service,
    collection_service,
    community_service,
    deletion_service,
    mail_service,
)
from app.services.safety import appeals, reporting
from app.services.webhooks import endpoints
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory
from app.tests.money.breaking_rows import purchase
from app.tests.safety.staff import act, moderator, report
from app.utils import clock
from tests.browser import DESKTOP, PHONE, Visitor
from tests.pictures import signature_png
from web.urls import urlpatterns

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("site"),
]

# Routes that show no page to anybody: forms, which lead to their page; parts of pages; files.
NO_PAGES = {
    *("edit_picture", "cancel", "like", "comment", "delete_comment", "make", "follow", "buy"),
    *("read_all", "notification", "revoke_key", "check_upload", "retrain", "upload_again", "offer"),
    *("act_on_webhook", "discard", "chosen", "own_archive"),
    *("delete_pictures", "restore", "collect"),
    *("order_progress", "cancel_order", "order_archive"),
    *("demo_sign_in", "sign_out", "preferences"),
    *("block", "mute", "end_session", "end_sessions", "export_file"),
    *("progress", "words", "unread_count", "earnings", "training"),
    *("picture_image", "download", "style_image", "robots", "icon", "sitemap"),
    *("licence_card", "credential", "name_buyer", "terms_text", "manifest", "statement_file"),
    *("give_back", "ask_payout", "set_up_payouts", "monthly_payouts"),
    *("payouts_back", "payouts_again", "decide", "proposal", "about_comment"),
}
# Other states of pages: by their queries, and where there is none.
STATES = (
    *("/?from=followed", "/?sort=popular&tag=zork", "/styles?q=zork", "/styles?tag=sea"),
    *("/mine?q=zork", "/mine?style=paper&since=2026-01-01"),
    *(
        "/search?q=sea",
        "/search?q=zork",
        "/wallet?show=refund",
        "/studio/earnings?show=paid",
        "/notifications?show=unread",
    ),
    *("/sign-in?problem=429", "/nowhere"),
)
ERRORS = ("400", "403", "429", "500", "503", "csrf", "refused")

# Texts, and attributes that hold numbers, addresses and texts: without them, pages that are built
# alike are the same.
TEXTS = re.compile(r'(?<=>)[^<>]*[^<>\s][^<>]*|(?<==")[^"]*\d[^"]*|(?<=e=")[^"]+|(?<=t=")[^"]+')
DOT = signature_png()
LOOKS = ((PHONE, "dark"), (DESKTOP, "light"))


@pytest.fixture
def readers(artist: User, buyer: User) -> dict[str, User | None]:
    """A stranger, a buyer and an artist of long standing; the staff is new here."""
    return {"stranger": None, "buyer": buyer, "artist": artist, "staff": moderator()}


@pytest.fixture
def ids(artist: User, buyer: User, media: Path) -> dict[str, list[Any]]:
    """What the arguments of routes stand for: things in all their states."""
    style = StyleFactory(artist=artist.artist, tags=("sea", "soft"), works=12, description="Wet.")
    withdrawn = StyleFactory(artist=artist.artist, works=10, is_active=False)
    draft = draft_of(artist)
    training = StyleFactory(artist=artist.artist, works=10, training_status="training")
    failed = StyleFactory(artist=artist.artist, works=10, training_status="failed")
    shown = PublicPictureFactory(user=buyer, style=style, description="For the kitchen.")
    PublicPictureFactory(user=buyer, style=style, aspect_ratio="1:2")
    Image.new("RGB", (512, 512)).save(media / shown.image_path)
    private = GenerationFactory(user=buyer, style=style, aspect_ratio="2:2")
    states = [
        GenerationFactory(user=buyer, style=style, status=status).pk
        for status in ("queued", "failed", "canceled")
    ]
    order, ended = (Order.objects.create(user=buyer, item_count=2, cost=20) for _ in range(2))
    for each, status in ((order, "queued"), (order, "failed"), (ended, "failed")):
        of_order = GenerationFactory(user=buyer, style=style, status=status)
        Generation.objects.filter(pk=of_order.pk).update(order=each)
    of_order = PublicPictureFactory(user=buyer, style=style)
    Generation.objects.filter(pk=of_order.pk).update(order=ended)
    community_service.toggle_follow(user=buyer, artist_id=artist.pk)
    community_service.toggle_like(user=artist, generation_id=shown.pk)
    said = community_service.add_comment(user=artist, generation_id=shown.pk, content="Fine.")
    community_service.add_comment(
        user=buyer, generation_id=shown.pk, content="Thanks.", parent_id=said.pk
    )
    deleted = GenerationFactory(user=buyer, style=style)
    deletion_service.delete(user=buyer, generation_id=deleted.pk)
    collections = [
        collection_service.create(user=buyer, name=name, image_ids=ids)
        for name, ids in (("Calendar", [shown.pk, private.pk]), ("Nothing yet", []))
    ]
    key = api_key_service.create_key(user=buyer, name="Printer", scopes=["read"])
    hook, off = (endpoints.create(user=buyer, url="https://hooks.example.com/") for _ in range(2))
    endpoints.send_test(user=buyer, endpoint_id=hook.pk)
    endpoints.change(user=buyer, endpoint_id=off.pk, is_enabled=False)
    return {
        **decided(shown, style, artist),
        "order_id": [order.pk, ended.pk],
        "picture_id": [shown.pk, private.pk, *states],
        "style_id": [style.pk, withdrawn.pk, draft.pk, training.pk, failed.pk],
        "artist_id": [artist.pk],
        "user_id": [buyer.pk, artist.pk],
        "person_id": [artist.pk],
        "session_id": ["0" * 32],
        "comment_id": [said.pk],
        "notification_id": [Notification.objects.of(buyer)[0].pk],
        "key_id": [key.pk],
        "token": [mail_service.unsubscribe_token(buyer.pk)],
        "webhook_id": [hook.pk, off.pk],
        "collection_id": [each.pk for each in collections],
        "purchase_id": [purchase(buyer, price=500, currency="usd").pk],
        "month": [clock.now().strftime("%Y-%m")],
        "number": [shown.licence.number, private.licence.number],
        "key": TermsKey.values,
        "version": [1],
    }


def decided(shown: Generation, style: Style, artist: User) -> dict[str, list[Any]]:
    """Something that was reported, what is decided on, and appeals: one waits, one is answered."""
    told = report("picture", shown.pk, words="Look at it.")
    other = PublicPictureFactory(user=shown.user, style=style)
    statements = [
        Statement.objects.get(decision=act("picture", other.pk, "hide", ground="copyright")),
        Statement.objects.get(decision=act("profile", artist.pk, "warn")),
        Statement.objects.get(decision=act("profile", shown.user_id, "warn")),
    ]
    made = [
        appeals.appeal(user=each.recipient, statement_id=each.pk, words="I made it myself.")
        for each in statements[1:]
    ]
    appeals.judge(appeal_id=made[0].pk, staff=moderator(), is_granted=False, words="No.")
    waiting = {"state": "waiting", "works": [], "held_at": None, "reason": None}
    held = StyleFactory(artist=artist.artist, works=2, training_status="pending", review=waiting)
    found = [{"work": 1, "kind": "work", "id": style.artworks.all()[0].pk, "bits": 2}]
    CopyCheck.objects.create(style=held, held_at=clock.now(), found=found)
    by_program: dict[str, Any] = {"outcome": "found", "rating": "blocked", "score": 0.97}
    by_program |= {"checker": "opennsfw/1", "found_at": clock.now()}
    images = [
        PictureCheck.objects.create(kind=kind, user=artist, key="profiles/x.webp", **by_program)
        for kind in ("profile", "signature")
    ]
    return {
        "kind": ["picture"],
        "thing_id": [shown.pk],
        "receipt": [reporting.token_of(told)],
        "case_id": [told.case_id, statements[0].of_decision.case_id],
        "proposal_id": [1],
        "statement_id": [each.pk for each in statements],
        "appeal_id": [each.pk for each in made],
        "held_style_id": [held.pk],
        "held_image_id": [each.pk for each in images],
    }


def draft_of(artist: User) -> Style:
    """A trained one, with samples."""
    path = "models/trained/sample-0.webp"
    shown = {"prompt": "castle, sunset", "seed": 1, "width": 256, "height": 256, "path": path}
    score = {"held_out": 3, "samples": 0.37, "plain": 0.28, "works": 0.55}
    draft: Style = StyleFactory(
        artist=artist.artist,
        works=10,
        is_active=False,
        is_draft=True,
        samples=[shown, {**shown, "prompt": "비, robot"}],
        style_score=score,
    )
    return draft


def addresses(ids: dict[str, list[Any]]) -> Iterator[tuple[str, str]]:
    """Each route's name with each of its addresses."""
    for pattern in urlpatterns:
        route = f"/{pattern.pattern}"
        names = re.findall(r"<\w+:(\w+)>", route)
        for values in product(*(ids[name] for name in names)):
            path = route
            for name, value in zip(names, values, strict=True):
                path = re.sub(rf"<\w+:{name}>", str(value), path)
            yield str(pattern.name), path
    collected = (f"/mine?collection={each}" for each in ids["collection_id"])
    yield from ((path, path) for path in (*STATES, *collected))


def error_pages(language: str) -> dict[str, str]:
    """Pages of errors, which no address leads to."""
    request = RequestFactory().get("/errors")
    request.user = AnonymousUser()
    shown = {"message": "The brush broke.", "seconds": 40}
    with translation.override(language):
        return {
            f"/errors/{name}": render_to_string(f"web/errors/{name}.html", shown, request)
            for name in ERRORS
        }


@dataclass
class Reader:
    """Somebody, and the pages that nobody before has seen like this."""

    name: str
    user: User | None
    pages: dict[str, str] = field(default_factory=dict)  # the route of each path

    def __post_init__(self) -> None:
        self.client = Client()
        if self.user:
            self.client.force_login(self.user)

    def page_at(self, path: str) -> tuple[int, str]:
        """The status, and how the page is built; "" if there is none, but a way elsewhere."""
        answer = self.client.get(path)
        assert answer.status_code in {200, 204, 302, 404}, (self.name, path, answer.status_code)
        text = "" if answer.streaming else answer.content.decode(errors="replace")
        if "</html>" not in text:
            return answer.status_code, ""
        content = text[text.index("<main") : text.index("</main>")]
        return answer.status_code, TEXTS.sub("…", content)

    def visitor(self, browser: Browser, url: str, language: str) -> Visitor:
        visitor = Visitor(browser, url, language=language)
        visitor.expected_statuses = {404}
        visitor.context.add_init_script(AXE_SCRIPT)
        # The files of the factories are not there.
        visitor.context.route(
            "**/media/**", lambda route: route.fulfill(content_type="image/png", body=DOT)
        )
        errors = error_pages(language)
        visitor.context.route(
            "**/errors/*",
            lambda route: route.fulfill(
                content_type="text/html", body=errors[urlsplit(route.request.url).path]
            ),
        )
        if self.user:
            visitor.use_session(self.client.cookies["sessionid"].value)
        return visitor


def problems_at(visitor: Visitor, path: str) -> Iterator[str]:
    """What is wrong with the page on a phone in the dark and on a desktop."""
    # With style sheet and scripts; pictures are not waited for.
    answer = visitor.page.goto(path, wait_until="domcontentloaded")
    assert answer is not None
    if not path.startswith("/errors/"):
        policy = answer.headers["content-security-policy"]
        if "default-src 'self'" not in policy or "unsafe" in policy:
            yield f"its parts may come from {policy}"
        if not visitor.page.evaluate("document.querySelector('[name=description]').content"):
            yield "no description"
        if visitor.page.evaluate("document.documentElement.lang") != visitor.language:
            yield "another language"
    for size, scheme in LOOKS:
        visitor.look(size, scheme)
        if (wider := visitor.overflow()) > 0:
            yield f"{wider} pixels too wide at {size}"
        # The same elements have other colours in the dark, and other texts in another language.
        if visitor.language == "en":
            yield from visitor.accessibility_problems(True if size == DESKTOP else "alone")
        elif size == PHONE:
            yield from visitor.accessibility_problems(contrast=False)


def test_every_page_is_accessible_and_fits(
    browser: Browser,
    live_server: Any,
    settings: Any,
    readers: dict[str, User | None],
    ids: dict[str, list[Any]],
) -> None:
    settings.SITE_URL = live_server.url
    walked = [Reader(name, user) for name, user in readers.items()]
    seen, with_page = set(), set()
    for reader in walked:
        for name, path in addresses(ids):
            status, page = reader.page_at(path)
            if page and status == 200:
                with_page.add(name)
            if page and page not in seen:
                seen.add(page)
                reader.pages[path] = name
    assert {str(one.name) for one in urlpatterns} - with_page == NO_PAGES
    walked[0].pages |= {path: path for path in error_pages("en")}
    problems, in_korean = [], set()
    for language in ("en", "ko"):
        for reader in walked:
            visitor = reader.visitor(browser, live_server.url, language)
            for path, name in reader.pages.items():
                if language == "ko":
                    # One page of each route: the others differ from it as they do in English.
                    if name in in_korean:
                        continue
                    in_korean.add(name)
                found = problems_at(visitor, path)
                problems += [f"{reader.name} at {path}, {language}: {each}" for each in found]
            visitor.close()
            problems += visitor.complaints
    assert problems == []
