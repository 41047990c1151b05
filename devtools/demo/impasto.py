"""Thick oil: thousands of loaded strokes along a flow field, in colours that argue.

The scene is first laid in as flat colour. Strokes then take their colour from it, pushed towards
saturation and now and then towards the complement, and leave ridges that catch the light.
"""

from functools import cache

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
    step,
    window,
)
from devtools.demo.elements import Layer

# Each role from its shaded to its lit end.
PALETTE: dict[str, tuple[Colour, Colour]] = {
    "sun": ((255, 160, 20), (255, 236, 90)),
    "moon": ((250, 196, 50), (255, 246, 160)),
    "star": ((255, 220, 90), (255, 244, 170)),
    "glow": ((250, 200, 60), (255, 236, 120)),
    "cloud": ((196, 150, 214), (255, 236, 214)),
    "far": ((70, 40, 150), (220, 120, 190)),
    "mid": ((24, 128, 92), (150, 196, 50)),
    "near": ((206, 112, 16), (250, 206, 50)),
    "water": ((12, 66, 150), (36, 176, 186)),
    "glint": ((250, 190, 70), (255, 240, 170)),
    "snow": ((190, 200, 246), (255, 248, 240)),
    "trunk": ((84, 26, 70), (176, 80, 40)),
    "leaf": ((30, 132, 60), (196, 220, 50)),
    "leafdark": ((10, 72, 82), (40, 150, 76)),
    "wall": ((240, 170, 90), (255, 226, 150)),
    "roof": ((180, 26, 40), (250, 100, 30)),
    "window": ((20, 110, 170), (255, 214, 70)),
    "dark": ((44, 16, 84), (80, 30, 110)),
    "path": ((230, 140, 130), (255, 206, 150)),
    "hull": ((160, 20, 60), (230, 70, 40)),
    "sail": ((255, 214, 150), (255, 246, 220)),
    "accent": ((220, 30, 60), (255, 120, 40)),
    "accentdark": ((150, 16, 90), (220, 40, 70)),
    "petal": ((255, 150, 10), (255, 226, 50)),
    "petaldark": ((220, 80, 10), (255, 170, 20)),
    "centre": ((80, 26, 30), (190, 80, 20)),
    "vase": ((10, 60, 150), (50, 180, 200)),
    "table": ((150, 50, 110), (240, 120, 90)),
    "wing": ((60, 30, 130), (60, 110, 200)),
    "skin": ((226, 110, 80), (255, 206, 140)),
    "blush": ((240, 90, 80), (250, 120, 90)),
    "hair": ((60, 20, 90), (170, 50, 60)),
    "cloth": ((10, 110, 110), (60, 190, 120)),
    "fur": ((60, 24, 90), (200, 90, 40)),
    "fruit": ((190, 170, 10), (250, 226, 60)),
}
# Out of doors any but the last, a wall against which fruit and flowers stand out.
SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((24, 74, 190), (92, 200, 232)),
    ((20, 120, 150), (240, 226, 130)),
    ((84, 60, 180), (250, 150, 130)),
    ((60, 160, 130), (190, 234, 176)),
)
TURNS = 32  # directions in which a brush mark is kept ready
# length and width of the mark in pixels, spacing of marks, how much they follow the edges
PASSES = ((46, 15, 15.0, 0.0), (30, 10, 10.0, 0.45), (15, 6, 6.0, 1.0))


def paint(scene: list[Layer], size: Size, rng: Rng) -> Image.Image:
    plan, busy = _laid_in(scene, size, rng)
    angle = _flow(scene, size, rng, plan)
    canvas = Image.fromarray(np.clip(plan * 0.55 + 40, 0, 255).astype(np.uint8))
    relief = Image.new("L", size, 0)
    for length, width, spacing, detail in PASSES:
        marks = _marks(length, width)
        _stroke_over(canvas, relief, plan, busy, angle, marks, spacing, detail, rng)
    return _lit(canvas, relief)


def _laid_in(scene: list[Layer], size: Size, rng: Rng) -> tuple[Array, Array]:
    """The flat picture (height, width, 3) in 0..255, and 1 near its outlines."""
    height, width = size[1], size[0]
    indoors = any(part.role == "table" for part in scene)
    sky = SKIES[-1] if indoors else SKIES[int(rng.integers(len(SKIES) - 1))]
    sweep = cloudy(rng, size, height / 4, 3) - 0.5
    plan = np.zeros((height, width, 3), dtype=np.float32)
    edges = np.zeros((height, width), dtype=np.float32)
    for part in scene:
        at = window(part.outlines, size, 8)
        mask = cover(part.outlines, size, at)
        low, high = (
            np.array(colour, dtype=np.float32)
            for colour in (sky if part.role == "sky" else PALETTE[part.role])
        )
        y, x = grid(at)
        across = (x - at[1].start) / (at[1].stop - at[1].start)
        down = (y - at[0].start) / (at[0].stop - at[0].start)
        if part.role == "sky":  # brightest at the horizon
            lit = 1.5 * down - 0.1 + 0.7 * sweep[at]
        else:  # lit from the upper left
            lit = 1.05 - 0.55 * down - 0.4 * across + 0.7 * sweep[at]
        colour = low + (high - low) * np.clip(lit, 0, 1)[:, :, None]
        plan[at] += mask[:, :, None] * (colour - plan[at])
        soft = blur(mask, 2.5)
        edges[at] = np.maximum(edges[at] * (1 - 0.6 * mask), 4 * soft * (1 - soft))
    return plan, edges


