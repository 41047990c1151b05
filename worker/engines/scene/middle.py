"""The middle plane: woods, villages, buildings, boats."""

import numpy as np
from PIL import Image

from worker.engines.scene import buildings, land, townscape, woods
from worker.engines.scene.brief import Brief
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.light import dim
from worker.engines.scene.stage import Stage, glow


def middle_plane(stage: Stage, side: float, *, wet: bool) -> None:
    brief = stage.brief
    rng = brief.stream("middle")
    if not wet:
        wooded = not brief.lacks("tree", "forest")
        if brief.has("forest", "pine") or (
            wooded and land.season_of(stage) != "winter" and _green(brief) and rng.random() < 0.5
        ):
            big = 0.2 if brief.has("forest") else 0.09
            kind = "pine" if brief.has("pine", "winter") else "tree"
            woods.treeline(
                stage, stage.row(0.02), big * stage.unit, haze=0.35, kind=kind, salt="far"
            )
        if brief.has("forest"):
            kind = "pine" if brief.has("pine", "winter") else "tree"
            woods.treeline(
                stage, stage.row(0.1), 0.3 * stage.unit, haze=0.12, kind=kind, salt="middle"
            )
        if brief.has("village"):
            townscape.village(
                stage, stage.width * (0.5 - side * 0.1), stage.row(0.2), 0.2 * stage.unit, haze=0.1
            )
    if brief.has("bridge") and not wet:
        townscape.bridge(stage, stage.row(0.3), 0.3 * stage.unit)


def _green(brief: Brief) -> bool:
    return not brief.has("desert", "beach", "city", "cactus", "volcano", "palm", "field")


def headland(stage: Stage, side: float) -> None:
    """A rock in the sea with the lighthouse on it, and its beam by night."""
    rng = stage.brief.stream("headland")
    wide, high = 0.62 * stage.unit, 0.13 * stage.unit
    sprite = Sprite(wide, high, 1)
    x = np.linspace(0, 1, 30)
    top = high * (1 - 0.9 * np.sin(np.pi * x) ** 0.6 + rng.uniform(0, 0.14, 30))
    sprite.polygon(
        [
            *((float(a * wide), float(b)) for a, b in zip(x, top, strict=True)),
            (wide, high),
            (0, high),
        ],
        (112, 106, 98),
    )
    for _ in range(40):
        a, b = rng.uniform(0.08, 0.92) * wide, rng.uniform(0.35, 0.95) * high
        r = rng.uniform(0.02, 0.06) * wide
        facet = [(a - r, b), (a - r * 0.2, b - r * 0.5), (a + r, b - r * 0.1), (a, b + r * 0.4)]
        sprite.glaze(facet, dim((112, 106, 98), float(rng.uniform(0.6, 1.3))), 0.8)
    center, base = stage.width * (0.5 + side * 0.2), stage.row(0.2)
    stage.place(sprite, center, base)
    size = 0.56 * stage.unit
    foot = base - high * 0.72
    lamp = (center, foot - size * 0.81)
    if stage.light.dark or stage.light.name == "storm":
        _beam(stage, lamp, -side)
    stage.place(buildings.lighthouse(stage, size), center, foot, haze=0.03)
    if stage.light.dark or stage.light.shine < 0.5 or stage.light.name == "sunset":
        glow(stage, *lamp, 0.16 * stage.unit, (255, 232, 160), 0.9)


def _beam(stage: Stage, lamp: tuple[float, float], way: float) -> None:
    """A cone of light from ``lamp`` to one side (-1 left, 1 right), thinning out."""
    x = np.arange(stage.width, dtype=np.float32)[None]
    y = np.arange(stage.horizon, dtype=np.float32)[:, None]
    along = (x - lamp[0]) * way / stage.unit
    away = np.abs(y - lamp[1] + along * 0.08 * stage.unit) / stage.unit
    inside = np.clip(1 - away / (0.015 + 0.12 * np.clip(along, 0, None)), 0, 1)
    power = 0.7 * inside * (along > 0) * np.exp(-np.clip(along, 0, None) * 2.2)
    sky = stage.pixels(0, stage.horizon)
    warm = np.asarray((255, 240, 190), np.float32)
    stage.put_pixels(255 - (255 - sky) * (1 - power[..., None] * warm / 255), 0)


def afloat(stage: Stage, sprite: Sprite, x: float, base: float, *, flip: bool) -> None:
    """Put something on the water with its broken mirror image below."""
    mirror = Sprite(sprite.width, sprite.height * 0.55, sprite.unit)
    turned = sprite.solid.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(mirror.solid.size)
    pixels = np.array(turned)
    rows = np.arange(pixels.shape[0])
    for row, shift in zip(
        rows, np.sin(rows / (0.016 * sprite.unit * 2 + 1)) * (2 + rows * 0.035), strict=True
    ):
        pixels[row] = np.roll(pixels[row], int(shift), 0)
    fade = np.linspace(0.6, 0.1, len(rows))[:, None]
    pixels[..., 3] = pixels[..., 3] * fade
    mirror.solid = Image.fromarray(pixels)
    stage.place(mirror, x, base + mirror.height * sprite.unit - 2, volume=0, haze=0.15, flip=flip)
    stage.place(sprite, x, base, flip=flip)
