"""Things to draw, as outlines: trees, houses, boats, birds, flowers, faces.

Every function returns layers from back to front. A layer is a role ("leaf", "roof") and its
outlines; what a role looks like is for the hand that paints it.
"""

from dataclasses import dataclass

import numpy as np

from devtools.demo.canvas import Points, Rng, points, ribbon, smooth


@dataclass(frozen=True)
class Layer:
    """Outlines that are painted together."""

    role: str
    outlines: tuple[Points, ...]


def layer(role: str, *outlines: Points) -> Layer:
    return Layer(role, outlines)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    return points((left, top), (right, top), (right, bottom), (left, bottom))


def disc(x: float, y: float, rx: float, ry: float | None = None) -> Points:
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + (ry or rx) * np.sin(angle)], 1).astype(np.float32)


def blob(rng: Rng, x: float, y: float, rx: float, ry: float, rough: float = 0.2) -> Points:
    count = 11
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, 1)
    reach = 1 + rough * rng.uniform(-1, 1, count)
    corners = np.stack([x + rx * reach * np.cos(angle), y + ry * reach * np.sin(angle)], 1)
    return smooth(corners.astype(np.float32))


def ridge(rng: Rng, width: float, y: float, height: float, *, jagged: bool = False) -> Points:
    """Land from a skyline around ``y`` down to the lower edge."""
    count = 9 if jagged else 6
    xs = np.linspace(-0.1, width + 0.1, count)
    ys = y + height * rng.uniform(-1, 1, count)
    if jagged:
        ys[1::2] -= height * 1.5
        xs[1:-1] += rng.uniform(-0.04, 0.04, count - 2)
    line = np.stack([xs, ys], 1).astype(np.float32)
    top = line if jagged else smooth(line, closed=False, per=10)
    return np.concatenate([top, points((width + 0.1, 1.1), (-0.1, 1.1))])


def leaf(x: float, y: float, angle: float, length: float, fat: float = 0.3) -> Points:
    way = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-way[1], way[0]])
    start = np.array([x, y])
    middle = start + way * length * 0.45
    side = across * length * fat / 2
    return smooth(points(start, middle + side, start + way * length, middle - side))


def tree(rng: Rng, x: float, base: float, height: float) -> list[Layer]:
    crown = base - height * 0.68
    trunk = points((x, base + 0.01), (x + height * 0.03, base - height * 0.3), (x, crown))
    branches = [ribbon(smooth(trunk, closed=False), (0.1 * height, 0.06 * height, 0.03 * height))]
    for side in (-1, 1):
        end = (x + side * height * rng.uniform(0.16, 0.26), base - height * rng.uniform(0.6, 0.75))
        line = points((x + 0.02 * height, base - height * 0.32), end)
        branches.append(ribbon(line, (0.045 * height, 0.015 * height)))
    back: list[Points] = []
    front: list[Points] = []
    for index in range(9):
        angle = rng.uniform(0, 2 * np.pi)
        reach = height * 0.24 * rng.uniform(0.5, 1.1)
        size = height * rng.uniform(0.1, 0.17)
        spot = (x + 1.15 * reach * np.cos(angle), crown + 0.75 * reach * np.sin(angle))
        (back if index < 5 else front).append(blob(rng, *spot, size * 1.15, size, 0.25))
    back.append(blob(rng, x, crown, height * 0.24, height * 0.2))
    return [layer("leafdark", *back), layer("trunk", *branches), layer("leaf", *front)]


def pine(x: float, base: float, height: float, lean: float = 0.0) -> Points:
    """One outline: tiers that narrow towards the tip."""
    left, right = [], []
    for tier in range(5):
        low = base - height * (0.1 + 0.17 * tier)
        half = height * 0.2 * (1 - tier / 5.5)
        shift = lean * tier / 5
        left += [(x - half + shift, low), (x - half * 0.42 + shift, low - height * 0.1)]
        right += [(x + half + shift, low), (x + half * 0.42 + shift, low - height * 0.1)]
    stem = 0.02 * height
    foot = [(x - stem, base - height * 0.1), (x - stem, base), (x + stem, base)]
    foot.append((x + stem, base - height * 0.1))
    return points(*foot, *right, (x + lean, base - height), *reversed(left))


def house(x: float, base: float, width: float, height: float) -> list[Layer]:
    eaves = base - height * 0.6
    over = 0.08 * width
    roof = points((x - over, eaves), (x + width / 2, base - height), (x + width + over, eaves))
    chimney = box(x + 0.7 * width, base - height, x + 0.82 * width, eaves - 0.1 * height)
    pane = 0.17 * width
    top = eaves + 0.14 * height
    return [
        layer("dark", chimney),
        layer("wall", box(x, eaves - 0.01, x + width, base)),
        layer("roof", roof),
        layer(
            "window",
            box(x + 0.12 * width, top, x + 0.12 * width + pane, top + pane * 1.25),
            box(x + 0.7 * width, top, x + 0.7 * width + pane, top + pane * 1.25),
        ),
        layer("dark", box(x + 0.42 * width, base - 0.36 * height, x + 0.6 * width, base)),
    ]


