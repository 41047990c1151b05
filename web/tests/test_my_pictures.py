"""One's own pictures on the site: found, chosen, downloaded, published."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser

from app.models import Generation, Order, Style, User
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory
from protocol.previews import reported_name
from tests.browser import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(buyer: User, style: Style, media: Path) -> dict[str, Generation]:
    """The buyer's pictures, and one of somebody else's."""
    other = StyleFactory(name="Other Ink")
    made = {
        "harbor": GenerationFactory(user=buyer, style=style, prompt_tags=["harbor", "red boat"]),
        "shown": PublicPictureFactory(user=buyer, style=other, prompt_tags=["castle"]),
        "old": GenerationFactory(user=buyer, style=style, prompt_tags=["castle", "50% sky"]),
        "making": GenerationFactory(
            user=buyer, style=style, prompt_tags=["moon"], status="processing"
        ),
        "queued": GenerationFactory(user=buyer, style=style, prompt_tags=["moon"], status="queued"),
        "failed": GenerationFactory(user=buyer, style=style, prompt_tags=["moon"], status="failed"),
        "theirs": GenerationFactory(user=UserFactory(), style=style, prompt_tags=["castle"]),
    }
    long_ago = datetime(2024, 2, 29, 23, 59, tzinfo=UTC)
    Generation.objects.filter(pk=made["old"].pk).update(created_at=long_ago)
    for name in ("harbor", "shown", "old", "theirs"):
        path = media / made[name].image_path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    return made


@pytest.fixture
def page(buyer: User, signed_in: Any) -> Any:
    return signed_in(buyer)


def found(client: Any, query: str) -> list[int]:
    text = client.get(f"/mine?{query}").content.decode()
    return [int(number) for number in re.findall(r'class="look" href="/pictures/(\d+)"', text)]


def names_in(answer: Any) -> list[str]:
    assert answer["Content-Type"] == "application/zip", answer.status_code
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert packed.testzip() is None
    return packed.namelist()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["failed", "queued", "making", "shown", "harbor", "old"]),
        ("show=public", ["shown"]),
        ("show=private", ["harbor", "old"]),
        ("show=making", ["queued", "making"]),
        ("show=failed", ["failed"]),
        ("q=castle", ["shown", "old"]),
        ("q=CASTLE&style=ink", ["shown"]),
        ("q=harbour", ["harbor"]),
        ("q=boats+harbor", ["harbor"]),
        ("q=성", ["shown", "old"]),
        ("q=50%25", ["old"]),
        ("q=sky&show=public", []),
        ("style=%25", []),
        ("until=2024-02-29", ["old"]),
        ("until=2024-02-28", []),
        ("since=2024-02-29&q=castle", ["shown", "old"]),
        ("since=2024-03-01&q=castle", ["shown"]),
        # What makes no sense does not narrow.
        ("show=nothing&since=yesterday&q=castle&style=%00", ["shown", "old"]),
        ("until=9999-12-31&since=0001-01-01&q=castle", ["shown", "old"]),
        (f"q={'x' * 101}&show=public", ["shown"]),
    ],
)
def test_pictures_are_found(
    page: Any, own: dict[str, Generation], query: str, names: list[str]
) -> None:
    assert found(page, query) == [own[name].pk for name in names]


def test_pages_keep_what_is_looked_for(page: Any, buyer: User, style: Style) -> None:
    made = [GenerationFactory(user=buyer, style=style, prompt_tags=["tower"]) for _ in range(22)]
    GenerationFactory(user=buyer, style=style, prompt_tags=["sea"])
    first = page.get("/mine?q=tower&show=private").content.decode()
    [after] = set(re.findall(r'href="(/mine\?[^"]*after=[^"]*)"', first))
    query = after.replace("&amp;", "&").removeprefix("/mine?")
    assert found(page, query) == [picture.pk for picture in reversed(made[:2])]
    assert 'href="/mine/pictures.zip?q=tower&amp;show=private"' in first


def test_walls_offer_all_widths(page: Any, buyer: User, own: dict[str, Generation]) -> None:
    order = Order.objects.create(user=buyer, item_count=1, cost=10)
    preview = reported_name("generations/1/preview", 512)
    Generation.objects.filter(pk=own["harbor"].pk).update(preview_path=preview, order=order)
    for path in ("/mine?q=harbor", f"/orders/{order.pk}"):
        assert " 512w" in page.get(path).content.decode(), path


def test_all_that_is_found_comes_as_one_zip(page: Any, own: dict[str, Generation]) -> None:
    answer = page.get("/mine/pictures.zip?q=castle")
    assert answer["Content-Disposition"] == 'attachment; filename="pictures.zip"'
    names = names_in(answer)
    pictures = [name for name in names if name.endswith(".png")]
    assert [name.rsplit("-", 1)[0].split("-SL")[0] for name in pictures] == [
        "other-ink-castle",
        "wet-paper-castle-50-sky",
    ]
    assert "manifest.csv" in names
    assert len(names_in(page.get("/mine/pictures.zip"))) == 3 + 3 + 1


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("since=2026-13-45", "From"),
        ("collection=999", "Collection"),
        ("show=nothing", "Show"),
        ("q=castle&until=bogus", "To"),
    ],
)
def test_a_filter_that_is_not_valid_is_said_and_gives_no_zip(
    page: Any, own: dict[str, Generation], query: str, name: str
) -> None:
    shown = page.get(f"/mine?{query}").content.decode()
    assert f"Not valid, and left out: {name}." in shown
    assert "pictures.zip" not in shown
    assert page.get(f"/mine/pictures.zip?{query}").status_code == 400
    assert "left out" not in page.get("/mine?q=castle&since=2024-01-01").content.decode()


def test_the_chosen_come_as_one_zip_without_those_of_others(
    page: Any, own: dict[str, Generation]
) -> None:
    ids = [own[name].pk for name in ("harbor", "failed", "theirs")]
    names = names_in(page.post("/mine/chosen", {"picture": ids, "act": "zip"}))
    assert [name for name in names if name.endswith(".png")] == [
        f"wet-paper-harbor-red-boat-{own['harbor'].licence_number}.png"
    ]
    nothing = page.post(
        "/mine/chosen", {"picture": [own["theirs"].pk, own["failed"].pk], "act": "zip"}, follow=True
    )
    assert "None of these pictures is ready." in nothing.content.decode()


def test_the_chosen_are_published_and_hidden_again(page: Any, own: dict[str, Generation]) -> None:
    Generation.objects.filter(pk=own["old"].pk).update(hidden_reason="A copy.")
    ids = [picture.pk for picture in own.values()]
    answer = page.post(
        "/mine/chosen", {"picture": ids, "act": "public", "next": "/mine?q=sea"}, follow=True
    )
    assert answer.redirect_chain == [("/mine?q=sea", 302)]
    # One was public already, one is hidden, and the others are not ready or somebody else's.
    assert "1 picture was published." in answer.content.decode()
    public = Generation.objects.filter(visibility="public").values_list("pk", flat=True)
    assert set(public) == {own["harbor"].pk, own["shown"].pk}
    answer = page.post("/mine/chosen", {"picture": ids, "act": "private"}, follow=True)
    assert "2 are private now." in answer.content.decode()
    assert not Generation.objects.filter(visibility="public").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"act": "zip"}, "Choose pictures first, at most 500 at once."),
        ({"act": "zip", "picture": ["x", "-1", "9" * 30]}, "Choose pictures first, at most 500"),
        ({"act": "public", "picture": list(range(1, 502))}, "at most 500 at once."),
        ({"act": "burn", "picture": ["1"]}, "burn"),
        ({"picture": ["1"]}, "required"),
    ],
)
def test_what_makes_no_sense_changes_nothing(page: Any, given: dict[str, Any], said: str) -> None:
    answer = page.post("/mine/chosen", given | {"next": "https://elsewhere.example/"}, follow=True)
    assert answer.redirect_chain == [("/mine", 302)]
    assert said in answer.content.decode()


def test_only_who_is_signed_in(client: Any, own: dict[str, Generation]) -> None:
    for path in ("/mine?q=castle", "/mine/pictures.zip?q=castle"):
        assert "/sign-in?next=" in client.get(path)["Location"]
    posted = client.post("/mine/chosen", {"picture": [own["shown"].pk], "act": "private"})
    assert "/sign-in" in posted["Location"]
    own["shown"].refresh_from_db()
    assert own["shown"].visibility == "public"


def test_a_search_asks_no_more_for_more_pictures(
    page: Any, buyer: User, style: Style, django_assert_max_num_queries: Any
) -> None:
    for _ in range(15):
        GenerationFactory(user=buyer, style=style, prompt_tags=["tower"])
    page.get("/mine")
    with django_assert_max_num_queries(6):
        page.get("/mine?q=tower&style=wet")


@pytest.fixture
def visitor(browser: Browser, live_server: Any, buyer: User, signed_in: Any) -> Iterator[Visitor]:
    visitor = Visitor(browser, live_server.url, language="en")
    visitor.use_session(signed_in(buyer).cookies["sessionid"].value)
    yield visitor
    visitor.close()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("site")
def test_a_page_is_chosen_by_one_press(
    visitor: Visitor, own: dict[str, Generation], live_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.SITE_URL = live_server.url
    page = visitor.page
    page.goto("/mine", wait_until="domcontentloaded")
    page.get_by_label("Choose all on this page").check()
    assert page.locator(".pick input:checked").count() == 4
    page.get_by_label("Choose castle, 50% sky").uncheck()
    with page.expect_download() as started:
        page.get_by_role("button", name="Download the chosen").click()
    saved = tmp_path / "pictures.zip"
    started.value.save_as(saved)
    assert started.value.suggested_filename == "pictures.zip"
    names = zipfile.ZipFile(saved).namelist()
    assert sum(name.endswith(".png") for name in names) == 2
