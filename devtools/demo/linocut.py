"""Linocut: a black key block, its lines carved by hand, over two flat inks on cream paper.

The block is ink everywhere until it is cut. A layer is left solid, hatched (white lines whose width
is the light) or cleared; the gouge always leaves a white line around it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from devtools.demo.canvas import (
    Array,
    Colour,
    Rng,
    Size,
    blur,
    cloudy,
    cover,
    grid,
    noise,
    picture,
    rim_distance,
    shifted,
    step,
    window,
)
from devtools.demo.elements import Layer

PAPER = (243, 234, 214)
BLACK = (26, 23, 25)
INKS: tuple[tuple[Colour, Colour], ...] = (
    ((214, 62, 40), (232, 180, 78)),  # vermilion, ochre
    ((214, 62, 40), (112, 158, 160)),  # vermilion, verdigris
)


@dataclass(frozen=True)
class Cut:
    """How a role is carved. ``light`` is the share cut away; ``way`` the gouge's direction.

    ``way`` is an angle in radians, or "round" for lines around the shape's middle, or "rays".
    ``ink`` is the colour block that prints beneath: 0, 1 or None.
    """

    light: float
    way: float | str = 0.0
    ink: int | None = None
    pitch: float = 9.0  # pixels from line to line


SKIES = (Cut(0.52, "rays", None, 9), Cut(0.6, 0.06, None, 10), Cut(0.3, "round", None, 11))
NIGHT = Cut(0.2, "rays", None, 12)
CUTS: dict[str, Cut] = {
    "sun": Cut(1.0, ink=0),
    "moon": Cut(1.0, ink=1),
    "star": Cut(1.0),
    "glow": Cut(1.0, ink=1),
    "cloud": Cut(1.0),
    "far": Cut(0.7, 0.9, None, 9),
    "mid": Cut(0.46, -0.5, None, 9),
    "near": Cut(0.24, 0.25, None, 10),
    "water": Cut(0.34, 0.0, 1, 9),
    "glint": Cut(1.0),
    "snow": Cut(1.0),
    "trunk": Cut(0.2, 1.4, None, 7),
    "leaf": Cut(0.6, "round", 1, 9),
    "leafdark": Cut(0.14, -0.9, None, 8),
    "wall": Cut(0.86, 1.57, None, 12),
    "roof": Cut(0.62, -1.0, 0, 8),
    "window": Cut(1.0, ink=1),
    "dark": Cut(0.0),
    "path": Cut(0.9, 1.2, None, 14),
    "hull": Cut(0.36, 0.0, 0, 8),
    "sail": Cut(0.95, 1.2, None, 15),
    "accent": Cut(0.7, "round", 0, 9),
    "accentdark": Cut(0.4, "rays", 0, 8),
    "petal": Cut(0.78, "rays", 0, 9),
    "petaldark": Cut(0.45, "rays", 0, 7),
    "centre": Cut(0.35, "round", 1, 6),
    "vase": Cut(0.4, 0.0, 1, 8),
    "table": Cut(0.5, 0.08, 1, 10),
    "wing": Cut(0.42, 0.5, None, 7),
    "skin": Cut(0.9, 0.7, None, 13),
    "blush": Cut(0.8, 0.7, 0, 7),
    "hair": Cut(0.26, "round", None, 8),
    "cloth": Cut(0.5, -0.7, 0, 9),
    "fur": Cut(0.16, 1.2, None, 9),
    "fruit": Cut(0.75, "round", 1, 9),
}


def print_block(scene: list[Layer], size: Size, rng: Rng) -> Image.Image:
    shake = cloudy(rng, size, 60, 3) - 0.5
    bite = noise(rng, size, 7)
    inks = INKS[int(rng.integers(len(INKS)))]
    sky = SKIES[int(rng.integers(len(SKIES)))]
    light = next((part for part in scene if part.role in {"sun", "moon"}), None)
    if light is not None and light.role == "moon":
        sky = NIGHT

    black = np.ones((size[1], size[0]), dtype=np.float32)
    flats = [np.zeros_like(black), np.zeros_like(black)]
    for part in scene:
        cut = sky if part.role == "sky" else CUTS[part.role]
        at = window(part.outlines, size, 8)
        mask = cover(part.outlines, size, at)
        centre = _middle(light or part if part.role == "sky" else part, size)
        carved = _carved(cut, centre, grid(at), shake[at], bite[at])
        # A thin white line all round, cut first: it is what keeps black shapes apart.
        here = black[at] * (1 - step(0.05, 0.2, blur(mask, 2.2)))
        core = step(0.55, 0.8, blur(mask, 1.0))
        black[at] = here * (1 - core) + carved * core
        for index, flat in enumerate(flats):
            flat[at] = flat[at] * (1 - mask) + mask * float(cut.ink == index)
    return _pressed(black, flats, inks, size, rng)


def _middle(part: Layer, size: Size) -> tuple[float, float]:
    corners = np.concatenate(part.outlines) * size[1]
    x, y = (corners.min(axis=0) + corners.max(axis=0)) / 2
    return float(x), float(y)


def _carved(
    cut: Cut,
    centre: tuple[float, float],
    pixels: tuple[Array, Array],
    shake: Array,
    bite: Array,
) -> Array:
    """Black left standing after carving ``cut`` all over."""
    if cut.light in (0.0, 1.0):
        return np.full_like(shake, 1 - cut.light)
    y, x = pixels[0] - centre[1], pixels[1] - centre[0]
    width = cut.light + 0.34 * (bite - 0.5) - 0.0002 * y
    if cut.way == "round":
        phase = np.hypot(x, y) / cut.pitch
    elif cut.way == "rays":
        # The number of rays doubles with the distance, so that their pitch stays about the same.
        octave = np.log2(np.maximum(np.hypot(x, y), 20) / 20)
        rays = np.maximum(8, 100 // cut.pitch * 2 ** np.floor(octave))
        phase = np.arctan2(y, x) / (2 * np.pi) * rays
        shake = 0.5 * shake
        # Every gouge starts and ends in a point.
        width = width * (1.15 - 1.1 * np.abs(octave % 1 - 0.5))
    else:
        angle = float(cut.way)
        phase = (y * np.cos(angle) - x * np.sin(angle)) / cut.pitch
    line = np.abs(np.mod(phase + 1.5 * shake, 1) - 0.5) * 2  # 0 in the groove, 1 on the ridge
    soft = 2.4 / cut.pitch
    return step(width - soft / 2, width + soft / 2, line)


def _pressed(
    black: Array, flats: list[Array], inks: tuple[Colour, Colour], size: Size, rng: Rng
) -> Image.Image:
    """Print the blocks, each a little out of register and starved of ink in places."""
    fibre = noise(rng, size, 2.2)
    starved = cloudy(rng, size, 120, 3)
    paper = np.array(PAPER, dtype=np.float32) * (0.975 + 0.035 * fibre)[:, :, None]
    frame = _frame(rng, size)
    # Ridges that the gouge missed in cleared ground catch ink: "chatter".
    scraps = step(0.80, 0.84, noise(rng, size, 9)) * step(0.62, 0.7, noise(rng, size, 4))
    black = np.maximum(black, scraps * (1 - blur(flats[0], 2)) * 0.9)
    speckle = step(0.07, 0.16, noise(rng, size, 1.7) + 0.2 * starved)
    print_ = paper
    for flat, ink in zip(flats, inks, strict=True):
        dx, dy = (int(v) for v in rng.integers(-3, 4, 2))
        laid = shifted(step(0.3, 0.7, flat), dx, dy) * frame * (0.72 + 0.28 * speckle)
        print_ = print_ * (1 - laid[:, :, None]) + laid[:, :, None] * (
            np.array(ink, dtype=np.float32) * (0.94 + 0.1 * fibre)[:, :, None]
        )
    laid = (step(0.25, 0.75, black) * frame * speckle)[:, :, None]
    return picture(print_ * (1 - laid) + np.array(BLACK, dtype=np.float32) * laid)


def _frame(rng: Rng, size: Size) -> Array:
    """The block's own edge, 3 % inside the paper and not quite straight."""
    return step(0, 2, rim_distance(size) - 0.03 * size[1] - 3 * (noise(rng, size, 24) - 0.5))