def boat(x: float, waterline: float, s: float) -> list[Layer]:
    hull = smooth(
        points((x - s, waterline - 0.2 * s), (x - 0.2 * s, waterline - 0.13 * s),
               (x + 0.75 * s, waterline - 0.16 * s), (x + 1.1 * s, waterline - 0.28 * s)),
        closed=False,
    )  # fmt: skip
    keel = smooth(
        points((x + 0.85 * s, waterline + 0.06 * s), (x, waterline + 0.14 * s),
               (x - 0.75 * s, waterline + 0.08 * s)),
        closed=False,
    )  # fmt: skip
    mast_top = waterline - 2.0 * s
    boom = waterline - 0.36 * s
    main = points((x + 0.06 * s, mast_top), (x + 0.16 * s, waterline - 1.2 * s),
                  (x + 0.75 * s, waterline - 0.42 * s), (x + 0.06 * s, boom))  # fmt: skip
    fore = points((x - 0.06 * s, mast_top + 0.15 * s), (x - 0.5 * s, waterline - 0.8 * s),
                  (x - 0.85 * s, waterline - 0.4 * s), (x - 0.06 * s, boom))  # fmt: skip
    mast = ribbon(points((x, mast_top - 0.1 * s), (x, waterline - 0.1 * s)), 0.05 * s)
    return [
        layer("dark", mast),
        layer("sail", main),
        layer("accent", fore),
        layer("hull", np.concatenate([hull, keel])),
    ]


def ripples(rng: Rng, left: float, right: float, top: float, bottom: float, n: int) -> Layer:
    lines = []
    for depth in np.linspace(0, 1, n):
        y = top + (bottom - top) * depth**1.3
        length = rng.uniform(0.06, 0.2) * (0.4 + depth)
        x = rng.uniform(left, right)
        line = points((x - length, y), (x - length / 3, y - 0.006), (x + length / 3, y + 0.004),
                      (x + length, y))  # fmt: skip
        lines.append(ribbon(smooth(line, closed=False), (0.002, 0.008 + 0.008 * depth, 0.002)))
    return layer("glint", *lines)


def gull(x: float, y: float, span: float, lift: float = 0.3) -> Points:
    line = points((x - span, y - 0.05 * span), (x - span / 2, y - lift * span), (x, y),
                  (x + span / 2, y - lift * span), (x + span, y - 0.1 * span))  # fmt: skip
    return ribbon(smooth(line, closed=False), (0.01, 0.13 * span, 0.2 * span, 0.13 * span, 0.01))


def songbird(x: float, y: float, s: float) -> list[Layer]:
    def at(*pairs: tuple[float, float]) -> Points:
        return points(*((x + px * s, y + py * s) for px, py in pairs))

    body = at((0.42, -0.2), (0.32, -0.3), (0.16, -0.25), (-0.1, -0.1), (-0.4, 0.06), (-0.8, 0.2),
              (-0.8, 0.3), (-0.4, 0.2), (-0.08, 0.29), (0.2, 0.22), (0.36, 0.02))  # fmt: skip
    wing = at((0.14, -0.06), (-0.1, -0.02), (-0.5, 0.14), (-0.2, 0.18), (0.06, 0.14))
    legs = [ribbon(at((px, 0.24), (px + 0.03, 0.42)), 0.03 * s) for px in (-0.02, 0.1)]
    return [
        layer("dark", *legs, at((0.4, -0.22), (0.56, -0.15), (0.39, -0.12))),
        layer("accent", smooth(body)),
        layer("wing", smooth(wing)),
        layer("dark", disc(x + 0.31 * s, y - 0.18 * s, 0.032 * s)),
    ]


def bloom(
    rng: Rng, x: float, y: float, r: float, petals: int = 9, role: str = "petal"
) -> list[Layer]:
    """A flower seen from the front: two rings of petals and a centre."""
    turn = rng.uniform(0, 1)
    rings = []
    for ring, (reach, fat) in enumerate(((1.0, 0.46), (0.72, 0.5))):
        angles = turn + (np.arange(petals) + 0.5 * ring) * 2 * np.pi / petals
        lengths = r * reach * rng.uniform(0.9, 1.08, petals)
        rings.append([leaf(x, y, a, n, fat) for a, n in zip(angles, lengths, strict=True)])
    return [
        layer(role + "dark", *rings[0]),
        layer(role, *rings[1]),
        layer("centre", blob(rng, x, y, 0.26 * r, 0.26 * r, 0.1)),
    ]


def fruit(rng: Rng, x: float, y: float, r: float, *, pear: bool = False) -> list[Layer]:
    body = blob(rng, x, y, r, r * 0.95, 0.04)
    if pear:
        outline = points((0, -1.7), (0.3, -1.45), (0.45, -0.7), (0.95, 0.1), (0.6, 0.9), (0, 1),
                         (-0.6, 0.9), (-0.95, 0.1), (-0.45, -0.7), (-0.3, -1.45))  # fmt: skip
        body = smooth(points((x, y)) + outline * r)
    top = y - r * (1.65 if pear else 0.85)
    stalk = points((x, top + 0.1 * r), (x + 0.1 * r, top - 0.35 * r))
    return [layer("dark", ribbon(stalk, 0.1 * r)), layer("fruit" if pear else "accent", body)]


def sky(width: float) -> Layer:
    return layer("sky", box(-0.1, -0.1, width + 0.1, 1.1))
