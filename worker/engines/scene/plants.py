"""Trees, flowers and grass."""

import numpy as np
from PIL import Image, ImageDraw

from worker.engines.scene.canvas import SUPERSAMPLING, Sprite
from worker.engines.scene.land import season_of
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.stage import Stage
from worker.engines.scene.words import Color

FOLIAGE: dict[str, tuple[Color, ...]] = {
    "spring": ((118, 170, 72), (146, 188, 88), (92, 148, 64)),
    "summer": ((70, 124, 52), (92, 144, 58), (56, 104, 50)),
    "autumn": ((206, 112, 40), (222, 160, 52), (176, 70, 40)),
    "winter": ((232, 238, 244), (206, 218, 230), (190, 204, 220)),
    "blossom": ((244, 184, 204), (250, 212, 224), (226, 146, 178)),
}
PETALS: tuple[Color, ...] = (
    (222, 60, 56),
    (240, 196, 66),
    (236, 232, 226),
    (196, 96, 176),
    (94, 110, 204),
    (240, 140, 70),
)


def tree(stage: Stage, size: float, *, kind: str = "tree", index: int = 0) -> Sprite:
    """A broad-leaved tree ``size`` pixels tall: trunk, boughs, leaves in clumps."""
    rng = stage.brief.stream(f"{kind} {index}")
    sprite = Sprite(1.1, 1, size)
    bark = (88, 66, 50) if kind != "blossom" else (84, 58, 56)
    lean = rng.uniform(-0.05, 0.05)
    fork = (0.55 + lean * 0.5, 0.6)
    sprite.taper([(0.55, 1.0), (0.55 + lean * 0.2, 0.8), fork], [0.1, 0.065, 0.055], bark)
    tips = []
    for angle in np.linspace(-1.1, 1.1, 6):
        reach = rng.uniform(0.2, 0.3)
        tip = (fork[0] + np.sin(angle) * reach * 1.1, fork[1] - np.cos(angle) * reach)
        bend = (fork[0] + np.sin(angle) * reach * 0.4, fork[1] - reach * 0.5)
        sprite.taper([fork, bend, tip], [0.045, 0.026, 0.012], bark)
        tips.append(tip)
    colors = FOLIAGE["blossom" if kind == "blossom" else season_of(stage)]
    colors = (stage.color(kind, colors[0]), *colors[1:])
    if season_of(stage) == "winter" and kind == "tree":
        _bare_twigs(sprite, rng, tips, bark)
        return sprite
    _leaves(sprite, rng, colors)
    return sprite


def _leaves(sprite: Sprite, rng: np.random.Generator, colors: tuple[Color, ...]) -> None:
    """Clumps from the dark inside to the lit top, each with its own speckle of leaves."""
    clumps = []
    for _ in range(22):
        angle, out = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1))
        clumps.append((0.55 + 0.34 * out * np.cos(angle), 0.36 - 0.25 * out * np.sin(angle)))
    clumps.sort(key=lambda clump: -clump[1])
    for step, (x, y) in enumerate(clumps):
        bright = 0.62 + 0.5 * step / len(clumps)
        color = dim(vary(rng, colors[int(rng.integers(len(colors)))], 6), bright)
        radius = rng.uniform(0.09, 0.13)
        sprite.oval(x, y, radius, radius * 0.85, dim(color, 0.86))
        for _ in range(11):
            angle, out = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 1.15)
            leaf_x, leaf_y = (
                x + radius * out * np.cos(angle),
                y + radius * out * np.sin(angle) * 0.85,
            )
            high = 1.12 if leaf_y < y else 0.86
            leaf = rng.uniform(0.014, 0.028)
            sprite.oval(leaf_x, leaf_y, leaf, leaf * 0.8, dim(vary(rng, color, 8), high))


def _bare_twigs(
    sprite: Sprite, rng: np.random.Generator, tips: list[tuple[float, float]], bark: Color
) -> None:
    for x, y in tips:
        for _ in range(4):
            dx, dy = rng.uniform(-0.1, 0.1), rng.uniform(-0.14, -0.04)
            sprite.taper(
                [(x, y), (x + dx * 0.4, y + dy * 0.6), (x + dx, y + dy)], [0.014, 0.004], bark
            )
            for share in (0.4, 0.75):
                sprite.oval(x + dx * share, y + dy * share - 0.01, 0.018, 0.008, (242, 246, 250))


