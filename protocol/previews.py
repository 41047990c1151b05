"""The names of previews: which files belong together, and their widths.

A picture is shown from previews of several widths, so that each screen fetches no more than it can
show. One of them is reported and stored. If its name ends in ``-w640.webp``, the others are in the
same folder. A preview with any other name is the only one.
"""

WIDTHS = (320, 640, 1024)  # pixels: half a phone's screen, all of it, and larger screens
REPORTED = 640
_END = f"-w{REPORTED}.webp"
# Of every file that people see. A key never gets other contents, and a link stays the same for half
# an hour. Nobody but the browser may keep the file: its link is the key to it.
CACHE_CONTROL = "private, max-age=1800, immutable"


def widths_of(width: int) -> tuple[int, ...]:
    """The previews of a picture that is ``width`` pixels wide: up to the first that has all of
    it. No preview is made wider than its picture."""
    return tuple(each for each, below in zip(WIDTHS, (0, *WIDTHS), strict=False) if below < width)


def preview_name(stem: str, width: int) -> str:
    """What the preview of ``width``, one of WIDTHS, is called; ``stem`` is its path so far."""
    return f"{stem}-w{width}.webp"


def reported_name(stem: str, width: int) -> str:
    """The preview to report, of a picture that is ``width`` pixels wide."""
    return preview_name(stem, min(REPORTED, widths_of(width)[-1]))


def family(preview: str, width: int = REPORTED) -> list[tuple[str, int]]:
    """``preview`` and its other widths, each with its width in pixels; empty if it is alone.

    ``width`` is the picture's own; who does not know it leaves it out, and gets no larger preview.
    """
    if not preview.endswith(_END):
        return []
    stem = preview.removesuffix(_END)
    return [(preview_name(stem, each), min(each, width)) for each in widths_of(width)]


def smallest(preview: str) -> str:
    """The smallest preview of the same picture."""
    if not preview.endswith(_END):
        return preview
    return preview_name(preview.removesuffix(_END), WIDTHS[0])
