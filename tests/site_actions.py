"""What artists and buyers do on the site, for the tests in a browser."""

from __future__ import annotations

import base64
import csv
import math
import re
import zipfile
from functools import partial

import httpx
import psycopg
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from devtools.demo import DEMO_ARTISTS, DemoArtist
from tests.browser import DESKTOP, PHONE, Visitor
from tests.system import Person, System, wait_for

MIRA, JUN, SOL, YUNA = DEMO_ARTISTS
WAIT_MS = 60_000

# What a buyer sees, and what an artist does; names in braces stand for what the tests made.
PAGES = {
    "feed": "/",
    "picture": "{picture}",
    "styles": "/styles?sort=popular",
    "style": "/styles/1",
    "artist": "/artists/{artist}",
    "user": "/users/{buyer}",
    "mine": "/mine",
    "following": "/following",
    "wallet": "/wallet",
    "receipt": "/wallet{picture}",
    "notifications": "/notifications",
    "account": "/account",
    "keys": "/account/keys",
    "leave": "/account/leave",
    "join": "/studio/join",
    "about": "/about",
    "licence": "/licence",
    "certificate": "{certificate}",
    "verify": "/verify",
    "no-such-page": "/nowhere",
    "nothing-found": "/styles?q=nothing+is+called+this",
    "search": "/search?q=boat",
}
ARTIST_PAGES = {
    "studio": "/studio",
    "upload": "/studio/upload",
    "own-style": "/studio/styles/1",
    "profile": "/studio/profile",
}
LOOKS = {"phone, dark": (PHONE, "dark"), "desktop, light": (DESKTOP, "light")}


def join_with_scripts(visitor: Visitor) -> None:
    page = visitor.visit("/studio")  # leads to where one becomes an artist
    page.get_by_label("Artist name").fill(MIRA.artist_name)
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    for step in range(1, 90):
        turn = step * 0.42
        across = 40 + step * 4.2 + 16 * math.sin(turn)
        page.mouse.move(
            box["x"] + across, box["y"] + box["height"] * (0.52 - 0.22 * math.cos(turn))
        )
    page.mouse.up()
    visitor.screenshot("signature")
    visitor.press("Become an artist")
    expect(page.get_by_text("Welcome, artist.")).to_be_visible()


def upload_with_scripts(visitor: Visitor) -> None:
    visitor.press("Upload your first style")
    page = visitor.page
    fill_style(visitor, MIRA, price=10)
    works = works_of(MIRA)
    visitor.choose_files("Choose pictures", *works[:7])
    drop(page, works[7:])
    expect(page.get_by_text("10 pictures chosen")).to_be_visible()
    expect(page.get_by_text("✓ 563 × 486, good")).to_have_count(10)
    for (name, _), work in zip(works, MIRA.works, strict=False):
        page.get_by_label(f"What does it show? {name}").fill(", ".join(work.tags))
    expect(page.locator("#earns")).to_contain_text("15 tokens")
    page.get_by_label(re.compile("^Price of a 512")).fill("20")
    expect(page.locator("#earns")).to_contain_text("30 tokens")
    page.get_by_label(re.compile("^Price of a 512")).fill("10")
    expect(page.locator("#earns")).to_contain_text("15 tokens")
    page.locator(".files").scroll_into_view_if_needed()
    visitor.screenshot("uploading")
    visitor.press("Upload and train")
    page.wait_for_url(re.compile(r"/studio/styles/\d+$"))
    expect(page.get_by_role("link", name="View as a buyer")).to_be_visible(timeout=WAIT_MS)


def fill_style(visitor: Visitor, artist: DemoArtist, *, price: int, name: str = "") -> None:
    page, say = visitor.page, visitor.say
    page.get_by_label(say("Name of the style")).fill(name or artist.style_name)
    page.get_by_label(say("Description")).fill(artist.style_description)
    page.get_by_label(say("Tags"), exact=True).fill(", ".join(artist.tags))
    page.get_by_label(say("Price of a 512 × 512 picture, in tokens")).fill(str(price))
    # Drafts, which wait for their artist, have tests of their own.
    page.get_by_role("radio", name=say("As soon as it is trained")).check()
    page.locator("#id_declared").check()


def search_styles(visitor: Visitor, text: str) -> None:
    """Type into the search of styles until its results are there: its address comes before them."""
    results = visitor.page.locator("#results")
    results.evaluate("results => results.firstElementChild.toggleAttribute('data-before', true)")
    visitor.page.get_by_label(visitor.say("Search by name or tag")).fill(text)
    expect(results.locator("[data-before]")).to_have_count(0)


def works_of(artist: DemoArtist) -> list[tuple[str, bytes]]:
    """The first ten works of a demo artist as files."""
    return [
        (f"work-{number:02}.jpg", work.path.read_bytes())
        for number, work in enumerate(artist.works[:10])
    ]


