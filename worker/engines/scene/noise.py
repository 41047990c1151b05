"""Random textures and outlines."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating[Any]]


def resize(values: Array, height: int, width: int) -> Array:
    """Stretch a (h, w) array smoothly to (height, width)."""
    stretched = Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(stretched, np.float32)


def fractal(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    cells: tuple[float, float] = (4, 4),
    octaves: int = 5,
    gain: float = 0.5,
) -> Array:
    """Cloudy noise of shape (height, width) in 0..1, mean about a half.

    Sums octaves of smoothed random grids; ``cells`` is the coarsest grid (rows, columns) and each
    octave doubles it and weighs ``gain`` of the one before.
    """
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    for octave in range(octaves):
        rows = max(2, min(height, round(cells[0] * 2**octave)))
        columns = max(2, min(width, round(cells[1] * 2**octave)))
        grid = rng.standard_normal((rows, columns), dtype=np.float32)
        total += weight * resize(grid, height, width)
        weight *= gain
    spread = float(total.std()) or 1.0
    scaled: Array = np.clip(0.5 + (total - float(total.mean())) / (5 * spread), 0, 1)
    return scaled.astype(np.float32)


def ridge(
    rng: np.random.Generator, width: int, *, waves: float = 2.0, roughness: float = 0.5
) -> Array:
    """A skyline: ``width`` heights scaled to 0..1; ``roughness`` 0 is smooth, 0.7 jagged."""
    x = np.linspace(0, 1, width, dtype=np.float32)
    heights = np.zeros(width, np.float32)
    weight = 1.0
    frequency = waves
    while frequency < width / 6 and weight > 0.01:
        count = max(2, int(frequency) + 2)
        knots = rng.uniform(-1, 1, count + 1)
        at = x * count
        whole = np.minimum(at.astype(int), count - 1)
        between = at - whole
        if roughness < 0.45:
            between = between * between * (3 - 2 * between)
        heights += weight * (knots[whole] * (1 - between) + knots[whole + 1] * between)
        weight *= roughness
        frequency *= 2
    heights -= heights.min()
    return (heights / (float(heights.max()) or 1.0)).astype(np.float32)


def shifted(values: Array, down: int, right: int) -> Array:
    """A (h, w) array moved by whole pixels, its edges drawn out into the gap."""
    rows, columns = values.shape
    at_rows = np.clip(np.arange(rows) - down, 0, rows - 1)
    at_columns = np.clip(np.arange(columns) - right, 0, columns - 1)
    return values[at_rows[:, None], at_columns[None]]


def smoothstep(low: float, high: float, values: Array) -> Array:
    t: Array = np.clip((values - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
