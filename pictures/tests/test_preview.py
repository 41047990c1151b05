"""Previews: as wide as asked for, in bytes that a phone can afford."""

import io

import numpy as np
import pytest
from PIL import Image, ImageChops

from pictures import preview
from pictures.preview import BITS

SIDE = 320


def opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
    return image


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((1600, 1200), (320, 240)),
        ((1200, 1600), (320, 427)),
        ((300, 200), (300, 200)),
        ((6400, 640), (320, 32)),
        # A long scroll would be shown much narrower than its file is wide.
        ((640, 6400), (64, 640)),
    ],
)
def test_a_preview_is_as_wide_as_asked_for(size: tuple[int, int], small: tuple[int, int]) -> None:
    made = opened(preview(Image.new("RGB", size, "teal"), SIDE))
    assert (made.format, made.size) == ("WEBP", small)
    assert "xmp" not in made.info


def test_grain_gets_fewer_bytes_and_the_smooth_its_quality() -> None:
    chance = np.random.default_rng(5)
    grain = chance.normal(128, 12, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
    smooth = Image.linear_gradient("L").resize((SIDE, SIDE)).convert("RGB")

    assert len(preview(Image.fromarray(grain), SIDE)) < SIDE * SIDE * BITS / 8
    difference = ImageChops.difference(opened(preview(smooth, SIDE)), smooth)
    assert max(high for _, high in difference.getextrema()) <= 3
