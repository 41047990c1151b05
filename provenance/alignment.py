"""Whether one picture is a part of another: by laying it over the other at many sizes.

For crops, of which fingerprints differ. No corner or edge is looked for: what was cut out of a
picture has one place and size in it at which nearly all of its detail fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

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


class Part:
    """What is looked for in other pictures, prepared once for all of them."""

    def __init__(self, image: Image.Image) -> None:
        # From here it is made smaller, which is quicker than from a photograph each time.
        self._image = image.convert("L")
        self._image.thumbnail((2 * SIDE, 2 * SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        self._details: dict[tuple[int, int], Floats] = {}

    def within(self, whole: Image.Image) -> Fit:
        """Its best place in ``whole``."""
        scale = SIDE / max(whole.size)
        ground = _Ground(_detail(whole, *(max(1, round(side * scale)) for side in whole.size)))
        found = [self._laid(ground, size, turned) for turned in (False, True) for size in SIZES]
        size, best = max(found, key=lambda each: each[1].likeness)
        finer = [self._laid(ground, size * step, best.is_mirrored)[1] for step in FINER]
        return max([best, *finer], key=lambda each: each.likeness)

    def within_any_turn(self, whole: Image.Image) -> Fit:
        """Its best place in ``whole``, or that of one of its quarter turns if it fits better."""
        fit = self.within(whole)
        if fit.is_part:
            return fit
        turned = [Part(self._image.rotate(angle, expand=True)) for angle in (90, 180, 270)]
        return max([fit, *(each.within(whole) for each in turned)], key=lambda fit: fit.likeness)

    def _laid(self, ground: _Ground, size: float, is_mirrored: bool) -> tuple[float, Fit]:
        """Its best place when it is ``size`` times as large as fits; and that size."""
        width, height = self._image.size
        scale = size * min(ground.height / height, ground.width / width)
        rows = min(ground.height, round(height * scale))
        columns = min(ground.width, round(width * scale))
        if min(rows, columns) < SHORTEST:
            return size, NOWHERE
        detail = self._detail(columns, rows)
        likeness, top, left = ground.best_place_of(detail[:, ::-1] if is_mirrored else detail)
        height, width = ground.height, ground.width
        box = (left / width, top / height, (left + columns) / width, (top + rows) / height)
        return size, Fit(likeness, box, is_mirrored)

    def _detail(self, columns: int, rows: int) -> Floats:
        """Pictures made here have few sizes, so nearly all are compared at the same ones."""
        if (columns, rows) not in self._details:
            self._details[columns, rows] = _detail(self._image, columns, rows)
        return self._details[columns, rows]


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
