"""Places to paint: what is seen, from back to front, not how it is painted.

``width`` is the picture's width in heights; ``rng`` moves things about a little.
"""

import numpy as np

from devtools.demo.canvas import Points, Rng, points, ribbon, smooth
from devtools.demo.elements import (
    Layer,
    blob,
    boat,
    box,
    disc,
    gull,
    house,
    layer,
    leaf,
    pine,
    ridge,
    ripples,
    sky,
    tree,
)


def lone_tree(rng: Rng, width: float) -> list[Layer]:
    x = width * rng.uniform(0.4, 0.62)
    return [
        sky(width),
        layer("sun", disc(width * 0.2, 0.24, 0.09)),
        layer("far", ridge(rng, width, 0.62, 0.05)),
        layer("mid", ridge(rng, width, 0.74, 0.04)),
        *tree(rng, x, 0.83, 0.66),
        layer("near", ridge(rng, width, 0.87, 0.03)),
    ]


def pines(rng: Rng, width: float) -> list[Layer]:
    back = [pine(x, 0.76, rng.uniform(0.22, 0.36)) for x in np.linspace(0.02, width, 9)]
    front = [pine(width * s, 0.95, h) for s, h in ((0.14, 0.62), (0.84, 0.74), (0.62, 0.42))]
    return [
        sky(width),
        layer("sun", disc(width * 0.46, 0.26, 0.1)),
        layer("far", ridge(rng, width, 0.55, 0.09, jagged=True)),
        layer("leafdark", *back),
        layer("mid", ridge(rng, width, 0.77, 0.03)),
        layer("leaf", *front),
        layer("near", ridge(rng, width, 0.95, 0.02)),
    ]


def village(rng: Rng, width: float) -> list[Layer]:
    scene = [
        sky(width),
        layer("sun", disc(width * 0.78, 0.2, 0.075)),
        layer("far", ridge(rng, width, 0.45, 0.07)),
        layer("leafdark", *(pine(width * s, 0.62, 0.2) for s in (0.06, 0.13, 0.93, 0.5))),
        layer("mid", ridge(rng, width, 0.6, 0.02)),
    ]
    tower = width * 0.38
    scene += [
        layer("wall", box(tower, 0.3, tower + 0.1, 0.66)),
        layer("roof", points((tower - 0.015, 0.31), (tower + 0.05, 0.1), (tower + 0.115, 0.31))),
        layer("dark", disc(tower + 0.05, 0.4, 0.018), box(tower + 0.04, 0.5, tower + 0.06, 0.57)),
    ]
    for share, base, size in ((0.1, 0.68, 0.24), (0.58, 0.67, 0.22), (0.3, 0.78, 0.27),
                              (0.7, 0.8, 0.25)):  # fmt: skip
        scene += house(width * share, base, size, size * rng.uniform(0.95, 1.1))
    path = points(
        (width * 0.5, 0.78), (width * 0.46, 0.86), (width * 0.56, 0.94), (width * 0.5, 1.1)
    )
    scene += [
        layer("near", ridge(rng, width, 0.81, 0.015)),
        layer("path", ribbon(smooth(path, closed=False), (0.04, 0.09, 0.2))),
    ]
    return scene


def sailing(rng: Rng, width: float) -> list[Layer]:
    x = width * rng.uniform(0.42, 0.58)
    return [
        sky(width),
        layer("sun", disc(width * 0.8, 0.22, 0.085)),
        layer("cloud", *(blob(rng, width * s, y, 0.13, 0.035, 0.3)
                         for s, y in ((0.2, 0.17), (0.32, 0.21), (0.62, 0.33)))),
        layer("far", ridge(rng, width, 0.55, 0.04)),
        layer("water", box(-0.1, 0.6, width + 0.1, 1.1)),
        *boat(x - 0.34 * width, 0.645, 0.07),
        ripples(rng, 0.1, width - 0.1, 0.66, 0.97, 11),
        *boat(x, 0.78, 0.25),
        ripples(rng, x - 0.2, x + 0.2, 0.84, 0.9, 4),
    ]  # fmt: skip


