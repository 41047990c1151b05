"""Photographs to look at, and what happens to pictures elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import skimage.data
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

FOLDER = Path(skimage.data.__file__).parent
NAMES = (
    *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png"),
    *("gravel.png", "hubble_deep_field.jpg", "ihc.png", "motorcycle_left.png", "retina.jpg"),
    "rocket.jpg",
)
SIDE = 512

Change = Callable[[Image.Image], Image.Image]


@lru_cache(maxsize=1)
def photographs() -> dict[str, Image.Image]:
    """Twelve photographs, 512 × 512 pixels each."""
    return {
        name: ImageOps.fit(Image.open(FOLDER / name).convert("RGB"), (SIDE, SIDE)) for name in NAMES
    }


def stored(kind: str, quality: int) -> Change:
    """Stored as a file of the given quality, and read again."""

    def change(image: Image.Image) -> Image.Image:
        packed = io.BytesIO()
        image.save(packed, kind, quality=quality)
        return Image.open(packed).convert("RGB")

    return change


def cropped(share: float) -> Change:
    """Without ``share`` of its width and its height, more at the right and at the bottom."""

    def change(image: Image.Image) -> Image.Image:
        width, height = (round(side * (1 - share)) for side in image.size)
        left, top = round(image.width * share * 0.4), round(image.height * share * 0.3)
        return image.crop((left, top, left + width, top + height))

    return change


def scaled(factor: float) -> Change:
    def change(image: Image.Image) -> Image.Image:
        size = round(image.width * factor), round(image.height * factor)
        return image.resize(size, Image.Resampling.LANCZOS)

    return change


def brightened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.2)


def grayed(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


def photographed(image: Image.Image) -> Image.Image:
    """As a screenshot in a chat: a little smaller, softer, and stored as JPEG."""
    return stored("JPEG", 85)(scaled(0.8)(image).filter(ImageFilter.GaussianBlur(0.6)))


CHANGES: dict[str, Change] = {
    "JPEG 90": stored("JPEG", 90),
    "JPEG 75": stored("JPEG", 75),
    "JPEG 50": stored("JPEG", 50),
    "JPEG 30": stored("JPEG", 30),
    "WebP 75": stored("WEBP", 75),
    "half size": scaled(0.5),
    "crop 5 %": cropped(0.05),
    "crop 10 %": cropped(0.10),
    "crop 30 %": cropped(0.30),
    "brightness × 1.2": brightened,
    "gray": grayed,
    "screenshot": photographed,
}
