"""Whether one picture is a part of another: by laying it over the other at many sizes.

For crops, of which fingerprints differ. No corner or edge is looked for: what was cut out of a
picture has one place and size in it at which nearly all of its detail fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

Floats = NDArray[np.float32]

SIDE = 128  # pixels of the longer side of the whole, as the two are compared
# How large the part may be within the whole.
SIZES = tuple(0.98**step for step in range(36))
SHORTEST = 32  # pixels of a part, as it is compared
FINER = (0.985, 0.99, 0.995, 1.005, 1.01, 1.015)
# From here on one is a part of the other. Pictures of the same words in the same style, which have
# the same things in them, fit to 0.67.
FITS = 0.75


@dataclass(frozen=True)
class Fit:
    """``likeness`` is the correlation of the part's detail with what is below it, -1 … 1. ``box``
    says where it lies in the whole: left, top, right, bottom as shares of its width and height."""

    likeness: float
    box: tuple[float, float, float, float]
    is_mirrored: bool

    @property
    def is_part(self) -> bool:
        return self.likeness >= FITS


NOWHERE = Fit(-1.0, (0.0, 0.0, 1.0, 1.0), False)


def fit(part: Image.Image, whole: Image.Image) -> Fit:
    """The best place of ``part`` in ``whole``."""
    scale = SIDE / max(whole.size)
    ground = _Ground(_detail(whole, *(max(1, round(side * scale)) for side in whole.size)))
    # From here it is made smaller, which is quicker than from a photograph each time.
    part = part.convert("L")
    part.thumbnail((2 * SIDE, 2 * SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    views = [(False, part), (True, ImageOps.mirror(part))]
    found = [_laid(view, ground, size, turned) for turned, view in views for size in SIZES]
    size, best = max(found, key=lambda each: each[1].likeness)
    view = views[best.is_mirrored][1]
    finer = [_laid(view, ground, size * step, best.is_mirrored)[1] for step in FINER]
    return max([best, *finer], key=lambda each: each.likeness)


def _laid(part: Image.Image, ground: _Ground, size: float, is_mirrored: bool) -> tuple[float, Fit]:
    """``part`` at its best place, when it is ``size`` times as large as fits; and that size."""
    scale = size * min(ground.height / part.height, ground.width / part.width)
    rows = min(ground.height, round(part.height * scale))
    columns = min(ground.width, round(part.width * scale))
    if min(rows, columns) < SHORTEST:
        return size, NOWHERE
    likeness, top, left = ground.best_place_of(_detail(part, columns, rows))
    height, width = ground.height, ground.width
    box = (left / width, top / height, (left + columns) / width, (top + rows) / height)
    return size, Fit(likeness, box, is_mirrored)


def _detail(image: Image.Image, width: int, height: int) -> Floats:
    """Brightness without light and shade of large parts, at the given size."""
    small = image.convert("L").resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    soft = small.filter(ImageFilter.GaussianBlur(6))
    return np.asarray(small, np.float32) - np.asarray(soft, np.float32)


class _Ground:
    """The detail of the whole, prepared for laying many parts over it."""

    def __init__(self, values: Floats) -> None:
        self.height, self.width = values.shape
        self._waves = np.fft.rfft2(values)
        self._sums, self._squares = _summed(values), _summed(values**2)

    def best_place_of(self, part: Floats) -> tuple[float, int, int]:
        """The correlation of ``part`` with the piece that it fits best; top and left of that."""
        rows, columns = part.shape
        part = part - part.mean()
        down, across = self.height - rows + 1, self.width - columns + 1
        # A part that lies within the whole does not reach around its edges.
        waves = self._waves * np.fft.rfft2(part, (self.height, self.width)).conj()
        overlap = np.fft.irfft2(waves, (self.height, self.width))[:down, :across]
        mean_square = _pieces(self._sums, rows, columns) ** 2 / part.size
        spread = _pieces(self._squares, rows, columns) - mean_square
        # Of less than a level each, nothing is to be seen.
        least = float(part.size)
        scale = np.sqrt(np.maximum(spread, least) * max(float((part**2).sum()), least))
        likeness = overlap / scale
        top, left = divmod(int(np.argmax(likeness)), across)
        return float(likeness[top, left]), top, left


def _summed(values: Floats) -> NDArray[np.float64]:
    return np.pad(values.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _pieces(summed: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """The sum of each piece of ``rows`` × ``columns``."""
    bands = summed[rows:] - summed[:-rows]
    pieces: NDArray[np.float64] = bands[:, columns:] - bands[:, :-columns]
    return pieces
