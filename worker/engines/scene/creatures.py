"""Birds, fish and butterflies."""

import numpy as np

from worker.engines.scene.animals import coat, eye
from worker.engines.scene.canvas import Sprite, points
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.stage import Stage


def bird(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A songbird on a twig, from the side."""
    rng = stage.brief.stream(f"bird {index}")
    sprite = Sprite(1.3, 1, size)
    back = coat(stage, "bird", index)
    breast = mix(vary(rng, (236, 176, 110), 14), back, 0.15)
    dark = dim(back, 0.6)
    sprite.taper(
        [(0.0, 0.93), (0.4, 0.88), (0.8, 0.91), (1.3, 0.84)],
        [0.05, 0.055, 0.045, 0.025],
        (98, 72, 52),
    )
    for x, y in ((0.14, 0.86), (1.05, 0.82), (1.2, 0.79)):
        sprite.blob(
            [(x, y), (x + 0.07, y - 0.05), (x + 0.13, y - 0.02), (x + 0.06, y + 0.03)],
            (104, 148, 68),
        )
    sprite.polygon(points("0.3,0.56 0.02,0.7 0.0,0.78 0.08,0.8 0.4,0.7"), dark)
    sprite.polygon([(0.3, 0.6), (0.06, 0.77), (0.1, 0.83), (0.42, 0.7)], dim(back, 0.78))
    for x in (0.58, 0.68):
        sprite.line([(x, 0.76), (x + 0.02, 0.9)], 0.02, (120, 84, 60))
    sprite.blob(
        points("0.27,0.58 0.42,0.38 0.6,0.28 0.76,0.34 0.86,0.48 0.82,0.68 0.66,0.81 0.46,0.78"),
        back,
    )
    sprite.blob(
        points("0.6,0.5 0.76,0.36 0.87,0.46 0.84,0.66 0.68,0.8 0.5,0.77 0.52,0.64"),
        breast,
    )
    sprite.blob(
        points("0.58,0.28 0.66,0.14 0.8,0.09 0.93,0.15 0.97,0.28 0.9,0.42 0.74,0.46"),
        back,
    )
    sprite.blob(points("0.8,0.3 0.9,0.26 0.95,0.32 0.88,0.44 0.76,0.46"), breast)
    sprite.polygon([(0.945, 0.2), (1.11, 0.265), (0.95, 0.285)], (226, 160, 60))
    sprite.polygon([(0.955, 0.255), (1.11, 0.265), (0.95, 0.3)], (180, 116, 42))
    sprite.blob(points("0.24,0.62 0.4,0.44 0.6,0.42 0.68,0.52 0.56,0.64 0.36,0.68"), dark)
    for k in range(4):
        root = (0.62 - 0.03 * k, 0.47 + 0.045 * k)
        bend = (0.44 - 0.04 * k, 0.55 + 0.035 * k)
        feather = [root, bend, (0.24, 0.62 + 0.012 * k)]
        sprite.taper(feather, [0.03, 0.026, 0.01], dim(back, 0.9 + 0.12 * (k % 2)))
    eye(sprite, 0.855, 0.215, 0.034, (60, 40, 30))
    return sprite


def flock(stage: Stage, count: int) -> None:
    """Birds far up, as two bent strokes each."""
    rng = stage.brief.stream("flock")
    sprite = Sprite(stage.width, stage.horizon, 1)
    color = (54, 52, 62) if not stage.light.dark else (16, 20, 34)
    x0, y0 = rng.uniform(0.25, 0.7) * stage.width, rng.uniform(0.3, 0.55) * stage.horizon
    for _ in range(count):
        x, y = x0 + rng.normal(0, 0.15) * stage.unit, y0 + rng.normal(0, 0.1) * stage.unit
        span, lift = rng.uniform(0.018, 0.036) * stage.unit, rng.uniform(0.2, 0.7)
        for side in (-1, 1):
            wing = [
                (x, y),
                (x + side * span * 0.5, y - span * lift),
                (x + side * span, y - span * lift * 0.5),
            ]
            sprite.taper(wing, [span * 0.16, span * 0.13, span * 0.03], color)
    stage.place(sprite, stage.width / 2, stage.horizon, volume=0)


def fish(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """From the side, swimming to the right; ``size`` is its height with fins."""
    rng = stage.brief.stream(f"fish {index}")
    sprite = Sprite(1.6, 1, size)
    skin = coat(stage, "fish", index)
    fin, pale = dim(skin, 0.78), mix(skin, (255, 250, 235), 0.62)
    sprite.blob(
        points("0.42,0.5 0.22,0.22 0.04,0.12 0.1,0.42 0.02,0.62 0.06,0.9 0.24,0.76"),
        fin,
    )
    sprite.blob(points("0.62,0.28 0.8,0.03 1.02,0.06 1.12,0.24 1.0,0.32"), fin)
    sprite.blob([(0.72, 0.74), (0.74, 0.95), (0.88, 0.97), (0.98, 0.76)], fin)
    body = points(
        "0.34,0.5 0.58,0.3 0.9,0.2 1.22,0.27 1.46,0.44 1.5,0.52 1.42,0.62 "
        "1.2,0.74 0.9,0.79 0.58,0.68"
    )
    sprite.blob(body, skin)
    sprite.glaze(
        points("0.4,0.56 0.9,0.62 1.45,0.58 1.2,0.76 0.9,0.8 0.6,0.7"),
        pale,
        0.8,
        blur=0.02,
    )
    if rng.random() < 0.65:
        for x in (0.62, 0.88, 1.13):
            sprite.glaze(
                [(x, 0.15), (x + 0.1, 0.15), (x + 0.075, 0.85), (x - 0.015, 0.85)],
                (250, 246, 236),
                0.9,
            )
    for x in np.arange(0.56, 1.12, 0.1):
        for y in np.arange(0.36, 0.7, 0.09):
            sprite.line([(x - 0.03, y - 0.035), (x + 0.015, y), (x - 0.03, y + 0.035)], 0.009, fin)
    sprite.line([(1.22, 0.33), (1.15, 0.5), (1.22, 0.68)], 0.016, fin)
    sprite.blob([(1.08, 0.54), (0.9, 0.5), (0.84, 0.62), (0.96, 0.68)], fin)
    eye(sprite, 1.33, 0.44, 0.048, (244, 214, 110))
    sprite.line([(1.49, 0.53), (1.44, 0.565), (1.4, 0.56)], 0.012, dim(skin, 0.5))
    return sprite


def butterfly(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """Wings spread, from above."""
    rng = stage.brief.stream(f"butterfly {index}")
    sprite = Sprite(1.3, 1, size)
    wing = coat(stage, "butterfly", index)
    edge, spot = (38, 30, 36), mix(wing, (255, 250, 235), 0.7)
    upper = points("0.02,0.5 0.12,0.22 0.38,0.04 0.58,0.06 0.6,0.24 0.46,0.46 0.2,0.56")
    lower = points("0.02,0.54 0.22,0.54 0.44,0.6 0.48,0.78 0.34,0.95 0.18,0.88 0.06,0.7")
    second = dim(wing, 0.82)
    for side in (-1, 1):
        for shape, color in ((lower, second), (upper, wing)):
            outline = [(0.65 + side * x, y) for x, y in shape]
            sprite.blob(outline, edge)
            middle = np.mean(shape, axis=0)
            inner = [middle + (np.asarray(p) - middle) * 0.8 for p in shape]
            sprite.blob([(0.65 + side * float(x), float(y)) for x, y in inner], color)
        for end in ((0.5, 0.14), (0.54, 0.26), (0.4, 0.44), (0.36, 0.12)):
            sprite.line([(0.65 + side * 0.04, 0.5), (0.65 + side * end[0], end[1])], 0.012, edge)
        for end in ((0.4, 0.72), (0.3, 0.86), (0.16, 0.84)):
            sprite.line([(0.65 + side * 0.04, 0.56), (0.65 + side * end[0], end[1])], 0.01, edge)
        for _ in range(5):
            t = rng.uniform(0.12, 0.5)
            sprite.oval(0.65 + side * (0.3 + t * 0.55), 0.06 + t * 0.55, 0.017, 0.017, spot)
        sprite.oval(0.65 + side * 0.3, 0.76, 0.05, 0.05, spot)
        sprite.oval(0.65 + side * 0.3, 0.76, 0.028, 0.028, edge)
        sprite.line(
            [(0.65, 0.3), (0.65 + side * 0.06, 0.16), (0.65 + side * 0.13, 0.1)], 0.01, edge
        )
        sprite.oval(0.65 + side * 0.13, 0.1, 0.016, 0.016, edge)
    sprite.taper([(0.65, 0.3), (0.65, 0.5), (0.65, 0.8)], [0.05, 0.07, 0.03], edge)
    sprite.oval(0.65, 0.3, 0.04, 0.04, edge)
    return sprite
