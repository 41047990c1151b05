from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from provenance.nearness import (
    MOST_BITS,
    MOST_LIKE,
    MOST_LIKE_IN_SERIES,
    NotWorks,
    Works,
    memorisation,
    nearest,
    remember,
)
from provenance.tests.pictures import CHANGES, Change, cropped, photographs

pytestmark = pytest.mark.slow

LEARNED = ("astronaut.png", "coffee.png", "rocket.jpg")
OTHERS = ("chelsea.png", "ihc.png", "motorcycle_left.png")


def zoomed(image: Image.Image) -> Image.Image:
    width, height = image.size
    inner = image.crop((width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    return inner.resize(image.size)


COPIES: dict[str, Change] = {
    "the file again": lambda image: image,
    "mirrored": ImageOps.mirror,
    "recoloured": lambda image: ImageEnhance.Color(image).enhance(0.3),
    "cropped": cropped(0.3),
    "zoomed": zoomed,
    "as JPEG 30": CHANGES["JPEG 30"],
}


@pytest.fixture(scope="module")
def works() -> Works:
    return remember([photographs()[name] for name in LEARNED])


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_of_a_work_is_noticed(copy: str, works: Works) -> None:
    for number, name in enumerate(LEARNED):
        found = nearest(COPIES[copy](photographs()[name]), works)
        assert found.is_copy, name
        assert found.work == number


@pytest.mark.parametrize("name", OTHERS)
def test_another_picture_is_none(name: str, works: Works) -> None:
    found = nearest(photographs()[name], works)
    assert not found.is_copy
    assert found.bits > MOST_BITS
    assert found.likeness < MOST_LIKE


def test_what_is_kept_is_read_again(works: Works) -> None:
    again = Works.read(works.packed())
    picture = photographs()["chelsea.png"]
    kept, fresh = nearest(picture, again), nearest(picture, works)
    assert (kept.work, kept.bits) == (fresh.work, fresh.bits)
    assert kept.likeness == pytest.approx(fresh.likeness, abs=0.01)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(NotWorks):
        Works.read(content)


def test_a_file_with_other_numbers_is_refused(works: Works) -> None:
    fewer = Works(works.fingerprints[:1], works.features)
    with pytest.raises(NotWorks, match="another version"):
        Works.read(fewer.packed())


def test_works_of_a_series_may_be_as_alike_as_they_are(works: Works) -> None:
    assert works.bound == MOST_LIKE
    pair = remember([photographs()["coffee.png"], cropped(0.05)(photographs()["coffee.png"])])
    assert pair.bound == MOST_LIKE_IN_SERIES
    one = remember([photographs()["coffee.png"]])
    assert one.bound == MOST_LIKE


def test_the_report_names_the_nearest_picture(works: Works) -> None:
    made = [photographs()[name] for name in OTHERS]
    honest = memorisation(made, works)
    assert honest.copies == 0
    assert len(honest.pictures) == len(OTHERS)
    copied = memorisation([*made, zoomed(photographs()["rocket.jpg"])], works)
    assert copied.copies == 1
    assert copied.nearest_picture == len(OTHERS)
    assert copied.pictures[copied.nearest_picture].work == LEARNED.index("rocket.jpg")


def test_fingerprints_alone_notice_what_features_do_not(works: Works) -> None:
    image = np.asarray(photographs()["coffee.png"], float)
    noise = np.random.default_rng(1).uniform(0, 255, image.shape)
    blended = Image.fromarray((0.5 * image + 0.5 * noise).astype(np.uint8))
    found = nearest(blended, works)
    assert found.bits <= MOST_BITS
    assert found.is_copy


def test_a_blank_picture_is_no_copy_of_a_blank_work() -> None:
    blank = Image.new("RGB", (64, 64), "white")
    assert not nearest(blank, remember([blank])).is_copy