def lighthouse(rng: Rng, width: float) -> list[Layer]:
    x = width * 0.66
    tower = points((x - 0.07, 0.72), (x - 0.045, 0.24), (x + 0.045, 0.24), (x + 0.07, 0.72))

    def band(top: float, bottom: float) -> Points:
        half = [0.045 + 0.025 * (y - 0.24) / 0.48 for y in (top, bottom)]
        return points((x - half[0], top), (x + half[0], top), (x + half[1], bottom),
                      (x - half[1], bottom))  # fmt: skip

    rock = smooth(points((x - 0.34, 0.86), (x - 0.22, 0.74), (x - 0.08, 0.69), (x + 0.12, 0.7),
                         (x + 0.27, 0.77), (x + 0.4, 0.88), (x, 0.93)))  # fmt: skip
    return [
        sky(width),
        layer("cloud", *(blob(rng, width * s, y, 0.15, 0.04, 0.3)
                         for s, y in ((0.16, 0.2), (0.3, 0.25), (0.9, 0.4)))),
        layer("glow", points((x, 0.19), (-0.1, 0.02), (-0.1, 0.34))),
        layer("water", box(-0.1, 0.62, width + 0.1, 1.1)),
        *boat(width * 0.2, 0.7, 0.075),
        ripples(rng, 0.1, width - 0.1, 0.72, 0.97, 12),
        layer("near", rock),
        layer("wall", tower),
        layer("accent", band(0.32, 0.42), band(0.53, 0.63)),
        layer("window", box(x - 0.035, 0.16, x + 0.035, 0.24)),
        layer("roof", points((x - 0.055, 0.165), (x, 0.09), (x + 0.055, 0.165)),
              box(x - 0.06, 0.235, x + 0.06, 0.255)),
        layer("dark", *(gull(width * s, y, 0.045) for s, y in ((0.3, 0.42), (0.38, 0.36)))),
    ]  # fmt: skip


def moonrise(rng: Rng, width: float) -> list[Layer]:
    x = width * 0.52
    path = [disc(x + rng.uniform(-0.03, 0.03), y, 0.02 + (y - 0.6) * 0.3, 0.007)
            for y in np.linspace(0.61, 0.86, 8)]  # fmt: skip
    stars = [disc(width * rng.uniform(0, 1), rng.uniform(0.02, 0.42), rng.uniform(0.004, 0.009))
             for _ in range(34)]  # fmt: skip
    reeds = []
    for _ in range(16):
        foot = width * rng.choice([rng.uniform(0, 0.3), rng.uniform(0.76, 1)])
        bend = rng.uniform(-0.05, 0.05)
        top = rng.uniform(0.6, 0.8)
        line = smooth(
            points((foot, 1.02), (foot + bend / 3, 0.88), (foot + bend, top)), closed=False
        )
        reeds += [ribbon(line, (0.014, 0.003)), leaf(foot + bend, top + 0.05, -1.57, 0.1, 0.22)]
    return [
        sky(width),
        layer("star", *stars),
        layer("moon", disc(x, 0.29, 0.14)),
        layer("far", ridge(rng, width, 0.55, 0.035)),
        layer("water", box(-0.1, 0.59, width + 0.1, 1.1)),
        layer("moon", *path),
        layer("near", blob(rng, 0.1, 1.0, 0.34, 0.1), blob(rng, width - 0.05, 1.0, 0.4, 0.11)),
        layer("dark", *reeds),
    ]


def mountain_lake(rng: Rng, width: float) -> list[Layer]:
    peak = width * 0.56
    mountain = points((peak - 0.62, 0.62), (peak - 0.26, 0.33), (peak - 0.17, 0.36), (peak, 0.12),
                      (peak + 0.13, 0.29), (peak + 0.2, 0.26), (peak + 0.6, 0.62))  # fmt: skip
    snow = points((peak, 0.12), (peak + 0.1, 0.25), (peak + 0.05, 0.28), (peak + 0.02, 0.24),
                  (peak - 0.05, 0.31), (peak - 0.08, 0.24))  # fmt: skip
    return [
        sky(width),
        layer("sun", disc(width * 0.16, 0.2, 0.07)),
        layer("cloud", *(blob(rng, width * s, y, 0.14, 0.03, 0.3)
                         for s, y in ((0.85, 0.16), (0.3, 0.3)))),
        layer("far", mountain),
        layer("snow", snow),
        layer("mid", ridge(rng, width, 0.58, 0.04)),
        layer("water", box(-0.1, 0.63, width + 0.1, 1.1)),
        ripples(rng, 0.1, width - 0.1, 0.68, 0.95, 10),
        layer("leaf", *(pine(width * s, 0.9, h)
                        for s, h in ((0.08, 0.42), (0.19, 0.3), (0.93, 0.5)))),
        layer("near", blob(rng, 0.1, 0.98, 0.4, 0.12), blob(rng, width, 1.0, 0.3, 0.15)),
    ]  # fmt: skip


