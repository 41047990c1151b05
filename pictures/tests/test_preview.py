"""Previews: as wide as asked for, in bytes that a phone can afford."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageChops

from pictures import placeholder, preview
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
    assert len(preview(Image.fromarray(grain), SIDE, room=4000)) < SIDE * SIDE * BITS / 8 - 4000
    difference = ImageChops.difference(opened(preview(smooth, SIDE)), smooth)
    assert max(high for _, high in difference.getextrema()) <= 3


def test_a_preview_has_nothing_of_the_camera() -> None:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)
    packed = io.BytesIO()
    Image.new("RGB", (900, 300), "teal").save(packed, "JPEG", exif=exif, comment=b"home")

    content = preview(opened(packed.getvalue()), 2000, xmp=b"<x/>")

    assert opened(content).size == (900, 300)
    assert opened(content).info["xmp"] == b"<x/>"
    assert "exif" not in opened(content).info
    assert b"EXIF" not in content
    assert b"CameraMaker" not in content


@pytest.mark.parametrize("size", [(512, 512), (1024, 640), (64, 4096), (1, 1)])
def test_a_placeholder_is_tiny_even_for_noise(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)

    uri = placeholder(Image.fromarray(noise))

    head, content = uri.split(",")
    assert head == "data:image/webp;base64"
    assert len(uri) < 600
    assert max(opened(base64.b64decode(content)).size) <= 16


def test_a_placeholder_has_the_colours_of_the_picture() -> None:
    uri = placeholder(Image.new("RGB", (600, 400), (200, 60, 40)))

    tiny = opened(base64.b64decode(uri.split(",")[1]))
    assert tiny.size == (16, 11)
    mean = np.asarray(tiny.convert("RGB")).mean(axis=(0, 1))
    assert mean == pytest.approx((200, 60, 40), abs=8)