def drop(page: Page, files: list[tuple[str, bytes]]) -> None:
    """Drop files on the page, as from a folder beside the browser."""
    given = [[name, base64.b64encode(data).decode()] for name, data in files]
    transfer = page.evaluate_handle(
        """async (files) => {
            const transfer = new DataTransfer();
            for (const [name, data] of files) {
                const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            }
            return transfer;
        }""",
        given,
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})


def order(visitor: Visitor, words: str) -> str:
    """Order a picture in Mira's style. Returns its address."""
    page = visitor.visit("/styles/1")
    page.get_by_label("What should the picture show?").fill(words)
    choose_one(page)
    visitor.press("Make the picture")
    page.wait_for_url(re.compile(r"/pictures/\d+$"))
    return page.url


def choose_one(page: Page) -> None:
    """One picture, not the two that the form proposes."""
    page.get_by_role("radio", name="1", exact=True).check()


def thirty_in_one_zip(studio: Visitor) -> list[dict[str, str]]:
    """Order thirty prompts of Mira's style by a list. Returns the rows of the ZIP's table, whose
    files are all there."""
    page = studio.visit("/wallet")
    page.get_by_role("spinbutton", name="Tokens").fill("300")
    studio.press("Buy")
    page = studio.visit("/styles/1")
    studio.press("A whole list")
    page.get_by_label("Your list").fill("\n".join(f"boat, sea, cloud {n}" for n in range(30)))
    studio.press("See what it costs")
    expect(page.get_by_role("heading", name="30 pictures for 300 tokens")).to_be_visible()
    studio.screenshot("list")
    studio.press("Order 30 pictures")
    page.wait_for_url(re.compile(r"/orders/\d+$"))
    expect(page.get_by_text("All pictures are ready.")).to_be_visible(timeout=2 * WAIT_MS)
    expect(page.locator(".piece img.real")).to_have_count(30)
    studio.screenshot("order")
    with page.expect_download() as saved:
        studio.press("Download all as a ZIP")
    with zipfile.ZipFile(saved.value.path()) as packed:
        assert packed.testzip() is None
        table = packed.read("manifest.csv").decode("utf-8-sig")
        rows = list(csv.DictReader(table.splitlines()))
        for row in rows:
            assert packed.read(row["certificate"])
            with Image.open(packed.open(row["file"])) as picture:
                assert picture.size == (512, 512)
    return rows


def report_failure(system: System, picture_id: int, reason: str) -> None:
    """Say what a worker says when it cannot make a picture."""
    with psycopg.connect(system.environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT task_id, attempt FROM app_generation WHERE id = %s", [picture_id]
        ).fetchone()
    assert row is not None
    report = {"task_id": str(row[0]), "attempt": row[1], "status": "failed"}
    answer = httpx.patch(
        f"{system.url}/api/images/{picture_id}/status",
        json={**report, "failure_reason": reason, "retryable": False},
        headers={"Authorization": f"Bearer {system.token}"},
    )
    assert answer.status_code == 200, answer.text


def balance(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator(".big").inner_text()))


def id_of(visitor: Visitor) -> int:
    answer = visitor.context.request.get("/api/auth/me")
    return int(answer.json()["data"]["id"])


def licence_of(visitor: Visitor, picture: str) -> str:
    """The number of the licence of the picture at this address."""
    return visitor.visit(picture).locator(".facts a[href^='/licences/']").inner_text()


def tab_to(page: Page, target: Locator) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("The keyboard does not get there.")


def fill_gallery(system: System) -> None:
    """Have pictures made in both styles, and show them."""
    buyer = Person(system, "sam")
    buyer.post("/api/tokens/purchase", json={"amount": 1000, "payment_method": "card"}, status=201)
    orders = [
        (style_id, prompt, aspect_ratio)
        for prompts in zip(MIRA.sample_prompts, YUNA.sample_prompts, strict=True)
        for style_id, prompt in zip((1, 2), prompts, strict=True)
        for aspect_ratio in ("1:1", "2:2" if prompt[0] in {"mountain", "cat"} else "1:2")
    ]
    for seed, (style_id, prompt, aspect_ratio) in enumerate(orders):
        order = {"style_id": style_id, "prompt_tags": prompt, "aspect_ratio": aspect_ratio}
        made = buyer.post("/api/images/generate", json={**order, "seed": seed}, status=202)
        path = f"/api/images/{made['generation_id']}"
        wait_for(
            partial(_is_ready, buyer, path),
            seconds=60,
            what="a picture",
        )
        buyer.patch(path, json={"visibility": "public"})


def _is_ready(buyer: Person, path: str) -> bool:
    return bool(buyer.get(f"{path}/status")["status"] == "completed")