def geese(rng: Rng, width: float) -> list[Layer]:
    flock = [gull(width * s, y, r, 0.34) for s, y, r in
             ((0.3, 0.2, 0.075), (0.42, 0.28, 0.09), (0.55, 0.36, 0.11), (0.66, 0.26, 0.08),
              (0.78, 0.17, 0.07))]  # fmt: skip
    return [
        sky(width),
        layer("sun", disc(width * 0.22, 0.46, 0.12)),
        layer("cloud", *(blob(rng, width * s, y, 0.17, 0.035, 0.3)
                         for s, y in ((0.75, 0.45), (0.9, 0.48)))),
        layer("far", ridge(rng, width, 0.6, 0.05)),
        layer("mid", ridge(rng, width, 0.72, 0.04)),
        layer("leafdark", *(blob(rng, width * s, 0.72, 0.05, 0.06) for s in (0.5, 0.58, 0.86))),
        layer("near", ridge(rng, width, 0.85, 0.03)),
        layer("dark", *flock),
    ]  # fmt: skip


def bridge(rng: Rng, width: float) -> list[Layer]:
    deck = smooth(points((-0.1, 0.56), (width * 0.5, 0.44), (width + 0.1, 0.56)), closed=False)
    body = np.concatenate([deck, points((width + 0.1, 0.74), (-0.1, 0.74))])
    arches = [
        disc(width * s, 0.75, r, r * 1.15) for s, r in ((0.2, 0.13), (0.5, 0.19), (0.8, 0.13))
    ]
    return [
        sky(width),
        layer("sun", disc(width * 0.3, 0.2, 0.08)),
        layer("far", ridge(rng, width, 0.42, 0.06)),
        layer(
            "leafdark", *(blob(rng, width * s, 0.47, 0.09, 0.1) for s in (0.05, 0.18, 0.9, 0.78))
        ),
        layer("wall", body),
        layer("water", *arches),
        layer("roof", ribbon(deck, 0.03)),
        layer("water", box(-0.1, 0.73, width + 0.1, 1.1)),
        ripples(rng, 0.1, width - 0.1, 0.77, 0.97, 11),
        *boat(width * 0.5, 0.84, 0.085),
        layer("leaf", blob(rng, 0.02, 0.95, 0.2, 0.16), blob(rng, width, 0.97, 0.18, 0.18)),
    ]


def windmill(rng: Rng, width: float) -> list[Layer]:
    x, hub = width * 0.6, 0.34
    tower = points((x - 0.12, 0.8), (x - 0.065, 0.34), (x + 0.065, 0.34), (x + 0.12, 0.8))
    arms, sails = [], []
    for quarter in range(4):
        angle = 0.4 + quarter * np.pi / 2
        way, side = (
            np.array([np.cos(angle), np.sin(angle)]),
            np.array([-np.sin(angle), np.cos(angle)]),
        )
        centre = np.array([x, hub])
        arms.append(ribbon(points(centre, centre + 0.34 * way), 0.014))
        near, far = centre + 0.09 * way, centre + 0.33 * way
        sails.append(points(near, far, far + 0.07 * side, near + 0.05 * side))  # fmt: skip
    rows = [ribbon(points((width * s, 1.05), (width * (0.25 + s * 0.45), 0.82)), (0.05, 0.012))
            for s in np.linspace(-0.3, 1.3, 9)]  # fmt: skip
    return [
        sky(width),
        layer("sun", disc(width * 0.2, 0.22, 0.09)),
        layer("cloud", *(blob(rng, width * s, y, 0.14, 0.035, 0.3)
                         for s, y in ((0.3, 0.4), (0.9, 0.16)))),
        layer("far", ridge(rng, width, 0.68, 0.03)),
        layer("mid", ridge(rng, width, 0.78, 0.015)),
        layer("wall", tower),
        layer("roof", smooth(points((x - 0.08, 0.35), (x - 0.05, 0.25), (x + 0.05, 0.25),
                                    (x + 0.08, 0.35)))),
        layer("window", box(x - 0.02, 0.5, x + 0.02, 0.56)),
        layer("dark", box(x - 0.03, 0.69, x + 0.03, 0.8), *arms),
        layer("sail", *sails),
        layer("near", box(-0.1, 0.8, width + 0.1, 1.1)),
        layer("petal", *rows),
    ]  # fmt: skip
