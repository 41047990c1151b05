"""Things on a table."""

import numpy as np

from worker.engines.scene.brief import Color
from worker.engines.scene.canvas import Sprite, oval_points, points
from worker.engines.scene.flowers import PETALS, bloom
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.noise import fractal, smoothstep
from worker.engines.scene.stage import Stage, glow

POTTERY: tuple[Color, ...] = ((64, 104, 152), (188, 108, 74), (222, 214, 198), (74, 128, 112))


def paint_room(stage: Stage) -> None:
    """A wall with the light of a window falling across it, and a table."""
    rng = stage.brief.stream("room")
    wall: Color = ((154, 128, 108), (96, 116, 128), (170, 150, 112), (124, 98, 104))[
        int(rng.integers(4))
    ]
    if stage.brief.tints:
        wall = mix(wall, stage.brief.tints[0], 0.55)
    edge = stage.horizon
    x = np.linspace(0, 1, stage.width, dtype=np.float32)[None]
    y = np.linspace(0, 1, edge, dtype=np.float32)[:, None]
    if not stage.lit_from_left:
        x = 1 - x
    noise = fractal(rng, edge, stage.width, cells=(4, 4), octaves=6, gain=0.6)
    beam = smoothstep(0.34, 0.0, np.abs(y - 0.25 - 0.5 * x)) * 0.5
    bright = 1.1 - 0.65 * x**1.2 - 0.2 * y + beam * (1 - x) + (noise - 0.5) * 0.3
    base = np.asarray(wall, np.float32) * np.asarray(stage.light.ambient, np.float32)
    stage.put_pixels(base * bright[..., None], 0)


def paint_table(stage: Stage, *, ledge: bool = False) -> None:
    """The table from row ``horizon`` down; a ``ledge`` is the same lower down in a landscape."""
    rng = stage.brief.stream("table")
    top = stage.row(0.66) if ledge else stage.horizon
    rows = stage.height - top
    wood: Color = ((150, 98, 60), (112, 74, 52), (176, 132, 88), (206, 196, 178))[
        int(rng.integers(4))
    ]
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    fibre = fractal(rng, rows, stage.width, cells=(26, 2), octaves=4, gain=0.7)
    x = np.linspace(0, 1, stage.width, dtype=np.float32)[None]
    side = x if stage.lit_from_left else 1 - x
    bright = 1.08 - 0.4 * side - 0.12 * t + (fibre - 0.5) * 0.42
    bright = bright * (0.72 + 0.28 * smoothstep(0, 0.05, t))
    base = np.asarray(wood, np.float32) * np.asarray(stage.light.ambient, np.float32)
    stage.put_pixels(base * bright[..., None], top)


def shadow(stage: Stage, x: float, base: float, width: float) -> None:
    """A soft shadow on the ground, away from the light."""
    side = 1 if stage.lit_from_left else -1
    center, reach, high = x + side * width * 0.3, width * 0.8, width * 0.17
    left, top = max(0, int(center - reach)), max(0, int(base - high))
    right, bottom = min(stage.width, int(center + reach)), min(stage.height, int(base + high))
    if left >= right or top >= bottom:
        return
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    away = np.hypot((columns - center) / reach, (rows - base) / high)
    dark = 1 - 0.5 * np.clip(1.15 * (1 - away), 0, 1)
    values = stage.pixels(top, bottom)
    values[:, left:right] *= dark[..., None]
    stage.put_pixels(values, top)


