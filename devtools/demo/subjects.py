"""Flowers, animals, fruit and a face to paint, in layers from back to front.

``width`` is the picture's width in heights; ``rng`` moves things about a little.
"""

import numpy as np

from devtools.demo.canvas import Points, Rng, points, ribbon, smooth
from devtools.demo.elements import (
    Layer,
    bloom,
    box,
    disc,
    fruit,
    layer,
    leaf,
    ridge,
    ripples,
    sky,
    songbird,
)


def perched_bird(rng: Rng, width: float) -> list[Layer]:
    x, y = width * 0.5, 0.53
    branch = smooth(points((-0.05, 0.82), (width * 0.3, 0.72), (width * 0.6, 0.7),
                           (width + 0.05, 0.56)), closed=False)  # fmt: skip
    twig = smooth(
        points((width * 0.62, 0.7), (width * 0.76, 0.78), (width * 0.86, 0.9)), closed=False
    )
    leaves, blossoms = [], []
    for share in (0.08, 0.2, 0.33, 0.68, 0.8, 0.92, 0.75, 0.83):
        px = width * share
        py = float(np.interp(px, branch[:, 0], branch[:, 1])) if share != 0.83 else 0.84
        leaves += [leaf(px, py, rng.uniform(-2.4, -0.6), rng.uniform(0.1, 0.17), 0.4)]
        leaves += [leaf(px, py, rng.uniform(0.6, 2.3), rng.uniform(0.09, 0.14), 0.4)]
        blossoms.append(disc(px + 0.02, py - 0.03, 0.02))
    return [
        sky(width),
        layer("sun", disc(width * 0.72, 0.26, 0.15)),
        layer("trunk", ribbon(branch, (0.055, 0.035, 0.02)), ribbon(twig, (0.02, 0.008))),
        layer("leaf", *leaves),
        layer("petal", *blossoms),
        *songbird(x, y, 0.43),
    ]


def bouquet(rng: Rng, width: float) -> list[Layer]:
    x = width / 2
    vase = smooth(points((x - 0.07, 0.58), (x - 0.06, 0.64), (x - 0.15, 0.77), (x - 0.1, 0.91),
                         (x + 0.1, 0.91), (x + 0.15, 0.77), (x + 0.06, 0.64),
                         (x + 0.07, 0.58)))  # fmt: skip
    stems, leaves, flowers = [], [], []
    spots = ((-0.24, 0.36, 0.11), (0.25, 0.34, 0.12), (-0.11, 0.2, 0.11), (0.12, 0.17, 0.1),
             (0.0, 0.37, 0.15))  # fmt: skip
    for number, (dx, y, r) in enumerate(spots):
        line = smooth(points((x + dx * 0.1, 0.62), (x + dx * 0.5, 0.5), (x + dx, y)), closed=False)
        stems.append(ribbon(line, 0.012))
        flowers += bloom(rng, x + dx, y, r, 8, ("petal", "accent")[number % 2])
    for dx, angle in ((-0.06, -2.7), (0.06, -0.4), (-0.03, -2.2), (0.04, -0.9), (-0.1, 2.9)):
        leaves.append(leaf(x + dx, 0.52, angle, rng.uniform(0.2, 0.28), 0.35))
    return [
        sky(width),
        layer("table", box(-0.1, 0.8, width + 0.1, 1.1)),
        layer("leafdark", *stems),
        layer("leaf", *leaves),
        *flowers,
        layer("vase", vase),
    ]


def great_bloom(rng: Rng, width: float) -> list[Layer]:
    x, y = width * 0.5, 0.38
    stem = smooth(points((x, y), (x + 0.03, 0.7), (x - 0.02, 1.05)), closed=False)
    return [
        sky(width),
        layer("mid", ridge(rng, width, 0.86, 0.04)),
        layer("leafdark", ribbon(stem, 0.03)),
        layer("leaf", leaf(x + 0.02, 0.82, -0.55, 0.36, 0.45), leaf(x, 0.9, -2.6, 0.4, 0.45)),
        *bloom(rng, x, y, 0.33, 13),
        *bloom(rng, width * 0.14, 0.74, 0.12, 9, "accent"),
        *bloom(rng, width * 0.88, 0.66, 0.1, 9, "accent"),
    ]


