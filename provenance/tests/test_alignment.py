from __future__ import annotations

import pytest
from PIL import Image, ImageOps

from provenance.alignment import FITS, Part
from provenance.tests.pictures import CHANGES, photographs, scaled, stored

pytestmark = pytest.mark.slow

SOME = ("astronaut.png", "coffee.png", "rocket.jpg")
BOX = (100, 60, 460, 420)  # of 512 × 512


def cut(name: str) -> Image.Image:
    return photographs()[name].crop(BOX)


@pytest.mark.parametrize("name", SOME)
def test_a_part_is_found_where_it_was(name: str) -> None:
    found = Part(stored("JPEG", 50)(scaled(0.6)(cut(name)))).within(photographs()[name])
    assert found.is_part
    assert not found.is_mirrored
    assert found.box == pytest.approx([side / 512 for side in BOX], abs=0.03)


def test_so_is_a_mirrored_one() -> None:
    found = Part(ImageOps.mirror(cut("coffee.png"))).within(photographs()["coffee.png"])
    assert found.is_part
    assert found.is_mirrored


@pytest.mark.parametrize("change", CHANGES)
def test_so_is_what_was_changed_otherwise(change: str) -> None:
    image = photographs()["rocket.jpg"]
    assert Part(CHANGES[change](image)).within(image).is_part


def test_parts_of_other_pictures_are_none() -> None:
    found = {
        name: Part(cut("coffee.png")).within(image).likeness
        for name, image in photographs().items()
        if name != "coffee.png"
    }
    assert max(found.values()) < FITS - 0.2


def test_plain_pictures_fit_nothing() -> None:
    plain = Image.new("RGB", (300, 200), "white")
    assert not Part(plain).within(photographs()["coffee.png"]).is_part
    assert not Part(photographs()["coffee.png"]).within(plain).is_part
    assert not Part(plain).within(plain).is_part


@pytest.mark.parametrize("size", [(1, 1), (20, 400), (400, 20), (31, 31)])
def test_what_is_too_small_to_tell_fits_nothing(size: tuple[int, int]) -> None:
    assert not Part(Image.new("L", size, 99)).within(photographs()["coffee.png"]).is_part
