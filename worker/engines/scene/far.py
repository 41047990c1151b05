"""The far planes: the things at the horizon, and the plain before it."""

import numpy as np

from worker.engines.scene import land, plants, townscape, water, woods
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.roles import at_sea
from worker.engines.scene.stage import Stage


def far_plane(stage: Stage) -> None:
    brief = stage.brief
    if brief.has("mountains"):
        land.paint_mountains(stage)
    if brief.has("volcano"):
        land.paint_volcano(stage)
    if brief.has("waterfall"):
        water.paint_waterfall(stage)
    inland = not at_sea(brief) and not brief.has("city", "desert", "waterfall")
    if brief.has("hills") or (inland and not brief.has("mountains")):
        land.paint_hills(stage)
    if brief.has("city"):
        height = 0.42 if stage.height <= stage.width * 1.3 else 0.6
        townscape.skyline(stage, stage.horizon + 3, height * stage.unit)
    if brief.has("island"):
        _island(stage)


def _island(stage: Stage) -> None:
    rng = stage.brief.stream("island")
    wide, high = rng.uniform(0.5, 0.62) * stage.unit, 0.15 * stage.unit
    sprite = Sprite(wide, high, 1)
    x = np.linspace(0, 1, 40)
    top = high * (
        1 - 0.94 * np.sin(np.pi * x) ** 0.8 * (0.75 + 0.25 * np.sin(x * 9 + rng.uniform(0, 6)))
    )
    outline = [(float(a * wide), float(b)) for a, b in zip(x, top, strict=True)]
    sprite.polygon([*outline, (wide, high), (0, high)], (92, 138, 74))
    sprite.polygon(
        [(0, high), (wide * 0.1, high * 0.84), (wide * 0.9, high * 0.84), (wide, high)],
        (234, 214, 164),
    )
    center = stage.width * rng.choice([0.4, 0.6])
    stage.place(sprite, center, stage.horizon + 3, haze=0.15)
    for i in range(3):
        tree = plants.palm(stage, rng.uniform(0.2, 0.3) * stage.unit, index=20 + i)
        stage.place(
            tree, center + (i - 1) * wide * 0.22, stage.horizon - high * 0.5, haze=0.1, flip=i == 0
        )


def far_shore(stage: Stage, side: float) -> None:
    """Paint the other side of the water, which is mirrored in it."""
    brief = stage.brief
    rng = brief.stream("far shore")
    base = stage.horizon + 2
    wooded = brief.has("forest", "autumn") or not at_sea(brief)
    if wooded and not brief.has("city", "waterfall") and not brief.lacks("tree", "forest"):
        kind = (
            "pine"
            if brief.has("pine", "winter", "mountains") and not brief.has("autumn")
            else "tree"
        )
        woods.treeline(stage, base, 0.085 * stage.unit, haze=0.3, kind=kind, salt="shore")
    if brief.has("village") and not at_sea(brief):
        townscape.village(
            stage, stage.width * (0.5 - side * 0.16), base, 0.12 * stage.unit, haze=0.15
        )
    if brief.has("bridge"):
        townscape.bridge(stage, stage.row(0.1), rng.uniform(0.26, 0.3) * stage.unit)


def plain(stage: Stage) -> None:
    brief = stage.brief
    if brief.has("desert"):
        land.paint_dunes(stage)
    else:
        land.paint_ground(stage)
    if brief.has("river"):
        water.paint_river(stage)
    if brief.has("road", "city"):
        land.paint_road(stage)