def portrait(rng: Rng, width: float) -> list[Layer]:
    x = width * rng.uniform(0.48, 0.53)

    def at(*pairs: tuple[float, float]) -> Points:
        return points(*((x + dx, y) for dx, y in pairs))

    hair = smooth(at((0, 0.12), (0.17, 0.17), (0.23, 0.34), (0.22, 0.55), (0.27, 0.72),
                     (0.1, 0.74), (-0.1, 0.74), (-0.27, 0.7), (-0.23, 0.5), (-0.22, 0.32),
                     (-0.16, 0.17)))  # fmt: skip
    fringe = smooth(at((0.0, 0.13), (0.15, 0.19), (0.18, 0.36), (0.1, 0.27), (-0.02, 0.24),
                       (-0.11, 0.3), (-0.17, 0.42), (-0.18, 0.26), (-0.1, 0.16)))  # fmt: skip
    shoulders = smooth(at((-0.09, 0.69), (0.09, 0.69), (0.28, 0.77), (0.4, 0.92), (0.44, 1.15),
                          (-0.44, 1.15), (-0.4, 0.92), (-0.28, 0.77)))  # fmt: skip
    lines = [
        ribbon(smooth(at((s * 0.05, 0.4), (s * 0.085, 0.41), (s * 0.12, 0.395)), closed=False),
               (0.006, 0.013, 0.004))
        for s in (-1, 1)
    ]  # fmt: skip
    lines += [ribbon(smooth(at((s * 0.045, 0.35), (s * 0.09, 0.335), (s * 0.13, 0.35)),
                            closed=False), (0.006, 0.012, 0.004)) for s in (-1, 1)]  # fmt: skip
    nose = ribbon(smooth(at((0.012, 0.38), (0.03, 0.47), (-0.005, 0.485)), closed=False), 0.008)
    lips = smooth(at((-0.05, 0.55), (-0.015, 0.54), (0, 0.546), (0.015, 0.54), (0.05, 0.55),
                     (0.0, 0.578)))  # fmt: skip
    return [
        sky(width),
        layer("sun", disc(x, 0.36, 0.33)),
        layer("hair", hair),
        layer("cloth", shoulders),
        layer("skin", box(x - 0.065, 0.55, x + 0.065, 0.72), disc(x, 0.41, 0.16, 0.215),
              disc(x, 0.71, 0.075, 0.035)),
        layer("blush", disc(x - 0.095, 0.48, 0.035, 0.025), disc(x + 0.095, 0.48, 0.035, 0.025)),
        layer("dark", *lines, nose),
        layer("accent", lips, disc(x - 0.175, 0.55, 0.02), disc(x + 0.175, 0.55, 0.02)),
        layer("hair", fringe),
    ]  # fmt: skip


def cat(rng: Rng, width: float) -> list[Layer]:
    x, base, s = width * 0.47, 0.88, 0.64

    def at(*pairs: tuple[float, float]) -> Points:
        return points(*((x + dx * s, base + dy * s) for dx, dy in pairs))

    body = at((-0.24, 0), (-0.25, -0.1), (-0.18, -0.36), (-0.24, -0.52), (-0.31, -0.64),
              (-0.28, -0.78), (-0.27, -0.97), (-0.16, -0.87), (-0.07, -0.87), (0.04, -0.98),
              (0.06, -0.78), (0.04, -0.62), (0.17, -0.46), (0.31, -0.26), (0.34, -0.06),
              (0.28, 0.01))  # fmt: skip
    tail = smooth(at((0.26, -0.05), (0.5, -0.02), (0.62, -0.16), (0.56, -0.34), (0.47, -0.3)),
                  closed=False)  # fmt: skip
    whiskers = [ribbon(at((-0.2, -0.64), (-0.2 + dx, -0.64 + dy)), 0.007 * s)
                for dx, dy in ((-0.26, -0.05), (-0.27, 0.03), (0.24, -0.04),
                               (0.24, 0.04))]  # fmt: skip
    panes = [box(width * a, 0.06, width * b, 0.6) for a, b in ((0.08, 0.47), (0.53, 0.92))]
    return [
        sky(width),
        layer("window", *panes),
        layer("moon", disc(width * 0.76, 0.2, 0.09)),
        layer("table", box(-0.1, 0.84, width + 0.1, 1.1)),
        layer("fur", smooth(body, per=4), ribbon(tail, (0.11 * s, 0.1 * s, 0.06 * s))),
        layer("glint", *whiskers),
        layer("accent", leaf(x - 0.22 * s, base - 0.71 * s, 0.2, 0.07 * s, 0.7),
              leaf(x - 0.1 * s, base - 0.71 * s, -0.1, 0.07 * s, 0.7),
              ribbon(at((-0.17, -0.5), (-0.05, -0.46), (0.06, -0.52)), 0.05 * s)),
    ]  # fmt: skip


