from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from provenance.bits import bands, distance
from provenance.fingerprints import BYTES, is_plain, pdq, pdq_of_all_turns
from provenance.tests.pictures import CHANGES, FOLDER, NAMES, photographs

# What is taken for the same picture; of unrelated ones, about 128 bits differ.
SAME = 46

# What Facebook's own code (pdqhash 0.2.8) says of these.
REFERENCE = {
    "astronaut.png": "2d6b1af3a956c529e79ca3d2526fa834d4196c81cedd04de0a26b855fc99b724",
    "camera.png": "dc9c9d3b746978f888f40ce6e5c3f70f7266623e8d989cb99f21f2010841e1c7",
    "chelsea.png": "5feb5321f01da156898e2bf629a5d3438412cdbd23f48942464526315db33ffd",
    "coffee.png": "8c629e779a663698b9a33866c026726c21a679f61eb6e1f8c79ba7e23c8299e0",
    "motorcycle_left.png": "e0c9cfdb78d358d68a58ec54e94ba55937525b67508a0b87ad64fc6b4631c470",
}


@pytest.mark.parametrize("name", REFERENCE)
def test_they_are_those_of_the_reference(name: str) -> None:
    assert pdq(Image.open(FOLDER / name)).hex() == REFERENCE[name]


@pytest.mark.parametrize("change", [name for name in CHANGES if "crop" not in name])
def test_a_changed_picture_keeps_nearly_all_bits(change: str) -> None:
    far = {
        name: distance(pdq(photographs()[name]), pdq(CHANGES[change](photographs()[name])))
        for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
    }
    assert {name: bits for name, bits in far.items() if bits > SAME} == {}


def test_unrelated_pictures_share_no_more_than_chance_gives() -> None:
    found = [pdq(image) for image in photographs().values()]
    assert min(distance(one, other) for one, other in combinations(found, 2)) > 80


def test_a_large_photograph_differs_little_from_its_smaller_copy() -> None:
    image = photographs()["coffee.png"]
    large = image.resize((3000, 2600), Image.Resampling.BICUBIC)
    assert distance(pdq(image), pdq(large)) <= 16


TURNS: list[Callable[[Image.Image], Image.Image]] = [
    lambda image: image,
    ImageOps.flip,
    ImageOps.mirror,
    lambda image: image.transpose(Image.Transpose.ROTATE_180),
    lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    lambda image: image.transpose(Image.Transpose.ROTATE_270),
    lambda image: image.transpose(Image.Transpose.ROTATE_90),
    lambda image: image.transpose(Image.Transpose.TRANSVERSE),
]


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "ihc.png"])
def test_a_turned_picture_is_found_without_turning_it(name: str) -> None:
    image = photographs()[name]
    turned = [pdq(turn(image)) for turn in TURNS]
    found = pdq_of_all_turns(image)
    assert found[0] == turned[0]
    # The sampling of even sides is not quite symmetrical.
    nearest = [min(range(8), key=lambda at: distance(found[at], each)) for each in turned]
    assert sorted(nearest) == list(range(8))
    assert max(min(distance(each, one) for one in found) for each in turned) <= 31


@given(
    fingerprint=st.binary(min_size=BYTES, max_size=BYTES),
    changed=st.sets(st.integers(0, 255), max_size=15),
)
def test_who_differs_in_fewer_than_16_bits_shares_a_band(
    fingerprint: bytes, changed: set[int]
) -> None:
    bits = np.unpackbits(np.frombuffer(fingerprint, np.uint8))
    bits[sorted(changed)] ^= 1
    other = np.packbits(bits).tobytes()
    assert distance(fingerprint, other) == len(changed)
    assert set(bands(fingerprint)) & set(bands(other))


def test_bands_of_different_places_never_meet() -> None:
    of_all = bands(bytes(BYTES))
    assert len(set(of_all)) == len(of_all) == 16
    assert max(bands(b"\xff" * BYTES)) < 2**31  # they are integers in PostgreSQL


def test_every_photograph_is_read() -> None:
    assert len({pdq(image) for image in photographs().values()}) == len(NAMES)


def test_a_blank_sheet_is_plain() -> None:
    assert is_plain(Image.new("RGB", (300, 200), "ivory"))
    assert is_plain(Image.new("RGB", (1, 1)))
    assert not any(is_plain(image) for image in photographs().values())
