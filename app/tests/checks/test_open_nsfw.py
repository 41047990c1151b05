"""The classifier itself, on pictures that it must not find. What it finds is its publisher's
figure: no picture of that kind is here, and none shall be."""

from pathlib import Path

import pytest
from PIL import Image

from app.services.checks.nudity import OpenNsfw, rating_of
from app.tests.styles.copying import painting

WORKS = Path(__file__).parents[3] / "devtools" / "demo" / "works"


@pytest.fixture(scope="module")
def classifier() -> OpenNsfw:
    return OpenNsfw()


def test_it_says_what_it_is(classifier):
    assert classifier.name == "open_nsfw/0.1.0"


@pytest.mark.parametrize("artist", ["jun", "mira", "sol", "yuna"])
def test_demo_works_are_general(classifier, artist):
    work = sorted((WORKS / artist).iterdir())[0]
    with Image.open(work) as image:
        score = classifier.score(image)
    assert 0 <= score < 0.5
    assert rating_of(score) == "general"


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_any_mode_is_looked_at(classifier, mode):
    assert 0 <= classifier.score(painting(3).convert(mode)) < 0.5
