"""Cat, dog and horse, each in its most recognisable view."""

from collections.abc import Sequence

from worker.engines.scene.canvas import Point, Sprite, oval_points, points
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.stage import Stage
from worker.engines.scene.words import Color

COATS: dict[str, tuple[Color, ...]] = {
    "cat": ((214, 138, 66), (120, 116, 120), (64, 58, 62), (226, 214, 196)),
    "dog": ((176, 118, 66), (212, 170, 110), (94, 68, 52), (228, 218, 204)),
    "horse": ((126, 74, 46), (88, 58, 44), (176, 128, 82), (214, 208, 202)),
    "bird": ((70, 110, 180), (190, 84, 60), (216, 168, 60), (92, 110, 96)),
    "fish": ((238, 122, 46), (236, 190, 60), (90, 140, 214), (214, 70, 70)),
    "butterfly": ((240, 146, 40), (70, 120, 214), (226, 90, 120), (244, 206, 80)),
}


def coat(stage: Stage, kind: str, index: int = 0) -> Color:
    rng = stage.brief.stream(f"{kind} coat {index}")
    colors = COATS[kind]
    return stage.color(kind, vary(rng, colors[int(rng.integers(len(colors)))], 8))


def cat(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """Sitting, looking at you."""
    sprite = Sprite(0.92, 1, size)
    fur = coat(stage, "cat", index)
    dark, pale = dim(fur, 0.62), mix(fur, (255, 250, 240), 0.6)
    sprite.taper(
        points("0.6,0.92 0.78,0.93 0.87,0.8 0.82,0.64 0.86,0.54"),
        [0.1, 0.1, 0.09, 0.08, 0.05],
        dim(fur, 0.86),
    )
    sprite.blob(
        points(
            "0.41,0.34 0.56,0.42 0.66,0.62 0.71,0.84 0.64,0.98 0.41,0.985 0.18,0.98 "
            "0.11,0.84 0.16,0.62 0.26,0.42"
        ),
        fur,
    )
    sprite.glaze(oval_points(0.64, 0.84, 0.1, 0.16), dark, 0.4, blur=0.02)
    sprite.glaze(oval_points(0.18, 0.84, 0.1, 0.16), dark, 0.3, blur=0.02)
    sprite.blob(points("0.41,0.42 0.49,0.5 0.47,0.68 0.41,0.76 0.35,0.68 0.33,0.5"), pale)
    for x in (0.33, 0.49):
        sprite.taper([(x, 0.6), (x, 0.8), (x, 0.93)], [0.1, 0.1, 0.105], mix(fur, pale, 0.16))
        sprite.oval(x, 0.955, 0.075, 0.04, pale)
        for dx in (-0.022, 0.022):
            sprite.line([(x + dx, 0.945), (x + dx, 0.985)], 0.007, dark)
    sprite.line([(0.41, 0.68), (0.41, 0.96)], 0.012, dark)
    for side in (-1, 1):
        for y in (0.58, 0.66, 0.74):
            sprite.taper(
                [(0.41 + side * 0.27, y + 0.02), (0.41 + side * 0.17, y)], [0.03, 0.006], dark
            )
    for side in (-1, 1):
        ear = [(0.41 + side * 0.2, 0.2), (0.41 + side * 0.195, 0.0), (0.41 + side * 0.05, 0.12)]
        sprite.polygon(ear, fur)
        inner = [
            (0.41 + side * 0.17, 0.15),
            (0.41 + side * 0.175, 0.05),
            (0.41 + side * 0.09, 0.12),
        ]
        sprite.polygon(inner, (222, 150, 142))
    sprite.blob(
        points(
            "0.41,0.085 0.54,0.11 0.62,0.22 0.64,0.31 0.55,0.41 0.41,0.44 0.27,0.41 "
            "0.18,0.31 0.2,0.22 0.28,0.11"
        ),
        fur,
    )
    for dx in (-0.06, 0.0, 0.06):
        sprite.taper([(0.41 + dx, 0.1), (0.41 + dx * 0.7, 0.175)], [0.024, 0.008], dark)
    for side in (-1, 1):
        sprite.taper([(0.41 + side * 0.21, 0.27), (0.41 + side * 0.13, 0.29)], [0.02, 0.005], dark)
        sprite.taper([(0.41 + side * 0.2, 0.33), (0.41 + side * 0.13, 0.325)], [0.02, 0.005], dark)
        sprite.oval(0.41 + side * 0.055, 0.355, 0.07, 0.055, pale)
        eye(sprite, 0.41 + side * 0.095, 0.25, 0.05, (132, 176, 74), slit=True)
    sprite.polygon([(0.375, 0.305), (0.445, 0.305), (0.41, 0.34)], (206, 112, 112))
    sprite.line([(0.41, 0.335), (0.41, 0.365)], 0.009, (70, 44, 44))
    sprite.line([(0.41, 0.362), (0.375, 0.385), (0.345, 0.375)], 0.009, (70, 44, 44))
    sprite.line([(0.41, 0.362), (0.445, 0.385), (0.475, 0.375)], 0.009, (70, 44, 44))
    for side in (-1, 1):
        for dy in (-0.03, 0.0, 0.03):
            sprite.line(
                [(0.41 + side * 0.09, 0.35 + dy * 0.4), (0.41 + side * 0.32, 0.345 + dy * 1.6)],
                0.006,
                (250, 246, 238),
            )
    return sprite


def eye(sprite: Sprite, x: float, y: float, r: float, iris: Color, *, slit: bool = False) -> None:
    sprite.oval(x, y, r * 1.16, r * 1.06, (36, 28, 28))
    sprite.oval(x, y, r, r * 0.9, iris)
    sprite.oval(x, y, r * (0.3 if slit else 0.55), r * (0.82 if slit else 0.55), (18, 14, 16))
    sprite.oval(x - r * 0.3, y - r * 0.32, r * 0.24, r * 0.24, (255, 255, 255))


def dog(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """Sitting, ears hanging, tongue out."""
    sprite = Sprite(0.92, 1, size)
    fur = coat(stage, "dog", index)
    dark, pale = dim(fur, 0.6), mix(fur, (255, 250, 240), 0.62)
    sprite.taper([(0.62, 0.93), (0.78, 0.86), (0.84, 0.7)], [0.09, 0.07, 0.03], fur)
    sprite.blob(
        points(
            "0.42,0.36 0.57,0.44 0.66,0.64 0.72,0.86 0.66,0.98 0.42,0.985 0.18,0.98 "
            "0.12,0.86 0.18,0.64 0.27,0.44"
        ),
        fur,
    )
    for side in (-1, 1):
        sprite.glaze(oval_points(0.42 + side * 0.23, 0.85, 0.1, 0.14), dark, 0.35, blur=0.02)
    sprite.blob(points("0.42,0.44 0.52,0.52 0.5,0.7 0.42,0.8 0.34,0.7 0.32,0.52"), pale)
    for x in (0.33, 0.51):
        sprite.taper([(x, 0.58), (x, 0.8), (x, 0.93)], [0.12, 0.105, 0.1], mix(fur, pale, 0.12))
        sprite.oval(x, 0.955, 0.085, 0.04, pale)
        for dx in (-0.025, 0.025):
            sprite.line([(x + dx, 0.945), (x + dx, 0.985)], 0.008, dark)
    sprite.line([(0.42, 0.7), (0.42, 0.96)], 0.014, dark)
    sprite.taper([(0.27, 0.475), (0.42, 0.52), (0.57, 0.475)], [0.045, 0.05, 0.045], (190, 52, 48))
    sprite.oval(0.42, 0.545, 0.03, 0.03, (236, 196, 84))
    sprite.blob(
        points(
            "0.42,0.04 0.54,0.06 0.6,0.16 0.6,0.3 0.52,0.42 0.42,0.45 0.32,0.42 "
            "0.24,0.3 0.24,0.16 0.3,0.06"
        ),
        fur,
    )
    sprite.blob(points("0.42,0.06 0.45,0.16 0.46,0.26 0.38,0.26 0.39,0.16"), pale)
    for side in (-1, 1):
        ear = points("0.12,0.06 0.21,0.07 0.27,0.2 0.285,0.34 0.22,0.4 0.165,0.3 0.16,0.17")
        sprite.blob([(0.42 + side * x, y) for x, y in ear], dark)
    sprite.oval(0.42, 0.345, 0.13, 0.105, pale)
    sprite.blob(points("0.385,0.42 0.455,0.42 0.46,0.5 0.42,0.525 0.38,0.5"), (226, 112, 118))
    sprite.line([(0.42, 0.43), (0.42, 0.5)], 0.008, (178, 72, 84))
    sprite.line(
        points("0.33,0.385 0.375,0.42 0.42,0.4 0.465,0.42 0.51,0.385"),
        0.012,
        (64, 44, 40),
    )
    sprite.blob(
        points("0.42,0.335 0.36,0.3 0.37,0.265 0.42,0.255 0.47,0.265 0.48,0.3"),
        (34, 28, 30),
    )
    sprite.oval(0.4, 0.275, 0.018, 0.01, (150, 146, 150))
    for side in (-1, 1):
        eye(sprite, 0.42 + side * 0.092, 0.205, 0.036, (96, 58, 34))
        sprite.line([(0.42 + side * 0.06, 0.145), (0.42 + side * 0.12, 0.14)], 0.014, dark)
    return sprite


def horse(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """From the side, walking."""
    sprite = Sprite(1.36, 1, size)
    fur = coat(stage, "horse", index)
    dark, mane = dim(fur, 0.66), dim(fur, 0.42)
    leg = dim(fur, 0.8)
    sprite.taper(
        [(0.2, 0.45), (0.1, 0.56), (0.1, 0.72), (0.06, 0.86)], [0.06, 0.1, 0.09, 0.02], mane
    )
    # the far legs
    _leg(sprite, [(0.36, 0.56), (0.43, 0.72), (0.37, 0.84), (0.39, 0.965)], dark, 0.11)
    _leg(sprite, [(0.86, 0.55), (0.95, 0.7), (0.9, 0.82), (0.85, 0.9)], dark, 0.09)
    sprite.blob(
        points(
            "0.2,0.46 0.28,0.375 0.42,0.375 0.58,0.4 0.74,0.365 0.88,0.38 0.95,0.48 "
            "0.92,0.58 0.8,0.645 0.6,0.65 0.42,0.63 0.29,0.64 0.2,0.57"
        ),
        fur,
    )
    sprite.glaze(oval_points(0.58, 0.63, 0.3, 0.06), dark, 0.7, blur=0.03)
    sprite.glaze(oval_points(0.5, 0.42, 0.26, 0.04), (255, 246, 226), 0.3, blur=0.03)
    sprite.blob(
        points(
            "0.76,0.4 0.86,0.27 0.95,0.11 1.03,0.08 1.1,0.16 1.05,0.3 0.98,0.44 0.92,0.58 0.8,0.58"
        ),
        fur,
    )
    _leg(sprite, [(0.27, 0.54), (0.3, 0.7), (0.22, 0.82), (0.24, 0.965)], leg, 0.15)
    _leg(sprite, [(0.84, 0.55), (0.84, 0.72), (0.83, 0.83), (0.82, 0.965)], leg, 0.12)
    sprite.blob(
        points(
            "0.98,0.1 1.05,0.065 1.12,0.1 1.19,0.19 1.27,0.285 1.275,0.335 "
            "1.23,0.36 1.16,0.33 1.08,0.27 1.01,0.22"
        ),
        fur,
    )
    sprite.glaze(oval_points(1.24, 0.32, 0.05, 0.045), dark, 0.8, blur=0.012)
    sprite.oval(1.25, 0.315, 0.01, 0.013, (30, 22, 22))
    sprite.line([(1.2, 0.345), (1.245, 0.345)], 0.007, (40, 28, 26))
    sprite.oval(1.105, 0.165, 0.018, 0.019, (24, 18, 18))
    sprite.oval(1.1, 0.16, 0.006, 0.006, (255, 255, 255))
    sprite.blob([(1.0, 0.1), (1.005, 0.0), (1.045, 0.075)], fur)
    sprite.blob([(1.04, 0.09), (1.055, 0.01), (1.08, 0.09)], dim(fur, 0.86))
    for k in range(8):
        share = k / 7
        x, y = 1.0 - 0.22 * share, 0.07 + 0.3 * share
        sprite.taper(
            [(x + 0.03, y), (x - 0.035, y + 0.05), (x - 0.02, y + 0.14)],
            [0.05, 0.05, 0.012],
            mane if k % 2 else dim(mane, 1.25),
        )
    sprite.taper([(1.04, 0.07), (1.085, 0.11), (1.1, 0.14)], [0.04, 0.03, 0.01], mane)
    return sprite


def _leg(sprite: Sprite, joints: Sequence[Point], color: Color, thigh: float) -> None:
    sprite.taper(joints, [thigh, 0.06, 0.042, 0.04], color)
    x, y = joints[-1]
    sprite.polygon(
        [
            (x - 0.026, y - 0.03),
            (x + 0.026, y - 0.03),
            (x + 0.045, y + 0.032),
            (x - 0.035, y + 0.032),
        ],
        (46, 38, 36),
    )
