"""A wood seen from afar."""

import numpy as np

from worker.engines.scene.brief import Color
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.land import season_of
from worker.engines.scene.light import dim, vary
from worker.engines.scene.plants import FOLIAGE
from worker.engines.scene.stage import Stage

NEEDLES: tuple[Color, ...] = ((44, 86, 64), (56, 98, 70), (36, 74, 58))


def treeline(
    stage: Stage, base: float, height: float, *, haze: float, kind: str, salt: str
) -> None:
    """A strip of crowns standing on pixel row ``base``; ``kind`` is "tree" or "pine"."""
    rng = stage.brief.stream(f"treeline {salt}")
    right = stage.width / height
    sprite = Sprite(right, 1.3, height)
    colors = NEEDLES if kind == "pine" else FOLIAGE[season_of(stage)]
    if "forest" in stage.brief.colors:
        asked = stage.brief.colors["forest"]
        colors = (asked, dim(asked, 1.2), dim(asked, 0.8))
    _undergrowth(sprite, rng, right, dim(colors[2], 0.62))
    for x in np.sort(rng.uniform(-0.2, right + 0.2, int(right * 4.6))):
        color = dim(vary(rng, colors[int(rng.integers(3))], 8), rng.uniform(0.68, 0.94))
        tall, foot = rng.uniform(0.45, 1.0), rng.uniform(1.04, 1.16)
        if kind == "pine":
            _conifer(sprite, x, foot, tall, color)
        else:
            _crown(sprite, rng, x, foot, tall, color)
    stage.place(sprite, stage.width / 2, base + 0.16 * height, haze=haze, volume=0.12)


def _undergrowth(sprite: Sprite, rng: np.random.Generator, right: float, color: Color) -> None:
    """The dark between the trunks, with a ragged edge towards the viewer."""
    sprite.box(0, 0.8, right, 1.14, color)
    for x in np.arange(0, right, 0.07):
        radius = rng.uniform(0.03, 0.08)
        sprite.oval(x, 1.13, radius * 1.5, radius * 0.7, dim(color, rng.uniform(0.9, 1.3)))


def _conifer(sprite: Sprite, x: float, foot: float, tall: float, color: Color) -> None:
    half = tall * 0.23
    for tier in (0, 0.28, 0.56):
        tip = (x, foot - tall + tier * tall * 0.8)
        skirt = foot - tall * (0.58 - tier)
        wide = half * (0.5 + tier)
        sprite.polygon([(x - wide, skirt), tip, (x + wide, skirt)], dim(color, 1.12 - 0.3 * tier))


def _crown(
    sprite: Sprite, rng: np.random.Generator, x: float, foot: float, tall: float, color: Color
) -> None:
    bark = dim(color, 0.5)
    sprite.taper([(x, foot - tall * 0.4), (x, foot)], [0.02, 0.03], bark)
    for height in np.sort(rng.uniform(0.34, 0.95, 12)):
        # Narrower towards the top, and lighter.
        across = rng.normal(0, 0.12) * (1.25 - 0.8 * height)
        radius = rng.uniform(0.06, 0.12)
        sprite.oval(
            x + across, foot - tall * height, radius, radius, dim(color, 0.74 + 0.42 * height)
        )
