"""The near plane: shore, grass, rocks, trees and flowers that frame the view."""

from collections.abc import Callable

import numpy as np

from worker.engines.scene import flowers, land, plants, still_life, water
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.light import dim
from worker.engines.scene.roles import STANDING, at_sea
from worker.engines.scene.stage import Stage


def near_plane(stage: Stage, side: float, *, wet: bool) -> None:
    brief = stage.brief
    rng = brief.stream("near")
    sand = brief.has("beach", "island", "palm")
    _, near = land.ground_colors(stage)
    standing = brief.has_kind(*STANDING) or brief.has("flowers", "garden", "grass", "meadow")
    if wet and (sand or standing or not at_sea(brief)) and not brief.has_kind("table"):
        depth = 0.6 if sand else 0.72 if standing else 0.84
        water.paint_shore(stage, depth=depth, sand=sand)
    shore = not wet or sand or standing or not at_sea(brief)
    dry = sand or brief.has("desert", "city", "cactus", "volcano")
    if shore and not dry and land.season_of(stage) != "winter":
        count = (
            0 if brief.lacks("grass") else 700 if brief.has("grass", "meadow", "garden") else 320
        )
        top = stage.row(0.9 if wet else 0.12)
        flowers.scatter_grass(
            stage, top, color=dim(near, 0.86), count=count if not wet else count // 4
        )
    if brief.has("rocks"):
        _rocks(stage)
    _near_trees(stage, side, wet=wet)
    floral = brief.first("flowers", "sunflowers", "roses", "garden") or (
        "flowers" if brief.has("meadow", "spring") else None
    )
    if floral and shore and not brief.has("vase") and not brief.lacks("flowers"):
        kind = floral if floral in ("sunflowers", "roses") else "flowers"
        few = floral == "flowers" and not brief.has("flowers")
        top = stage.row(0.86 if wet else 0.14)
        # Flowers that nobody asked for must not hide what somebody did.
        count = 240 if not few else 45 if brief.subjects else 90
        flowers.scatter_flowers(stage, top, count=count, kind=kind)
        if brief.has("roses", "sunflowers", "flowers") and not brief.subjects:
            _tall_flowers(stage, rng, kind)


def _tall_flowers(stage: Stage, rng: np.random.Generator, kind: str) -> None:
    """A few big blooms right in front."""
    sprite = Sprite(stage.width, 0.5 * stage.unit, 1)
    palette = [flowers.PETALS[i] for i in rng.permutation(len(flowers.PETALS))[:2]]
    palette = [(198, 44, 58), (232, 128, 146)] if kind == "roses" else palette
    palette = [stage.brief.colors[kind]] if kind in stage.brief.colors else palette
    foot = 0.5 * stage.unit
    for k in range(7):
        x = stage.width * (0.06 + 0.147 * k + rng.uniform(-0.04, 0.04))
        tall = rng.uniform(0.16, 0.38) * stage.unit
        lean = rng.normal(0, 0.03) * stage.unit
        green = (62, 110, 50)
        sprite.taper(
            [(x, foot), (x + lean * 0.4, foot - tall * 0.5), (x + lean, foot - tall)],
            [0.014 * stage.unit, 0.009 * stage.unit],
            green,
        )
        for turn in (-1, 1):
            y = foot - tall * rng.uniform(0.25, 0.55)
            leaf = [
                (x, y),
                (x + turn * 0.04 * stage.unit, y - 0.03 * stage.unit),
                (x + turn * 0.075 * stage.unit, y - 0.02 * stage.unit),
            ]
            sprite.taper(
                leaf, [0.008 * stage.unit, 0.03 * stage.unit, 0.003 * stage.unit], dim(green, 1.15)
            )
        size = rng.uniform(0.045, 0.065) * stage.unit
        flowers.bloom(
            sprite, rng, x + lean, foot - tall, size, palette[k % len(palette)], kind=kind
        )
    stage.place(sprite, stage.width / 2, stage.height, volume=0.1)


def _rocks(stage: Stage) -> None:
    rng = stage.brief.stream("rocks")
    for _ in range(9):
        depth = rng.uniform(0.15, 0.95)
        size = (0.05 + 0.13 * depth) * stage.unit
        sprite = Sprite(1.6, 1, size)
        angles = np.sort(rng.uniform(0, np.pi, 7))
        outline = [
            (0.8 + 0.74 * float(np.cos(a)), 0.98 - 0.9 * float(np.sin(a)) * rng.uniform(0.7, 1))
            for a in angles
        ]
        tone = dim((128, 122, 116), float(rng.uniform(0.75, 1.15)))
        sprite.polygon([(1.56, 1.0), *outline, (0.04, 1.0)], tone)
        sprite.glaze([(0.8, 0.1), *outline[:3], (1.56, 1.0), (0.9, 1.0)], dim(tone, 0.55), 0.7)
        stage.place(sprite, rng.uniform(0, 1) * stage.width, stage.row(depth))


def _near_trees(stage: Stage, side: float, *, wet: bool) -> None:
    """Trees that frame a wood or a beach; those that the prompt asks for are subjects."""
    brief = stage.brief
    rng = brief.stream("near trees")
    if brief.has_kind("tree") or brief.lacks("tree", "forest", "palm"):
        return
    painter: Callable[..., Sprite] = plants.tree
    if brief.has("forest"):
        painter = plants.pine if brief.has("winter", "snow") else plants.tree
    elif brief.has("beach", "island") and rng.random() < 0.7:
        painter = plants.palm
    else:
        return
    spots = (
        (0.5 + side * 0.26, 0.3, 0.26),
        (0.5 - side * 0.46, 0.62, 0.5),
        (0.5 + side * 0.42, 0.72, 0.6),
    )
    for i, (x, depth, size) in enumerate(spots):
        if wet and depth < 0.6:
            depth = 0.82
        scale = size * stage.unit * rng.uniform(0.9, 1.1)
        spot = (x + rng.uniform(-0.04, 0.04)) * stage.width
        base = stage.row(depth + 0.1 if wet else depth)
        still_life.shadow(stage, spot, base, scale * 0.4)
        sprite = painter(stage, scale, index=i)
        stage.place(sprite, spot, base, haze=0.25 * max(0, 0.6 - depth), volume=0.3)
