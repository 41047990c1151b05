"""What every hand paints with: noise, masks and curves on arrays of shape (height, width).

Values run from 0 to 1. Points are (x, y) with y downwards, in units of the picture's height.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFilter

Array = NDArray[np.floating[Any]]
Points = NDArray[np.floating[Any]]
Rng = np.random.Generator
Size = tuple[int, int]  # (width, height) in pixels
Colour = tuple[int, int, int]
Window = tuple[slice, slice]  # rows, columns


def noise(rng: Rng, size: Size, scale: float) -> Array:
    """Smooth value noise whose features are about ``scale`` pixels wide."""
    cells = (max(2, round(size[0] / scale) + 2), max(2, round(size[1] / scale) + 2))
    grid = rng.random((cells[1], cells[0]), dtype=np.float32)
    smooth = Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(smooth, dtype=np.float32), 0, 1)


def cloudy(rng: Rng, size: Size, scale: float, octaves: int = 4) -> Array:
    """Noise at ``scale`` and its halves, each half as strong, stretched to the whole range."""
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    for octave in range(octaves):
        total += noise(rng, size, max(1.5, scale / 2**octave)) / 2**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(1e-6, high - low)


def blur(array: Array, radius: float) -> Array:
    """Gaussian blur of values within 0..1, in 8 bits: fine for masks, too coarse for slopes."""
    image = Image.fromarray(np.clip(array * 255, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255


def step(low: float | Array, high: float | Array, values: Array) -> Array:
    """0 below ``low``, 1 above ``high``, a smooth climb between."""
    t: Array = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def window(polygons: Sequence[Points], size: Size, pad: int) -> Window:
    """The part of the picture that the polygons and ``pad`` pixels around them reach."""
    corners = np.concatenate(polygons) * size[1]
    spans = []
    for axis, limit in ((1, size[1]), (0, size[0])):
        start = int(np.clip(corners[:, axis].min() - pad, 0, limit - 1))
        stop = int(np.clip(corners[:, axis].max() + pad + 1, start + 1, limit))
        spans.append(slice(start, stop))
    return spans[0], spans[1]


def cover(polygons: Sequence[Points], size: Size, at: Window) -> Array:
    """How much of each pixel of ``at`` the polygons cover together."""
    rows, columns = at
    corner = np.array([columns.start, rows.start], dtype=np.float32)
    mask = Image.new("L", ((columns.stop - columns.start) * 2, (rows.stop - rows.start) * 2), 0)
    draw = ImageDraw.Draw(mask)
    for outline in polygons:
        on_sheet = (outline * size[1] - corner) * 2
        draw.polygon([(float(x), float(y)) for x, y in on_sheet], fill=255)
    return np.asarray(mask.reduce(2), dtype=np.float32) / 255


def grid(at: Window) -> tuple[Array, Array]:
    """(y, x) of the pixels of ``at``, as a column and a row that broadcast."""
    y, x = np.ogrid[at]
    return y.astype(np.float32), x.astype(np.float32)


def rim_distance(size: Size) -> Array:
    """Pixels to the nearest edge of the sheet."""
    y, x = grid((slice(0, size[1]), slice(0, size[0])))
    return np.minimum(np.minimum(x, size[0] - x), np.minimum(y, size[1] - y))


def shifted(array: Array, dx: int, dy: int) -> Array:
    """``array`` moved by whole pixels; what leaves on one side does not come back."""
    padded = np.pad(array, ((abs(dy), abs(dy)), (abs(dx), abs(dx))), mode="edge")
    height, width = array.shape
    top, left = abs(dy) - dy, abs(dx) - dx
    return padded[top : top + height, left : left + width]


def points(*pairs: ArrayLike) -> Points:
    return np.asarray(pairs, dtype=np.float32)


def smooth(corners: Points, *, closed: bool = True, per: int = 6) -> Points:
    """A Catmull-Rom curve through ``corners``, ``per`` points for each."""
    if closed:
        before, after, last = corners[-1:], corners[:2], len(corners)
    else:
        before, after, last = corners[:1], corners[-1:], len(corners) - 1
    knots = np.concatenate([before, corners, after])
    t = (np.arange(per, dtype=np.float32) / per)[None, :, None]
    a, b, c, d = (knots[i : i + last, None, :] for i in range(4))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    drawn = curve.reshape(-1, 2)
    return drawn if closed else np.concatenate([drawn, corners[-1:]])


def ribbon(line: Points, widths: ArrayLike) -> Points:
    """The outline of a stroke along ``line``; ``widths`` is spread evenly from start to end."""
    given = np.atleast_1d(np.asarray(widths, dtype=np.float32))
    along = np.linspace(0, 1, len(line))
    half = np.interp(along, np.linspace(0, 1, len(given)), given)[:, None] / 2
    way = np.gradient(line, axis=0)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
    outline = np.concatenate([line + normal * half, (line - normal * half)[::-1]])
    return outline.astype(np.float32)


def picture(rgb: Array) -> Image.Image:
    """An RGB image from an array (height, width, 3) within 0..255."""
    return Image.fromarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8))
