"""What a phone fetches for a page: 400 kB at most, and no picture much larger than it is shown."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from app.models import Artwork, Generation, Style
from app.services import community_service
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from pictures import preview
from protocol.previews import preview_name, reported_name, widths_of
from tests.browser import PHONE, chromium

MAX_BYTES = 400_000
# Pixels of a file for each that it is shown at, unless it is the smallest preview there is.
MAX_DENSITY, SMALLEST = 2.2, 320
FORMATS = {"1:1": (512, 512), "1:2": (512, 1024), "2:2": (1024, 1024)}
# As a screen of pictures may be; the tall and the large ones take more of it.
WALL = ("1:1", "1:1", "1:2", "1:1", "2:2", "1:1", "1:1", "1:2", "1:1", "1:1") * 2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("site"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; Django takes that for asynchronous code.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with chromium() as running:
            yield running


def grainy(size: tuple[int, int], seed: int) -> Image.Image:
    """Strokes and grain on soft shapes: takes as many bytes as what the engine paints."""
    chance = np.random.default_rng(seed)
    soft = Image.fromarray(chance.integers(0, 256, (8, 8, 3), np.uint8)).resize(size)
    strokes = Image.fromarray(chance.integers(0, 256, (size[1] // 6, size[0] // 6), np.uint8))
    grain = chance.normal(0, 14, (size[1], size[0], 1))
    pixels = (
        0.8 * np.asarray(soft, float) + 0.2 * np.asarray(strokes.resize(size), float)[..., None]
    )
    return Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8))


def store_previews(media: Path, stem: str, image: Image.Image, most: int = 1024) -> str:
    """All previews of ``image`` up to that of ``most`` pixels. Returns the key of the one kept."""
    for width in widths_of(min(image.width, most)):
        path = media / preview_name(stem, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(preview(image, width))
    return reported_name(stem, min(image.width, most))


@pytest.fixture
def shop(browser: Browser, media: Path) -> dict[str, int]:
    """A style of 24 works, and more pictures in it than a page shows. Returns their ids."""
    style = StyleFactory(works=24, name="Wet Paper", tags=("sea",), description="words " * 40)
    buyer = UserFactory()
    for work in style.artworks.all():
        image = grainy((1200, 900) if work.position % 3 else (900, 1200), work.position)
        key = store_previews(media, f"styles/{style.pk}/previews/{work.position:03}", image, 640)
        Artwork.objects.filter(pk=work.pk).update(
            preview_path=key, width=image.width, height=image.height
        )
    Style.objects.update(thumbnail=style.artworks.first().preview_path)
    painted = {format: grainy(size, 7) for format, size in FORMATS.items()}
    for number, format in enumerate(WALL):
        picture = PublicPictureFactory(user=buyer, style=style, aspect_ratio=format)
        key = store_previews(media, f"generations/{picture.task_id}/1/preview", painted[format])
        Generation.objects.filter(pk=picture.pk).update(
            preview_path=key, placeholder="data:image/webp;base64," + "A" * 300
        )
        community_service.add_comment(user=buyer, generation_id=picture.pk, content=f"{number}")
    return {"style": style.pk, "picture": picture.pk}


@dataclass
class Seen:
    """What the browser fetched, and each picture's pixels and place (both in width)."""

    fetched: dict[str, int] = field(default_factory=dict)
    pictures: list[tuple[str, int, float]] = field(default_factory=list)


PICTURES = """async () => {
    const found = [];
    for (const shown of document.images) {
        if (!shown.currentSrc || shown.currentSrc.startsWith("data:")) continue;
        const file = new Image();
        file.src = shown.currentSrc;
        await file.decode();
        found.push([shown.currentSrc, file.naturalWidth, shown.getBoundingClientRect().width]);
    }
    return found;
}"""


def look(browser: Browser, url: str, density: float) -> Seen:
    """Open ``url`` on a phone. Texts count as nginx sends them: compressed."""
    seen = Seen()
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]},
        device_scale_factor=density,
        is_mobile=True,
        has_touch=True,
    )
    answers: list[Any] = []
    try:
        page = context.new_page()
        page.on("response", lambda answer: answers.append(answer))
        page.goto(url, wait_until="networkidle")
        for answer in answers:
            if answer.url.startswith("data:"):
                continue
            assert answer.ok, answer.url
            is_text = not answer.headers["content-type"].startswith("image/")
            content = answer.body()
            seen.fetched[answer.url] = len(gzip.compress(content, 5) if is_text else content)
        seen.pictures = [tuple(each) for each in page.evaluate(PICTURES)]
    finally:
        context.close()
    return seen


@pytest.mark.parametrize("density", [2, 3])
def test_a_page_is_light_on_a_phone(
    browser: Browser, live_server: Any, shop: dict[str, int], density: int
) -> None:
    for path in ("/", "/styles", "/styles/{style}", "/pictures/{picture}", "/api/docs"):
        seen = look(browser, live_server.url + path.format(**shop), density)
        print(path, density, sum(seen.fetched.values()), len(seen.pictures))  # noqa: T201
        assert sum(seen.fetched.values()) <= MAX_BYTES, (path, seen.fetched)
        too_large = [
            (url, pixels, place)
            for url, pixels, place in seen.pictures
            if pixels > max(MAX_DENSITY * place, SMALLEST)
        ]
        assert too_large == [], path
        assert path in {"/api/docs"} or seen.pictures, path
