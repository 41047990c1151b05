from __future__ import annotations

import sys
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageOps

from provenance import features as module
from provenance.features import NUMBERS, SIGN_BYTES, FeaturesUnavailable, features, signs
from provenance.tests.pictures import CHANGES, photographs

SOME = ("astronaut.png", "coffee.png", "rocket.jpg")


def likeness(one: Image.Image, other: Image.Image) -> float:
    return float(features(one) @ features(other))


@pytest.mark.parametrize("change", ["mirrored", "JPEG 30", "crop 30 %", "gray", "screenshot"])
def test_a_changed_picture_stays_alike(change: str) -> None:
    act = CHANGES.get(change, ImageOps.mirror)
    for name in SOME:
        image = photographs()[name]
        assert likeness(image, act(image)) > 0.6, name


def test_different_pictures_are_not_alike() -> None:
    found = [features(image) for image in photographs().values()]
    assert max(float(one @ other) for one, other in combinations(found, 2)) < 0.6


def test_they_are_a_vector_of_length_1() -> None:
    numbers = features(photographs()["coffee.png"])
    assert numbers.shape == (NUMBERS,)
    assert float(np.linalg.norm(numbers)) == pytest.approx(1, abs=1e-5)


def test_the_right_picture_has_the_most_signs_in_common() -> None:
    kept = {name: int.from_bytes(signs(image)) for name, image in photographs().items()}
    for name in SOME:
        asked = signs(CHANGES["crop 30 %"](ImageOps.mirror(photographs()[name])))
        assert len(asked) == SIGN_BYTES
        differing = {
            each: (value ^ int.from_bytes(asked)).bit_count() for each, value in kept.items()
        }
        assert min(differing, key=differing.__getitem__) == name


def test_the_network_is_the_one_that_made_what_is_kept() -> None:
    """Signs lie in the database: another network, or another centre, would find nothing again."""
    expected = 0x6A9F224D8100140A
    differing = int.from_bytes(signs(photographs()["coffee.png"])[:8]) ^ expected
    assert differing.bit_count() <= 3


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    module._network.cache_clear()
    with pytest.raises(FeaturesUnavailable, match="pip install onnxruntime"):
        features(Image.new("RGB", (8, 8)))
