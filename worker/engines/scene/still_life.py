"""Things on a table."""

import numpy as np

from worker.engines.scene.canvas import Sprite, oval_points, points
from worker.engines.scene.flowers import PETALS, bloom
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.noise import fractal, smoothstep
from worker.engines.scene.stage import Stage, glow
from worker.engines.scene.words import Color

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
    kind = stage.brief.first("rose", "sunflower") or "flowers"
    sprite = Sprite(0.96, 1, size)
    clay = stage.color("vase", vary(rng, POTTERY[int(rng.integers(len(POTTERY)))], 8))
    count = 9 if kind != "sunflower" else 7
    palette = [PETALS[i] for i in rng.permutation(len(PETALS))[:3]]
    if kind == "rose":
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


def fruit(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A bowl of apples, oranges and pears, with an apple beside it."""
    rng = stage.brief.stream(f"fruit {index}")
    sprite = Sprite(1.9, 1, size)
    red = stage.color("fruit", (196, 50, 46))
    orange, pear = (236, 144, 50), (194, 190, 78)
    for x, y, r, color in (
        (0.62, 0.34, 0.17, orange),
        (0.92, 0.28, 0.19, red),
        (1.2, 0.36, 0.17, dim(pear, 1.05)),
        (0.78, 0.46, 0.17, dim(red, 0.9)),
        (1.06, 0.48, 0.17, orange),
    ):
        if color == dim(pear, 1.05):
            _pear(sprite, x, y, r, color)
        else:
            _ball(sprite, x, y, r, color, stalk=color != orange)
    bowl = vary(rng, (228, 222, 210), 8)
    sprite.blob(
        points("0.36,0.5 0.92,0.57 1.48,0.5 1.4,0.74 1.14,0.95 0.92,0.965 0.7,0.95 0.44,0.74"),
        bowl,
    )
    sprite.glaze(
        points("1.1,0.54 1.5,0.5 1.4,0.8 1.1,0.98 0.9,0.98"),
        dim(bowl, 0.5),
        0.6,
        blur=0.04,
    )
    sprite.line([(0.47, 0.68), (0.92, 0.77), (1.38, 0.68)], 0.03, (70, 106, 150))
    _ball(sprite, 0.2, 0.83, 0.17, red, stalk=True)
    _ball(sprite, 1.66, 0.85, 0.15, orange, stalk=False)
    return sprite


def _ball(sprite: Sprite, x: float, y: float, r: float, color: Color, *, stalk: bool) -> None:
    sprite.oval(x, y, r * 1.02, r * 0.96, color)
    sprite.glaze(
        oval_points(x + r * 0.4, y + r * 0.4, r * 0.62, r * 0.6),
        dim(color, 0.45),
        0.7,
        blur=r * 0.22,
    )
    sprite.glaze(
        oval_points(x - r * 0.35, y - r * 0.35, r * 0.24, r * 0.2),
        (255, 250, 236),
        0.85,
        blur=r * 0.07,
    )
    if stalk:
        sprite.glaze(
            oval_points(x, y - r * 0.78, r * 0.3, r * 0.13), dim(color, 0.5), 0.8, blur=r * 0.06
        )
        sprite.taper(
            [(x, y - r * 0.76), (x + r * 0.08, y - r * 1.2)], [r * 0.07, r * 0.1], (92, 64, 42)
        )
        sprite.blob(
            [
                (x + r * 0.08, y - r),
                (x + r * 0.4, y - r * 1.28),
                (x + r * 0.7, y - r * 1.12),
                (x + r * 0.4, y - r * 0.95),
            ],
            (96, 146, 62),
        )


def _pear(sprite: Sprite, x: float, y: float, r: float, color: Color) -> None:
    shape = points(
        "0,-1.7 0.35,-1.45 0.5,-0.8 0.95,0.0 0.8,0.75 0,1.0 -0.8,0.75 -0.95,0.0 "
        "-0.5,-0.8 -0.35,-1.45"
    )
    sprite.blob([(x + dx * r, y + dy * r) for dx, dy in shape], color)
    sprite.glaze(
        oval_points(x + r * 0.45, y + r * 0.2, r * 0.45, r * 0.8),
        dim(color, 0.5),
        0.6,
        blur=r * 0.2,
    )
    sprite.glaze(
        oval_points(x - r * 0.4, y - r * 0.1, r * 0.16, r * 0.3),
        (255, 252, 236),
        0.8,
        blur=r * 0.08,
    )
    sprite.taper([(x, y - r * 1.6), (x + r * 0.1, y - r * 2)], [r * 0.08, r * 0.1], (92, 64, 42))


def cup(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A cup of coffee on its saucer, steaming."""
    rng = stage.brief.stream(f"cup {index}")
    sprite = Sprite(1.3, 1, size)
    clay = stage.color(
        "cup", vary(rng, ((236, 230, 220), (70, 116, 148), (196, 92, 72))[int(rng.integers(3))], 6)
    )
    for k, x in enumerate((0.46, 0.58, 0.7)):
        lift = 0.04 * (k % 2)
        path = [(x, 0.42), (x - 0.05, 0.3 - lift), (x + 0.04, 0.18 - lift), (x - 0.02, 0.04)]
        sprite.taper(path, [0.012, 0.03, 0.026, 0.004], mix(stage.light.rim, (255, 255, 255), 0.7))
    sprite.oval(0.6, 0.92, 0.56, 0.075, dim(clay, 0.8))
    sprite.oval(0.6, 0.905, 0.54, 0.062, dim(clay, 1.04))
    sprite.line(points("0.98,0.56 1.16,0.55 1.2,0.66 1.1,0.76 0.94,0.78"), 0.06, dim(clay, 0.84))
    sprite.blob(
        points("0.2,0.46 0.6,0.5 1.0,0.46 0.97,0.66 0.86,0.84 0.6,0.9 0.34,0.84 0.23,0.66"),
        clay,
    )
    sprite.glaze(
        points("0.76,0.46 1.04,0.46 0.98,0.72 0.8,0.9 0.6,0.92 0.78,0.7"),
        dim(clay, 0.5),
        0.6,
        blur=0.04,
    )
    sprite.glaze(oval_points(0.32, 0.62, 0.025, 0.11, 0.12), (255, 255, 250), 0.6, blur=0.015)
    sprite.oval(0.6, 0.465, 0.4, 0.085, dim(clay, 1.1))
    sprite.oval(0.6, 0.475, 0.365, 0.07, (82, 50, 34))
    sprite.oval(0.55, 0.475, 0.2, 0.032, (132, 88, 58))
    return sprite


def book(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """Two closed books with an open one leaning on top."""
    rng = stage.brief.stream(f"book {index}")
    sprite = Sprite(1.7, 1, size)
    covers = [(150, 52, 48), (46, 80, 116), (70, 104, 72), (196, 146, 66)]
    order = rng.permutation(4)
    first = stage.color("book", covers[order[0]])
    for k, (left, right, color) in enumerate(((0.12, 1.58, first), (0.24, 1.48, covers[order[1]]))):
        foot = 1.0 - 0.2 * k
        sprite.box(left, foot - 0.2, right, foot, color)
        sprite.box(left + 0.05, foot - 0.165, right + 0.02, foot - 0.035, (240, 230, 206))
        for y in (0.07, 0.1, 0.13):
            sprite.line([(left + 0.07, foot - y), (right, foot - y)], 0.006, (206, 192, 164))
        sprite.box(left, foot - 0.2, left + 0.09, foot, dim(color, 0.8))
        for x in (left + 0.02, left + 0.06):
            sprite.box(x, foot - 0.19, x + 0.012, foot - 0.01, (226, 190, 104))
    page = (246, 238, 220)
    sprite.polygon(
        points("0.3,0.58 0.86,0.5 1.42,0.58 1.36,0.62 0.86,0.6 0.36,0.62"),
        dim(covers[order[2]], 0.9),
    )
    sprite.blob(
        points("0.34,0.56 0.3,0.3 0.42,0.16 0.66,0.16 0.86,0.26 0.86,0.57 0.6,0.5"),
        page,
    )
    sprite.blob(
        points("1.38,0.56 1.42,0.3 1.3,0.16 1.06,0.16 0.86,0.26 0.86,0.57 1.12,0.5"),
        dim(page, 0.93),
    )
    for y in (0.24, 0.29, 0.34, 0.39, 0.44):
        sprite.line([(0.42, y), (0.62, y - 0.02), (0.8, y + 0.05)], 0.01, (140, 128, 116))
        sprite.line([(1.3, y), (1.1, y - 0.02), (0.92, y + 0.05)], 0.01, (140, 128, 116))
    sprite.line([(0.86, 0.26), (0.86, 0.57)], 0.014, (190, 174, 148))
    return sprite


def candle(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    sprite = Sprite(0.6, 1, size)
    wax = stage.color("candle", (242, 230, 204))
    brass = (196, 150, 70)
    sprite.oval(0.3, 0.95, 0.22, 0.045, dim(brass, 0.8))
    sprite.oval(0.3, 0.935, 0.2, 0.036, brass)
    sprite.box(0.25, 0.84, 0.35, 0.94, dim(brass, 0.9))
    sprite.line([(0.48, 0.93), (0.57, 0.88), (0.53, 0.82), (0.45, 0.86)], 0.026, brass)
    sprite.box(0.235, 0.34, 0.365, 0.86, wax)
    sprite.oval(0.3, 0.345, 0.065, 0.022, dim(wax, 1.06))
    sprite.glaze(
        [(0.31, 0.36), (0.37, 0.36), (0.37, 0.86), (0.32, 0.86)], dim(wax, 0.55), 0.6, blur=0.02
    )
    sprite.taper([(0.245, 0.36), (0.243, 0.46), (0.246, 0.52)], [0.03, 0.03, 0.04], dim(wax, 1.05))
    sprite.line([(0.3, 0.345), (0.303, 0.28)], 0.014, (50, 40, 38))
    flame = points("0.3,0.1 0.335,0.19 0.345,0.25 0.3,0.3 0.255,0.25 0.265,0.19")
    sprite.blob(flame, (255, 176, 62), lit=True)
    sprite.blob([(0.3, 0.17), (0.32, 0.23), (0.3, 0.29), (0.28, 0.23)], (255, 246, 200), lit=True)
    return sprite


def candle_glow(stage: Stage, x: float, base: float, size: float) -> None:
    glow(stage, x, base - size * 0.78, size * 1.5, (255, 190, 96), 0.55)
    glow(stage, x, base - size * 0.8, size * 0.4, (255, 220, 140), 0.6)
