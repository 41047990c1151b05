"""What can be seen of a signature: where one is uploaded, and where it is drawn into a picture."""

from __future__ import annotations

from PIL import Image, ImageChops

MIN_INK = 32  # of 255; fainter than this is scanner dirt
MIN_PAPER_CONTRAST = 40  # between paper and ink, of 255; less is an empty sheet
# Of the box around the ink: less is a few specks, which vanish when it is drawn small.
MIN_SHARE = 0.003
# The longer side of that box, in shorter ones: more is a line of a pixel when it is drawn.
MAX_RATIO = 50


def signature_ink(signature: Image.Image) -> Image.Image | None:
    """The amount of ink at each pixel, as an "L" image cropped to the ink; None if there is too
    little to be seen.

    With a transparent background, the alpha channel is the ink. On opaque paper (a scan, a
    photograph), ink is what differs from the lightness of the paper, so white chalk on black works.
    """
    rgba = signature.convert("RGBA")
    ink = rgba.getchannel("A")
    visible = _visible(ink)
    box = visible.getbbox()
    if box is None:
        return None
    # A filled rectangle: paper; no handwriting fills its own box.
    if _amount(visible.crop(box)) > 0.9:
        on_paper = _ink_on_paper(rgba.convert("L"), visible)
        if on_paper is None:
            return None
        ink = ImageChops.multiply(on_paper, ink)
    found = trimmed(ink)
    if found is None or max(found.size) > MAX_RATIO * min(found.size) or _amount(found) < MIN_SHARE:
        return None
    return found


def trimmed(ink: Image.Image) -> Image.Image | None:
    """``ink`` (L) without what is empty around it; None if all of it is."""
    box = _visible(ink).getbbox()
    return None if box is None else ink.crop(box)


def _visible(ink: Image.Image) -> Image.Image:
    return ink.point([0] * MIN_INK + [255] * (256 - MIN_INK))


def _amount(ink: Image.Image) -> float:
    """The share of ``ink`` (L) in its area, 0 to 1."""
    inked = sum(level * count for level, count in enumerate(ink.histogram()))
    return inked / (255 * ink.width * ink.height)


def _ink_on_paper(lightness: Image.Image, visible: Image.Image) -> Image.Image | None:
    levels = lightness.histogram(visible)
    seen = [level for level, count in enumerate(levels) if count]
    paper = next(level for level in seen if 2 * sum(levels[: level + 1]) >= sum(levels))
    darker, lighter = paper - seen[0], seen[-1] - paper
    reach, sign = (darker, -1) if darker >= lighter else (lighter, 1)
    if reach < MIN_PAPER_CONTRAST:
        return None
    # The lower 30 % is uneven light and paper grain; the upper 20 % is ink at full strength.
    shares = [(sign * (level - paper) / reach - 0.3) / 0.5 for level in range(256)]
    strength = lightness.point([round(255 * min(1.0, max(0.0, share))) for share in shares])
    return ImageChops.multiply(strength, visible)
