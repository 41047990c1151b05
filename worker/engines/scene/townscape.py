"""Villages, cities and bridges."""

import numpy as np

from worker.engines.scene.brief import Color
from worker.engines.scene.buildings import LAMPLIGHT, church, house
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.stage import Stage


def village(
    stage: Stage, x: float, base: float, size: float, *, haze: float, churches: bool = True
) -> None:
    """A handful of houses round a church, the back row first."""
    rng = stage.brief.stream("village")
    for row, count in ((0, 4), (1, 3)):
        if row == 1 and churches:
            stage.place(church(stage, size * 1.5, index=9), x, base - 0.1 * size, haze=haze)
        for k in range(count):
            dx = (k - (count - 1) / 2) * 1.02 * size + rng.normal(0, 0.1) * size
            scale = size * rng.uniform(0.62, 0.85) * (0.85 + 0.25 * row)
            sprite = house(stage, scale, index=10 * row + k)
            foot = base - 0.18 * size * (1 - row) + rng.normal(0, 0.03) * size
            stage.place(
                sprite, x + dx, foot, haze=haze + 0.1 * (1 - row), flip=bool(rng.random() < 0.5)
            )


def skyline(stage: Stage, base: float, height: float) -> None:
    """A city: two rows of towers, windows lit by night."""
    rng = stage.brief.stream("skyline")
    right = stage.width / height
    for row, (haze, tall, tone) in enumerate(
        ((0.5, 1.0, (104, 116, 142)), (0.16, 0.72, (84, 88, 106)))
    ):
        sprite = Sprite(right, 1.05, height)
        x = -0.05
        while x < right:
            wide = rng.uniform(0.1, 0.2)
            center = abs((x + wide / 2) / right - 0.5) * 2
            top = 1.05 - tall * rng.uniform(0.35, 1.0) * (1.05 - 0.5 * center)
            color = vary(
                rng,
                mix(
                    tone,
                    ((150, 120, 104), (110, 130, 150), (120, 116, 124))[int(rng.integers(3))],
                    0.5,
                ),
                12,
            )
            _block(stage, sprite, rng, x, top, wide, color, row)
            x += wide * rng.uniform(0.82, 1.12)
        stage.place(sprite, stage.width / 2, base, haze=haze, volume=0)


def _block(
    stage: Stage,
    sprite: Sprite,
    rng: np.random.Generator,
    x: float,
    top: float,
    wide: float,
    color: Color,
    row: int,
) -> None:
    sprite.box(x, top, x + wide, 1.05, color)
    sunny = x if stage.lit_from_left else x + wide * 0.72
    sprite.box(sunny, top, sunny + wide * 0.28, 1.05, dim(color, 1.25))
    style = rng.integers(4)
    if style == 0:
        sprite.line([(x + wide / 2, top), (x + wide / 2, top - 0.1)], 0.008, color)
    elif style == 1:
        sprite.box(x + wide * 0.2, top - 0.045, x + wide * 0.8, top, dim(color, 0.9))
    elif style == 2:
        sprite.polygon([(x, top), (x + wide / 2, top - 0.08), (x + wide, top)], dim(color, 0.85))
    columns = max(2, int(wide / 0.034))
    pitch = wide / columns
    for y in np.arange(top + 0.03, 1.0, 0.042):
        for k in range(columns):
            left = x + k * pitch + pitch * 0.28
            box = (left, y, left + pitch * 0.46, y + 0.02)
            if stage.light.dark and rng.random() < (0.42 if row else 0.25):
                sprite.box(*box, LAMPLIGHT if rng.random() < 0.8 else (190, 220, 250), lit=True)
            else:
                sprite.box(*box, dim(color, 0.7))


def bridge(stage: Stage, base: float, size: float) -> None:
    """A stone bridge of three arches across the picture, its feet on row ``base``."""
    rng = stage.brief.stream("bridge")
    right = stage.width / size
    sprite = Sprite(right, 1, size)
    stone = vary(rng, (176, 156, 132), 8)
    count = max(2, round(right / 1.15))
    span = right / count
    xs = np.linspace(0, right, 60)
    deck = 0.36 - 0.22 * np.sin(np.pi * xs / right)
    sprite.polygon([*zip(xs.tolist(), deck.tolist(), strict=True), (right, 1.0), (0, 1.0)], stone)
    for _ in range(90):
        x, y = rng.uniform(0, right), rng.uniform(0.2, 0.95)
        if y > 0.36 - 0.22 * np.sin(np.pi * x / right) + 0.08:
            sprite.box(x, y, x + 0.1, y + 0.035, vary(rng, dim(stone, 0.92), 7))
    for k in range(count):
        middle = (k + 0.5) * span
        top = 0.52 - 0.22 * np.sin(np.pi * middle / right)
        for grow, fill in ((1.1, dim(stone, 0.72)), (1.0, None)):
            angle = np.linspace(0, np.pi, 24)
            reach = span * 0.37 * grow
            arch = [
                (middle + reach * np.cos(a), 1.0 - (1.0 - top) * np.sin(a) * grow) for a in angle
            ]
            if fill is None:
                sprite.cut(arch)
            else:
                sprite.polygon(arch, fill)
    sprite.line(list(zip(xs.tolist(), (deck + 0.02).tolist(), strict=True)), 0.05, dim(stone, 1.1))
    sprite.line(
        list(zip(xs.tolist(), (deck + 0.06).tolist(), strict=True)), 0.012, dim(stone, 0.66)
    )
    stage.place(sprite, stage.width / 2, base, volume=0.1)
