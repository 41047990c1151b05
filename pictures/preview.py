"""Small copies to show."""

from __future__ import annotations

import base64
import io

from PIL import Image

BITS = 1.2  # a pixel: twenty previews of 320 × 320 have 300 kB then
QUALITIES = (75, 50, 30, 20)  # of WebP, the best first

PLACEHOLDER_SIDE = 16  # pixels
PLACEHOLDER_LIMIT = 600  # characters of the whole data URI


def preview(
    image: Image.Image, width: int, *, xmp: bytes = b"", effort: int = 4, room: int = 0
) -> bytes:
    """``image`` (RGB) as a WebP at most ``width`` pixels wide, without metadata but ``xmp``.

    It is at most twice as high as ``width``. Its quality is the best that fits into BITS, or the
    least: grain takes the most bytes, and hides best what is lost. ``effort`` (0–6) buys a smaller
    file with time. ``room`` is how many bytes are to be left for what is added later.
    """
    small = image.copy()
    small.info = {}
    small.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
    limit = small.width * small.height * BITS / 8 - room
    for quality in QUALITIES:
        file = io.BytesIO()
        small.save(file, "WEBP", quality=quality, method=effort, xmp=xmp, exif=b"")
        if file.tell() - len(xmp) <= limit:
            break
    return file.getvalue()


def placeholder(image: Image.Image) -> str:
    """A data URI of a tiny WebP, to be shown stretched and blurred until the picture has loaded."""
    tiny = image.convert("RGB")
    tiny.info = {}
    tiny.thumbnail((PLACEHOLDER_SIDE, PLACEHOLDER_SIDE), Image.Resampling.BOX)
    for quality in (40, 15, 1):
        packed = io.BytesIO()
        tiny.save(packed, format="WEBP", quality=quality, method=6)
        uri = f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"
        if len(uri) <= PLACEHOLDER_LIMIT:
            break
    return uri