def pine(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    rng = stage.brief.stream(f"pine {index}")
    sprite = Sprite(0.56, 1, size)
    needle = vary(rng, (38, 82, 60), 7)
    snowy = season_of(stage) == "winter"
    sprite.taper([(0.28, 1.0), (0.28, 0.1)], [0.05, 0.01], (80, 60, 46))
    tiers = 9
    for tier in range(tiers):
        y = 0.92 - 0.86 * tier / tiers
        half = 0.27 * (1 - tier / tiers) ** 0.85 * rng.uniform(0.86, 1.08) + 0.015
        rise = 0.18 * (1 - 0.5 * tier / tiers)
        color = dim(needle, 0.8 + 0.4 * tier / tiers)
        teeth = [(0.28, y - rise)]
        for k in np.linspace(1, -1, 9):
            drop = 0.012 if round((k + 1) * 4) % 2 else -0.022
            teeth.append((0.28 + half * k, y + drop - 0.05 * (1 - abs(k))))
        sprite.polygon(teeth, color)
        sprite.polygon(
            [(0.28, y - rise), (0.28 + half, y), (0.28 + half * 0.3, y - 0.04)], dim(color, 0.78)
        )
        if snowy:
            cap = [(0.28, y - rise), (0.28 + half * 0.7, y - 0.035), (0.28 + half * 0.25, y - 0.06),
                   (0.28 - half * 0.2, y - 0.04), (0.28 - half * 0.75, y - 0.03)]  # fmt: skip
            sprite.polygon(cap, (238, 243, 248))
    return sprite


def palm(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    rng = stage.brief.stream(f"palm {index}")
    sprite = Sprite(1.0, 1, size)
    top = (0.5 + rng.uniform(0.02, 0.08), 0.28)
    sprite.taper([(0.42, 1.0), (0.46, 0.65), top], [0.07, 0.045, 0.036], (142, 108, 74))
    for k in range(9):
        y = 0.92 - 0.07 * k
        sprite.line([(0.41 + 0.014 * k, y), (0.46 + 0.012 * k, y - 0.012)], 0.008, (104, 78, 54))
    for angle in np.linspace(-2.6, -0.5, 9):
        color = vary(rng, (70, 140, 66), 12)
        reach = rng.uniform(0.34, 0.44)
        end = (top[0] + np.cos(angle) * reach, top[1] + np.sin(angle) * reach * 0.55 + 0.14)
        middle = (top[0] + np.cos(angle) * reach * 0.55, top[1] + np.sin(angle) * reach * 0.62)
        sprite.taper([top, middle, end], [0.014, 0.055, 0.008], color)
        for share in np.linspace(0.3, 1, 7):
            x = top[0] + (end[0] - top[0]) * share
            y = (1 - share) ** 2 * top[1] + 2 * share * (1 - share) * middle[1] + share**2 * end[1]
            sprite.taper(
                [(x, y), (x + 0.02 * np.cos(angle), y + 0.075)], [0.02, 0.004], dim(color, 0.85)
            )
    for dx in (-0.022, 0.012):
        sprite.oval(top[0] + dx, top[1] + 0.025, 0.022, 0.024, (110, 76, 48))
    return sprite


def cactus(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    rng = stage.brief.stream(f"cactus {index}")
    sprite = Sprite(0.7, 1, size)
    green = vary(rng, (82, 132, 82), 8)
    arms = [
        [(0.35, 0.66), (0.17, 0.64), (0.14, 0.52), (0.14, rng.uniform(0.28, 0.38))],
        [(0.35, 0.56), (0.52, 0.54), (0.56, 0.44), (0.56, rng.uniform(0.18, 0.28))],
    ]
    for arm in arms:
        sprite.taper(arm, [0.09, 0.095, 0.1, 0.09], dim(green, 0.92))
    sprite.taper([(0.35, 1.0), (0.35, 0.5), (0.35, 0.08)], [0.15, 0.16, 0.13], green)
    for dx in (-0.045, 0.0, 0.045):
        sprite.line(
            [(0.35 + dx, 0.98), (0.35 + dx * 1.1, 0.5), (0.35 + dx * 0.8, 0.08)],
            0.009,
            dim(green, 0.72),
        )
    for y in np.arange(0.12, 0.95, 0.07):
        for dx in (-0.07, -0.022, 0.022, 0.07):
            sprite.oval(0.35 + dx, y, 0.007, 0.007, (238, 232, 200))
    sprite.oval(0.35, 0.035, 0.035, 0.028, (226, 90, 120))
    return sprite


def treeline(
    stage: Stage, base: float, height: float, *, haze: float, kind: str, salt: str
) -> None:
    """A wood seen from afar: a strip of crowns standing on pixel row ``base``."""
    rng = stage.brief.stream(f"treeline {salt}")
    sprite = Sprite(stage.width / height, 1.3, height)
    colors = (
        FOLIAGE[season_of(stage)] if kind != "pine" else ((44, 86, 64), (56, 98, 70), (36, 74, 58))
    )
    right = stage.width / height
    sprite.box(0, 0.93, right, 1.3, dim(colors[2], 0.7))
    for x in np.sort(rng.uniform(-0.2, right + 0.2, int(right * 4.6))):
        color = dim(vary(rng, colors[int(rng.integers(3))], 8), rng.uniform(0.68, 0.94))
        tall = rng.uniform(0.45, 1.0)
        foot = rng.uniform(1.06, 1.2)
        if kind == "pine":
            half = tall * 0.23
            for tier in (0, 0.28, 0.56):
                top = foot - tall + tier * tall * 0.8
                sprite.polygon(
                    [(x - half * (0.5 + tier), foot - tall * (0.58 - tier)), (x, top),
                     (x + half * (0.5 + tier), foot - tall * (0.58 - tier))],
                    dim(color, 1.12 - 0.3 * tier),
                )  # fmt: skip
            continue
        for _ in range(5):
            dx, dy = rng.normal(0, 0.13), rng.uniform(0.25, 0.9)
            radius = rng.uniform(0.1, 0.19)
            shade = 1.16 - 0.4 * (1 - dy)
            sprite.oval(x + dx, foot - tall * dy, radius, radius, dim(color, shade))
    stage.place(sprite, stage.width / 2, base + 0.2 * height, haze=haze, volume=0.12)


def scatter_grass(stage: Stage, top: int, *, color: Color, count: int) -> None:
    """Tufts from row ``top`` to the lower edge, growing towards the viewer."""
    rng = stage.brief.stream("grass")
    height = stage.height - top
    sprite = Sprite(stage.width, height + 0.06 * stage.unit, 1)
    lift = 0.06 * stage.unit
    for t in np.sort(rng.uniform(0.04, 1.0, count)):
        x, y = rng.uniform(0, stage.width), lift + t * height
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
    if kind == "sunflower":
        for ring, count, shade in ((1.15, 16, 0.82), (0.95, 14, 1.0)):
            for angle in np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, 1):
                tip = (x + np.cos(angle) * size * ring, y + np.sin(angle) * size * ring)
                petal_line = [(x, y), ((x + tip[0]) / 2, (y + tip[1]) / 2), tip]
                widths = [size * 0.1, size * 0.34, size * 0.03]
                sprite.taper(petal_line, widths, dim((246, 192, 40), shade))
        sprite.oval(x, y, size * 0.52, size * 0.52, (84, 54, 30))
        sprite.oval(x, y, size * 0.3, size * 0.3, (58, 38, 24))
        return
    if kind == "rose":
        sprite.oval(x, y, size, size * 0.94, dim(petal, 0.72))
        for ring, shade in ((0.82, 0.86), (0.62, 1.0), (0.42, 1.12), (0.22, 0.8)):
            angle = rng.uniform(0, 2 * np.pi)
            dx, dy = np.cos(angle) * size * 0.09, np.sin(angle) * size * 0.09
            sprite.oval(
                x + dx, y + dy - size * 0.04, size * ring, size * ring * 0.92, dim(petal, shade)
            )
            sprite.oval(
                x + dx * 1.8,
                y + dy * 1.8,
                size * ring * 0.82,
                size * ring * 0.72,
                dim(petal, shade * 0.86),
            )
        return
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


def falling(stage: Stage, colors: tuple[Color, ...], count: int, size: float) -> None:
    """Leaves or petals in the air."""
    rng = stage.brief.stream("falling")
    layer = Image.new("RGBA", (stage.width * SUPERSAMPLING, stage.height * SUPERSAMPLING))
    draw = ImageDraw.Draw(layer)
    for _ in range(count):
        x, y = rng.uniform(0, layer.width), rng.uniform(0, layer.height)
        r = size * stage.unit * SUPERSAMPLING * rng.uniform(0.5, 1.2)
        color = mix(vary(rng, colors[int(rng.integers(len(colors)))], 14), stage.light.haze, 0.15)
        draw.ellipse(
            (x - r, y - r * 0.55, x + r, y + r * 0.55),
            fill=(*dim(color, max(stage.light.ambient)), 255),
        )
    small = layer.reduce(SUPERSAMPLING)
    stage.image.paste(small, (0, 0), small)
