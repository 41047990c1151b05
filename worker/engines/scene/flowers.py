"""Flowers and grass."""

import numpy as np

from worker.engines.scene.brief import Color
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.light import dim, vary
from worker.engines.scene.stage import Stage

PETALS: tuple[Color, ...] = (
    (222, 60, 56),
    (240, 196, 66),
    (236, 232, 226),
    (196, 96, 176),
    (94, 110, 204),
    (240, 140, 70),
)


def scatter_grass(stage: Stage, top: int, *, color: Color, count: int) -> None:
    """Tufts from row ``top`` to the lower edge, growing towards the viewer."""
    rng = stage.brief.stream("grass")
    height = stage.height - top
    sprite = Sprite(stage.width, height + 0.06 * stage.unit, 1)
    lift = 0.06 * stage.unit
    for t in np.sort(rng.uniform(0.04, 1.0, count)):
        x, y = rng.uniform(0, stage.width), lift + t * height
        if stage.is_bare(x, top + t * height):
            continue
        size = (0.006 + 0.036 * t) * stage.unit
        shade = vary(rng, color, 16)
        for lean in rng.normal(0, 0.45, 3):
            half = size * 0.07
            tip = (x + lean * size, y - size * rng.uniform(0.7, 1.2))
            sprite.polygon([(x - half, y), tip, (x + half, y)], shade)
    stage.place(sprite, stage.width / 2, stage.height, volume=0)


def scatter_flowers(stage: Stage, top: int, *, count: int, kind: str = "flowers") -> None:
    """Blooms from row ``top`` down: dots far off, petals and stems in front."""
    rng = stage.brief.stream("scattered flowers")
    height = stage.height - top
    lift = 0.16 * stage.unit
    sprite = Sprite(stage.width, height + lift, 1)
    palette = [PETALS[i] for i in rng.permutation(len(PETALS))[:3]]
    if kind in stage.brief.colors:
        palette = [stage.brief.colors[kind]]
    for t in np.sort(rng.uniform(0, 1, count) ** 0.75):
        x, y = rng.uniform(0, stage.width), lift + t * height
        if stage.is_bare(x, top + t * height):
            continue
        size = (0.004 + 0.02 * t**1.5) * stage.unit
        petal = vary(rng, palette[int(rng.integers(len(palette)))], 10)
        if t > 0.3:
            sprite.taper(
                [(x + rng.normal(0, size), y), (x, y - size * 3)],
                [size * 0.24, size * 0.16],
                (70, 118, 52),
            )
        bloom(sprite, rng, x, y - size * 3 * min(1, t / 0.3), size, petal, kind=kind)
    stage.place(sprite, stage.width / 2, stage.height, volume=0)


def bloom(
    sprite: Sprite,
    rng: np.random.Generator,
    x: float,
    y: float,
    size: float,
    petal: Color,
    *,
    kind: str = "flowers",
) -> None:
    """One flower head of radius ``size`` (units of the sprite)."""
    if size * sprite.unit < 3.5:
        sprite.oval(x, y, size, size * 0.8, petal)
        return
    if kind == "sunflowers":
        _sunflower(sprite, rng, x, y, size)
    elif kind == "roses":
        _rose(sprite, rng, x, y, size, petal)
    else:
        _daisy(sprite, rng, x, y, size, petal)


def _sunflower(sprite: Sprite, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    yellow = (246, 192, 40)
    if size * sprite.unit < 14:
        sprite.oval(x, y, size * 1.05, size, yellow)
        sprite.oval(x, y, size * 0.52, size * 0.5, (84, 54, 30))
        return
    for ring, count, shade in ((1.15, 16, 0.82), (0.95, 14, 1.0)):
        for angle in np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, 1):
            tip = (x + np.cos(angle) * size * ring, y + np.sin(angle) * size * ring)
            petal = [(x, y), ((x + tip[0]) / 2, (y + tip[1]) / 2), tip]
            sprite.taper(petal, [size * 0.1, size * 0.34, size * 0.03], dim(yellow, shade))
    sprite.oval(x, y, size * 0.52, size * 0.52, (84, 54, 30))
    sprite.oval(x, y, size * 0.3, size * 0.3, (58, 38, 24))


def _rose(
    sprite: Sprite, rng: np.random.Generator, x: float, y: float, size: float, petal: Color
) -> None:
    """Rings of petals about a tight heart, each petal with a lighter rim."""
    turn = rng.uniform(0, 2 * np.pi)
    for ring, count, shade in ((0.56, 6, 0.8), (0.36, 5, 0.92), (0.18, 3, 1.02)):
        turn += 0.6
        for k in range(count):
            angle = turn + 2 * np.pi * k / count
            at = (x + np.cos(angle) * size * ring, y + np.sin(angle) * size * ring * 0.92)
            reach = size * (0.24 + ring * 0.45)
            sprite.oval(*at, reach, reach * 0.92, dim(petal, shade * 1.16))
            inward = (x + (at[0] - x) * 0.78, y + (at[1] - y) * 0.78)
            sprite.oval(
                *inward, reach * 0.92, reach * 0.86, dim(petal, shade * (0.86 + 0.07 * (k % 2)))
            )
    sprite.oval(x, y, size * 0.16, size * 0.15, dim(petal, 0.62))


def _daisy(
    sprite: Sprite, rng: np.random.Generator, x: float, y: float, size: float, petal: Color
) -> None:
    count = int(rng.integers(5, 9))
    turn = rng.uniform(0, 2 * np.pi)
    for ring in range(count):
        angle = turn + 2 * np.pi * ring / count
        color = dim(petal, 0.88 if ring % 2 else 1.04)
        sprite.oval(
            x + np.cos(angle) * size * 0.6,
            y + np.sin(angle) * size * 0.56,
            size * 0.46,
            size * 0.42,
            color,
        )
    heart = (240, 196, 70) if petal[2] > 90 or petal[1] < 120 else (110, 66, 40)
    sprite.oval(x, y, size * 0.32, size * 0.3, heart)
