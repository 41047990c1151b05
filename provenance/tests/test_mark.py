from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from provenance import mark
from provenance.mark import MARKER, MOST_FALSE_ALARMS, SYMBOLS, symbols_of
from provenance.tests.pictures import CHANGES, cropped, photographs, scaled, stored

pytestmark = pytest.mark.slow

NUMBER = 0xC0FFEE42
NUMBERS = st.integers(0, 2**32 - 1)


def read(image: Image.Image) -> int | None:
    found = MARKER.detect(image)
    return found and found.mark_id


def decibels(image: Image.Image, marked: Image.Image) -> float:
    change = np.asarray(image, float) - np.asarray(marked, float)
    return float(10 * np.log10(255**2 / (change**2).mean()))


@pytest.fixture(scope="module")
def marked() -> dict[str, Image.Image]:
    return {
        name: MARKER.embed(photographs()[name], NUMBER)
        for name in ("astronaut.png", "coffee.png", "rocket.jpg")
    }


def test_the_change_is_small(marked: dict[str, Image.Image]) -> None:
    for name, image in marked.items():
        assert 38 <= decibels(photographs()[name], image) <= 43
        assert image.size == photographs()[name].size


@pytest.mark.parametrize("change", CHANGES)
def test_the_number_survives(change: str, marked: dict[str, Image.Image]) -> None:
    found = {name: read(CHANGES[change](image)) for name, image in marked.items()}
    assert found == dict.fromkeys(marked, NUMBER)


def test_it_survives_several_of_them_at_once(marked: dict[str, Image.Image]) -> None:
    image = stored("JPEG", 75)(cropped(0.2)(marked["astronaut.png"]))
    assert read(ImageOps.mirror(image)) == NUMBER
    assert read(image.transpose(Image.Transpose.ROTATE_90)) == NUMBER
    assert read(stored("WEBP", 75)(scaled(320 / 512)(marked["coffee.png"]))) == NUMBER


@pytest.mark.parametrize("size", [(128, 128), (131, 700), (512, 1024), (1024, 1024)])
def test_every_size_of_picture_can_be_marked(size: tuple[int, int]) -> None:
    image = ImageOps.fit(photographs()["coffee.png"], size)
    assert MARKER.embed(image, NUMBER).size == size


def test_pictures_without_variety_are_marked_too() -> None:
    for image in (Image.new("RGB", (512, 512), "teal"), Image.new("L", (512, 512), 128)):
        assert read(MARKER.embed(image, NUMBER)) == NUMBER


def test_a_picture_without_a_mark_has_none() -> None:
    found = {name: MARKER.detect(image) for name, image in photographs().items()}
    assert set(found.values()) == {None}


def test_too_small_a_picture_has_none() -> None:
    assert MARKER.detect(Image.new("RGB", (60, 60))) is None


def test_chance_is_as_the_bound_supposes() -> None:
    """Numbers that a picture does not carry fit as often as a normal distribution says."""
    chance = np.random.default_rng(5)
    fits = []
    for image in photographs().values():
        phases = mark._phases(mark._folded(*mark._detail(image.convert("L"))))
        for number in chance.integers(0, 2**32, 20):
            fit = float((phases * mark._spectrum(int(number)).conj()).real.sum())
            power = mark._used().sum() / 2 * (mark.FIRST_WAVE**2 + SYMBOLS)
            fits.append(fit / np.sqrt(power))
    assert abs(np.mean(fits)) < 0.2
    assert 0.9 < np.std(fits) < 1.1


def test_the_bound_falls_as_the_mark_gets_clearer(marked: dict[str, Image.Image]) -> None:
    clear = MARKER.detect(marked["coffee.png"])
    small = MARKER.detect(cropped(0.55)(marked["coffee.png"]))
    assert clear is not None
    assert small is not None
    assert clear.false_alarm < small.false_alarm <= MOST_FALSE_ALARMS
    assert clear.sure > 1 - 1e-9


@given(one=NUMBERS, other=NUMBERS)
def test_two_numbers_differ_in_two_symbols(one: int, other: int) -> None:
    differing = sum(a != b for a, b in zip(symbols_of(one), symbols_of(other), strict=True))
    assert differing >= 2 or one == other


@pytest.mark.parametrize("lost", range(SYMBOLS))
@pytest.mark.parametrize("number", [0, 1, NUMBER, 2**32 - 1])
def test_a_symbol_that_is_lost_is_worked_out_from_the_others(lost: int, number: int) -> None:
    chance = np.random.default_rng(number + lost)
    fits = [chance.normal(0, 1, 1024).astype(np.float32) for _ in range(SYMBOLS)]
    for place, symbol in enumerate(symbols_of(number)):
        fits[place][symbol] = 0.0 if place == lost else 9.0
    decoded = mark._decode(fits)
    assert decoded is not None
    assert decoded[1] == number


@pytest.mark.parametrize("number", [-1, 2**32])
def test_other_numbers_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        MARKER.embed(Image.new("RGB", (128, 128)), number)