def _flow(scene: list[Layer], size: Size, rng: Rng, plan: Array) -> Array:
    """The direction of the brush in radians: around the light, and along outlines."""
    height, width = size[1], size[0]
    y, x = grid((slice(0, height), slice(0, width)))
    angle = 2.4 * (cloudy(rng, size, height / 2.2, 2) - 0.5)
    swirls = [p for p in scene if p.role in {"sun", "moon", "centre"}][:4]
    for part in swirls:
        middle = np.concatenate(part.outlines).mean(axis=0) * height
        dx, dy = x - middle[0], y - middle[1]
        near = np.exp(-np.hypot(dx, dy) / (0.26 * height))
        angle = angle * (1 - near) + near * (np.arctan2(dy, dx) + np.pi / 2)
    grey = blur(plan.mean(axis=2) / 255, 4) * 255
    gy, gx = np.gradient(grey)
    strength = step(1.0, 5.0, np.hypot(gx, gy).astype(np.float32))
    along = np.arctan2(gy, gx) + np.pi / 2
    # Mix as doubled angles: a stroke has no head and no tail.
    twice = (1 - strength) * np.exp(2j * angle) + strength * np.exp(2j * along)
    return (np.angle(twice) / 2).astype(np.float32)


@cache
def _marks(length: int, width: int) -> list[tuple[Image.Image, Image.Image]]:
    """(opacity, height) stamps of one loaded brush, turned in all directions."""
    rng = np.random.default_rng(length)
    marks = []
    for turn in range(TURNS):
        y, x = np.mgrid[:width, :length].astype(np.float32)
        u, v = 2 * (x + 0.5) / length - 1, 2 * (y + 0.5) / width - 1
        bristles = noise(rng, (length, width), 2.0) * 0.5 + noise(rng, (1, width), 1.6) * 0.5
        shape = 1 - (np.abs(u) ** 3 + np.abs(v) ** 2.6)
        opacity = step(0.0, 0.35, shape + 0.5 * (bristles - 0.5))
        load = (0.35 + 0.65 * bristles) * (0.75 + 0.35 * u) + 0.5 * step(0.55, 0.95, np.abs(v))
        stamps = [Image.fromarray(np.clip(a * 255, 0, 255).astype(np.uint8))
                  for a in (opacity, opacity * load)]  # fmt: skip
        degrees = -180 * turn / TURNS
        turned = [s.rotate(degrees, Image.Resampling.BILINEAR, expand=True) for s in stamps]
        marks.append((turned[0], turned[1]))
    return marks


def _stroke_over(
    canvas: Image.Image,
    relief: Image.Image,
    plan: Array,
    busy: Array,
    angle: Array,
    marks: list[tuple[Image.Image, Image.Image]],
    spacing: float,
    detail: float,
    rng: Rng,
) -> None:
    width, height = canvas.size
    xs, ys = np.meshgrid(np.arange(0, width, spacing), np.arange(0, height, spacing))
    spots = (
        np.stack([xs.ravel(), ys.ravel()], 1) + rng.uniform(-spacing, spacing, (xs.size, 2)) / 1.6
    )
    spots = np.clip(spots, 0, (width - 1, height - 1)).astype(int)
    # Small brushes work where there is something to say, and here and there elsewhere.
    kept = rng.random(len(spots)) < 1 - detail * (
        1 - (0.22 + 0.78 * busy[spots[:, 1], spots[:, 0]])
    )
    spots = rng.permutation(spots[kept])
    colours = _argued(plan[spots[:, 1], spots[:, 0]], rng)
    turns = np.rint(
        angle[spots[:, 1], spots[:, 0]] / np.pi * TURNS + rng.normal(0, 0.8, len(spots))
    )
    for (x, y), colour, turn in zip(
        spots.tolist(), colours, turns.astype(int) % TURNS, strict=True
    ):
        opacity, load = marks[turn]
        corner = (x - opacity.width // 2, y - opacity.height // 2)
        canvas.paste(colour, corner, opacity)
        relief.paste(load, corner, opacity)


def _argued(colours: Array, rng: Rng) -> list[Colour]:
    """Each colour shaken in hue and value; a few swing to their complement or a neighbour."""
    count = len(colours)
    rgb = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8)[None])
    hsv = np.asarray(rgb.convert("HSV"), dtype=np.float32)[0]
    swing = rng.random(count)
    turn = rng.normal(0, 0.026, count) + 0.45 * (swing < 0.022) - 0.09 * (swing > 0.93)
    hsv[:, 0] = (hsv[:, 0] + 255 * turn) % 255
    hsv[:, 1] = np.clip(hsv[:, 1] * 1.1 + 6, 0, 255)
    hsv[:, 2] = np.clip(hsv[:, 2] * rng.normal(1.0, 0.1, count), 0, 255)
    shaken = Image.fromarray(hsv.astype(np.uint8)[None], mode="HSV").convert("RGB")
    return [(r, g, b) for r, g, b in np.asarray(shaken)[0].tolist()]


def _lit(canvas: Image.Image, relief: Image.Image) -> Image.Image:
    """Light from the upper left over the ridges of the paint."""
    ridges = np.asarray(relief, dtype=np.float32)
    rise: Array = np.gradient(ridges, axis=0) + np.gradient(ridges, axis=1)
    slope = np.clip(-rise / 90, -1, 1)
    colour = np.asarray(canvas, dtype=np.float32)
    shade = 1 + 0.42 * slope[:, :, None]
    gleam = 70 * np.clip(slope - 0.35, 0, 1)[:, :, None]
    return picture(colour * shade + gleam)