def vase(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A vase with a bunch of the roses, sunflowers or flowers that the prompt names."""
    rng = stage.brief.stream(f"vase {index}")
    kind = stage.brief.first("roses", "sunflowers") or "flowers"
    sprite = Sprite(0.96, 1, size)
    clay = stage.color("vase", vary(rng, POTTERY[int(rng.integers(len(POTTERY)))], 8))
    count = 9 if kind != "sunflowers" else 7
    palette = [PETALS[i] for i in rng.permutation(len(PETALS))[:3]]
    if kind == "roses":
        palette = [(196, 44, 58), (226, 120, 140)]
    palette = [stage.brief.colors[kind]] if kind in stage.brief.colors else palette
    heads = []
    for k in range(count):
        angle = -1.25 + 2.5 * k / (count - 1)
        reach = rng.uniform(0.2, 0.36) if k % 2 else rng.uniform(0.32, 0.42)
        heads.append((0.48 + np.sin(angle) * reach, 0.52 - np.cos(angle) * reach * 1.05))
    for x, y in heads:
        sprite.line(
            [(0.48, 0.62), (0.48 + (x - 0.48) * 0.4, 0.5 + (y - 0.5) * 0.4), (x, y)],
            0.012,
            (70, 112, 54),
        )
    for _ in range(16):
        angle, reach = rng.uniform(-1.7, 1.7), rng.uniform(0.12, 0.36)
        x, y = 0.48 + np.sin(angle) * reach, 0.54 - np.cos(angle) * reach
        green = vary(rng, (74, 122, 58), 14)
        sprite.taper(
            [(x, y + 0.05), (x + 0.03 * np.sin(angle), y), (x + 0.08 * np.sin(angle), y - 0.05)],
            [0.012, 0.05, 0.006],
            green,
        )
    for x, y in sorted(heads, key=lambda head: head[1]):
        petal = vary(rng, palette[int(rng.integers(len(palette)))], 10)
        bloom(sprite, rng, x, y, rng.uniform(0.075, 0.1), petal, kind=kind)
    outline = points(
        "0.41,0.54 0.42,0.6 0.35,0.68 0.31,0.78 0.34,0.9 0.4,0.985 0.56,0.985 "
        "0.62,0.9 0.65,0.78 0.61,0.68 0.54,0.6 0.55,0.54"
    )
    sprite.blob(outline, clay)
    sprite.glaze(
        points("0.52,0.56 0.7,0.6 0.7,1.0 0.5,1.0 0.57,0.8"),
        dim(clay, 0.45),
        0.6,
        blur=0.03,
    )
    sprite.glaze(oval_points(0.39, 0.75, 0.022, 0.07, 0.15), (255, 252, 244), 0.75, blur=0.01)
    for y in (0.69, 0.87):
        sprite.glaze(
            [
                (0.28, y),
                (0.48, y + 0.02),
                (0.68, y),
                (0.68, y + 0.02),
                (0.48, y + 0.04),
                (0.28, y + 0.02),
            ],
            mix(clay, (250, 240, 220), 0.7),
            0.8,
        )
    sprite.oval(0.48, 0.54, 0.075, 0.02, dim(clay, 0.6))
    return sprite


def lamp(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A table lamp with a shade."""
    rng = stage.brief.stream(f"lamp {index}")
    sprite = Sprite(0.7, 1, size)
    shade = stage.color(
        "lamp",
        vary(rng, ((232, 206, 150), (196, 92, 70), (104, 140, 150))[int(rng.integers(3))], 8),
    )
    metal = (150, 116, 62)
    sprite.blob(points("0.18,0.97 0.35,0.9 0.52,0.97 0.52,1.0 0.18,1.0"), dim(metal, 0.8))
    sprite.taper([(0.35, 0.96), (0.35, 0.74), (0.35, 0.46)], [0.05, 0.09, 0.03], metal)
    sprite.polygon(points("0.2,0.04 0.5,0.04 0.66,0.5 0.04,0.5"), shade)
    sprite.glaze(points("0.3,0.04 0.42,0.04 0.5,0.5 0.24,0.5"), (255, 246, 210), 0.75, blur=0.05)
    sprite.line([(0.04, 0.5), (0.35, 0.52), (0.66, 0.5)], 0.02, dim(shade, 0.75))
    sprite.line([(0.6, 0.54), (0.6, 0.64)], 0.008, dim(metal, 0.7))
    return sprite


def candle_glow(stage: Stage, x: float, base: float, size: float) -> None:
    glow(stage, x, base - size * 0.78, size * 1.5, (255, 190, 96), 0.55)
    glow(stage, x, base - size * 0.8, size * 0.4, (255, 220, 140), 0.6)
