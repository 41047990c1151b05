"""Small copies to show."""

from __future__ import annotations

import io

from PIL import Image

QUALITY = 82  # of WebP: no difference is seen at the size of a preview


def preview(image: Image.Image, side: int, *, xmp: bytes = b"", effort: int = 4) -> bytes:
    """``image`` (RGB) as a WebP of at most ``side`` pixels a side, without metadata but ``xmp``.

    ``effort`` (0–6) buys a smaller file with time.
    """
    small = image.copy()
    small.info = {}
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=QUALITY, method=effort, xmp=xmp, exif=b"")
    return file.getvalue()
