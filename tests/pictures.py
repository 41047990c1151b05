"""Real pictures to upload: photographs and drawings that come with scikit-image."""

from __future__ import annotations

import io
from pathlib import Path

import skimage.data
from PIL import Image

FOLDER = Path(skimage.data.__file__).parent
NAMES = (
    *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png"),
    *("grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png"),
    *("motorcycle_left.png", "retina.jpg", "rocket.jpg", "color.png", "motorcycle_right.png"),
)


def real_pictures(count: int = 12, *, part: int = 0) -> list[bytes]:
    """The first ``count`` pictures, as the files they are.

    With ``part``, 1 to 4, another part of each, as large as the whole: for other artists, since
    copies are not trained on.
    """
    files = [(FOLDER / name).read_bytes() for name in NAMES[:count]]
    return [part_of(content, part - 1) for content in files] if part else files


def part_of(content: bytes, number: int) -> bytes:
    """One of four parts of a picture, which overlap, as large as the whole."""
    whole = Image.open(io.BytesIO(content)).convert("RGB")
    width, height = whole.size
    across, down = (number % 2) * 0.35 * width, (number // 2) * 0.35 * height
    box = (across, down, across + 0.65 * width, down + 0.65 * height)
    buffer = io.BytesIO()
    whole.resize(whole.size, box=box).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def signature_png() -> bytes:
    """A signature: dark strokes on a transparent ground."""
    image = Image.new("RGBA", (240, 80), (0, 0, 0, 0))
    for x in range(20, 220):
        height = 40 + int(20 * ((x // 12) % 2 * 2 - 1) * (x % 12) / 12)
        for thickness in range(5):
            image.putpixel((x, height + thickness), (20, 20, 60, 255))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
