"""Pictures in pages: each screen fetches the preview that it can show, and no larger one."""

from __future__ import annotations

from html import escape

from django.conf import settings

from app.utils.links import Link, link
from protocol.previews import family


def _sizes(wide: str, narrow: int) -> str:
    """How wide a picture is shown: ``wide`` on a desktop, ``narrow`` hundredths of a small screen.

    Nobody tells apart more than two dots for each pixel of the page, and hardly more than one and
    a half, so sharp screens are told of a smaller place. With these shares, phones up to 430 pixels
    wide take the preview of 320 pixels for half of the screen, and that of 640 for all of it.
    """
    sharpest, sharp = round(0.48 * narrow), round(0.8 * narrow)
    return (
        f"(min-width: 50rem) {wide}, (min-resolution: 2.5dppx) {sharpest}vw,"
        f" (min-resolution: 1.5dppx) {sharp}vw, {narrow}vw"
    )


# By the place where a picture is shown; the widths are those of site.css.
SIZES = {
    "square": _sizes("18rem", 46),
    "tall": _sizes("18rem", 46),
    "large": _sizes("36rem", 92),
    "wide": _sizes("18rem", 46),
    "panorama": _sizes("18rem", 46),
    "photo": _sizes("18rem", 46),
    "upright": _sizes("18rem", 46),
    "screen": _sizes("18rem", 46),
    "phone": _sizes("18rem", 46),
    "stage square": _sizes("min(56vw, 50rem)", 92),
    "stage large": _sizes("min(56vw, 50rem)", 92),
    "stage tall": _sizes("24rem", 92),
    "stage wide": _sizes("56vw", 92),
    "stage panorama": _sizes("56vw", 92),
    "stage photo": _sizes("56vw", 92),
    "stage upright": _sizes("min(56vw, 40rem)", 92),
    "stage screen": _sizes("56vw", 92),
    "stage phone": _sizes("26rem", 92),
    "card": _sizes("22rem", 92),
    "work": _sizes("16rem", 46),
    "shelf": _sizes("8rem", 20),
    "receipt": "10rem",
}


def file_url(key: str, to: Link = link) -> str:
    """The link to a file. Our own files need only the path."""
    return to(key).removeprefix(settings.SITE_URL)


def largest(preview: str, width: int, to: Link = link) -> str:
    """The link to the widest preview of a picture that is ``width`` pixels wide."""
    beside = family(preview, width)
    return file_url(beside[-1][0] if beside else preview, to)


def sources(preview: str, place: str, width: int | None = None, to: Link = link) -> str:
    """The attributes of an ``<img>`` for its file: for a preview that exists in several widths,
    all of them.

    ``place`` is one of SIZES, ``width`` the picture's own in pixels, if known.
    """
    src = f'src="{escape(file_url(preview, to))}"'
    beside = family(preview, width) if width else family(preview)
    if not beside:
        return src
    srcset = ", ".join(f"{escape(file_url(key, to))} {wide}w" for key, wide in beside)
    return f'{src} srcset="{srcset}" sizes="{SIZES[place]}"'