def fish(rng: Rng, width: float) -> list[Layer]:
    scene = [sky(width), layer("water", box(-0.1, 0.0, width + 0.1, 1.1))]
    scene.append(ripples(rng, 0.0, width, 0.08, 0.95, 12))
    for share, y, s, way in ((0.55, 0.34, 0.25, 1), (0.4, 0.7, 0.19, -1), (0.84, 0.8, 0.1, 1)):
        x = width * share

        def at(*pairs: tuple[float, float], x: float = x, y: float = y, s: float = s * way,
               u: float = s) -> Points:  # fmt: skip
            return points(*((x + px * s, y + py * u) for px, py in pairs))

        body = at((1, 0), (0.6, -0.34), (0, -0.42), (-0.6, -0.2), (-0.8, 0), (-0.6, 0.18),
                  (0, 0.38), (0.6, 0.3))  # fmt: skip
        tail = at((-0.66, 0), (-1.25, -0.42), (-1.1, 0), (-1.25, 0.42))
        stripes = [ribbon(smooth(at((px, -0.34), (px + 0.08, 0), (px, 0.32)), closed=False),
                          (0.02, 0.09 * s, 0.02)) for px in (-0.4, -0.1, 0.2)]  # fmt: skip
        scene += [
            layer("petaldark", tail, smooth(at((0.3, -0.36), (-0.2, -0.68), (-0.4, -0.3)))),
            layer("accent", smooth(body)),
            layer("petal", *stripes),
            layer("window", disc(x + 0.66 * s * way, y - 0.06 * s, 0.09 * s)),
            layer("dark", disc(x + 0.68 * s * way, y - 0.06 * s, 0.045 * s)),
        ]
    weeds = []
    for share in (0.04, 0.1, 0.17, 0.66, 0.95):
        line = points((width * share, 1.05), (width * share + 0.04, 0.85),
                      (width * share - 0.03, 0.7),
                      (width * share + 0.03, rng.uniform(0.45, 0.62)))  # fmt: skip
        weeds.append(ribbon(smooth(line, closed=False), (0.04, 0.03, 0.006)))
    return [*scene, layer("leaf", *weeds), layer("near", ridge(rng, width, 0.96, 0.02))]


def fruit_bowl(rng: Rng, width: float) -> list[Layer]:
    x = width * 0.5
    bowl = smooth(points((x - 0.33, 0.6), (x - 0.22, 0.78), (x - 0.09, 0.84), (x + 0.09, 0.84),
                         (x + 0.22, 0.78), (x + 0.33, 0.6), (x, 0.63)))  # fmt: skip
    return [
        sky(width),
        layer("window", box(0.06, 0.06, 0.22, 0.42), box(0.25, 0.06, 0.41, 0.42)),
        layer("table", box(-0.1, 0.7, width + 0.1, 1.1)),
        *fruit(rng, x - 0.17, 0.53, 0.11),
        *fruit(rng, x + 0.19, 0.54, 0.1),
        *fruit(rng, x + 0.02, 0.48, 0.12, pear=True),
        layer("leaf", leaf(x + 0.04, 0.29, -0.4, 0.14, 0.45)),
        layer("vase", bowl),
        *fruit(rng, x + 0.4 * width, 0.83, 0.09),
        *fruit(rng, x - 0.36 * width, 0.85, 0.08, pear=True),
    ]
