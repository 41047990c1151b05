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


def real_pictures(count: int = 12) -> list[bytes]:
    """The first ``count`` pictures, as the files they are."""
    return [(FOLDER / name).read_bytes() for name in NAMES[:count]]


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
