"""Single trees, and the leaves and petals that fall from them."""

import numpy as np
from PIL import Image, ImageDraw

from worker.engines.scene.brief import Color
from worker.engines.scene.canvas import SUPERSAMPLING, Sprite
from worker.engines.scene.land import season_of
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.stage import Stage

FOLIAGE: dict[str, tuple[Color, ...]] = {
    "spring": ((118, 170, 72), (146, 188, 88), (92, 148, 64)),
    "summer": ((70, 124, 52), (92, 144, 58), (56, 104, 50)),
    "autumn": ((206, 112, 40), (222, 160, 52), (176, 70, 40)),
    "winter": ((232, 238, 244), (206, 218, 230), (190, 204, 220)),
    "blossom": ((244, 184, 204), (250, 212, 224), (226, 146, 178)),
}


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
        for _ in range(17):
            angle, out = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.25)
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
            cap = [
                (0.28, y - rise),
                (0.28 + half * 0.7, y - 0.035),
                (0.28 + half * 0.25, y - 0.06),
                (0.28 - half * 0.2, y - 0.04),
                (0.28 - half * 0.75, y - 0.03),
            ]
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
