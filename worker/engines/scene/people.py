"""A portrait: head and shoulders."""

from worker.engines.scene.canvas import Sprite, mirrored, oval_points, points
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.stage import Stage
from worker.engines.scene.words import Color

SKINS: tuple[Color, ...] = ((240, 204, 176), (222, 176, 140), (176, 124, 88), (116, 78, 56))
HAIRS: tuple[Color, ...] = (
    (48, 34, 32),
    (96, 58, 38),
    (178, 120, 62),
    (146, 62, 40),
    (196, 190, 184),
)
CLOTHES: tuple[Color, ...] = (
    (150, 44, 56),
    (44, 74, 122),
    (58, 104, 88),
    (214, 172, 84),
    (92, 62, 110),
)


def portrait(stage: Stage, size: float, *, kind: str = "person") -> Sprite:
    """``kind`` is "woman", "man" or, to leave it to the seed, "person"."""
    rng = stage.brief.stream("portrait")
    sprite = Sprite(1.1, 1.16, size)
    skin = vary(rng, SKINS[int(rng.integers(len(SKINS)))], 5)
    hair = vary(rng, HAIRS[int(rng.integers(len(HAIRS)))], 6)
    cloth = stage.color(kind, vary(rng, CLOTHES[int(rng.integers(len(CLOTHES)))], 8))
    woman = kind == "woman" or (kind == "person" and rng.random() < 0.5)
    if woman:
        _long_hair(sprite, hair)
    _shoulders(sprite, skin, cloth, woman=woman)
    _head(sprite, skin, woman=woman)
    _features(
        sprite,
        skin,
        hair,
        ((72, 104, 78), (84, 118, 150), (92, 60, 38))[int(rng.integers(3))],
        woman=woman,
    )
    _front_hair(sprite, hair, woman=woman, beard=not woman and rng.random() < 0.45)
    if woman and rng.random() < 0.5:
        for x in (0.335, 0.755):
            sprite.oval(x, 0.565, 0.016, 0.022, (240, 214, 120))
    return sprite


def _long_hair(sprite: Sprite, hair: Color) -> None:
    sprite.blob(
        points(
            "0.55,0.05 0.74,0.09 0.84,0.28 0.86,0.55 0.9,0.82 0.78,0.95 0.55,0.9 "
            "0.3,0.95 0.2,0.82 0.25,0.55 0.26,0.28 0.36,0.09"
        ),
        dim(hair, 0.78),
    )
    for k in range(7):
        for side in (-1, 1):
            x = 0.55 + side * (0.2 + 0.02 * k)
            path = [(x, 0.3), (x + side * 0.03, 0.55), (x + side * 0.045, 0.75), (x, 0.94)]
            sprite.strand(path, 0.012, dim(hair, (1.15, 0.6)[k % 2]))


def _shoulders(sprite: Sprite, skin: Color, cloth: Color, *, woman: bool) -> None:
    wide = 0.0 if woman else 0.05
    shade = dim(skin, 0.8)
    half = [(0.0, 0.84), (0.19, 0.86), (0.35 + wide, 0.96), (0.47 + wide, 1.2), (0.0, 1.3)]
    sprite.blob(mirrored(half, 0.55), cloth)
    neck = 0.095 if woman else 0.125
    sprite.polygon(
        [
            (0.55 - neck, 0.62),
            (0.55 + neck, 0.62),
            (0.55 + neck * 1.25, 0.9),
            (0.55 - neck * 1.25, 0.9),
        ],
        shade,
    )
    if woman:
        sprite.blob(
            points("0.42,0.86 0.55,0.83 0.68,0.86 0.66,0.98 0.55,1.06 0.44,0.98"),
            skin,
        )
        sprite.line(
            points("0.4,0.87 0.45,0.99 0.55,1.06 0.65,0.99 0.7,0.87"),
            0.022,
            dim(cloth, 1.2),
        )
    else:
        sprite.polygon([(0.43, 0.84), (0.67, 0.84), (0.55, 1.0)], skin)
        for side in (-1, 1):
            collar = [
                (0.55 + side * 0.13, 0.82),
                (0.55 + side * 0.19, 0.92),
                (0.55 + side * 0.06, 1.02),
                (0.55, 1.0),
            ]
            sprite.polygon(collar, mix(cloth, (250, 248, 242), 0.8))
        sprite.line([(0.55, 1.0), (0.55, 1.16)], 0.012, dim(cloth, 0.6))
    for side in (-1, 1):
        fold = [(0.55 + side * 0.3, 0.98), (0.55 + side * 0.26, 1.16), (0.55 + side * 0.34, 1.16)]
        sprite.glaze(fold, dim(cloth, 0.5), 0.7, blur=0.02)
    sprite.glaze(
        points("0.44,0.68 0.66,0.68 0.64,0.78 0.55,0.81 0.46,0.78"),
        dim(skin, 0.5),
        0.55,
        blur=0.02,
    )


def _head(sprite: Sprite, skin: Color, *, woman: bool) -> None:
    jaw = 0.13 if woman else 0.165
    for x in (0.33, 0.77):
        sprite.oval(x, 0.45, 0.035, 0.06, dim(skin, 0.86))
    cheek = 0.165 if woman else 0.18
    half = [
        (0.0, 0.12),
        (0.13, 0.15),
        (0.21, 0.28),
        (0.212, 0.44),
        (cheek, 0.58),
        (jaw, 0.655),
        (jaw * 0.45, 0.73),
        (0.0, 0.745),
    ]
    sprite.blob(mirrored(half, 0.55), skin)
    dark, blush = dim(skin, 0.62), mix(skin, (214, 96, 84), 0.5)
    sprite.glaze(
        points("0.66,0.2 0.78,0.3 0.77,0.5 0.7,0.68 0.6,0.75 0.67,0.6 0.7,0.42"),
        dark,
        0.55,
        blur=0.03,
    )
    for x in (0.42, 0.68):
        sprite.glaze(oval_points(x, 0.555, 0.065, 0.045), blush, 0.5, blur=0.02)
    sprite.glaze(oval_points(0.47, 0.25, 0.09, 0.05), (255, 250, 240), 0.3, blur=0.03)


def _features(sprite: Sprite, skin: Color, hair: Color, iris: Color, *, woman: bool) -> None:
    dark = dim(skin, 0.55)
    for side in (-1, 1):
        x = 0.55 + side * 0.105
        sprite.glaze(oval_points(x, 0.425, 0.075, 0.05), dark, 0.5, blur=0.016)
        white = [
            (x - 0.058, 0.435),
            (x - 0.025, 0.41),
            (x + 0.025, 0.41),
            (x + 0.058, 0.435),
            (x + 0.02, 0.456),
            (x - 0.02, 0.456),
        ]
        sprite.blob(white, (246, 242, 236))
        sprite.oval(x + 0.004, 0.431, 0.026, 0.026, iris)
        sprite.oval(x + 0.004, 0.431, 0.0125, 0.0125, (20, 16, 18))
        sprite.oval(x - 0.006, 0.422, 0.007, 0.007, (255, 255, 255))
        lid = [(x - 0.062, 0.437), (x - 0.026, 0.407), (x + 0.026, 0.407), (x + 0.062, 0.434)]
        sprite.line(lid, 0.014 if woman else 0.01, (44, 30, 30))
        sprite.line([(x - 0.05, 0.447), (x, 0.461), (x + 0.05, 0.446)], 0.005, dark)
        brow = [(x - side * 0.055, 0.362), (x + side * 0.01, 0.345), (x + side * 0.068, 0.366)]
        sprite.taper(brow, [0.02, 0.018, 0.006] if woman else [0.03, 0.028, 0.01], dim(hair, 0.8))
    sprite.glaze([(0.565, 0.4), (0.6, 0.53), (0.575, 0.56), (0.55, 0.5)], dark, 0.6, blur=0.012)
    sprite.glaze(
        [(0.54, 0.38), (0.552, 0.38), (0.556, 0.53), (0.54, 0.53)],
        (255, 250, 240),
        0.35,
        blur=0.008,
    )
    sprite.line(points("0.51,0.545 0.527,0.56 0.55,0.563 0.575,0.56 0.592,0.545"), 0.01, dark)
    for x in (0.528, 0.573):
        sprite.oval(x, 0.555, 0.01, 0.006, dim(skin, 0.4))
    lip = mix(skin, (186, 52, 58), 0.7 if woman else 0.35)
    sprite.blob(
        points("0.475,0.635 0.53,0.617 0.55,0.623 0.57,0.617 0.625,0.633 0.55,0.642"),
        dim(lip, 0.86),
    )
    sprite.blob(
        points("0.48,0.637 0.55,0.643 0.62,0.635 0.585,0.667 0.55,0.674 0.515,0.667"),
        lip,
    )
    sprite.line(
        points("0.472,0.633 0.51,0.638 0.55,0.642 0.59,0.638 0.628,0.63"),
        0.008,
        dim(lip, 0.5),
    )
    sprite.glaze(oval_points(0.55, 0.69, 0.04, 0.012), dark, 0.5, blur=0.01)


def _front_hair(sprite: Sprite, hair: Color, *, woman: bool, beard: bool) -> None:
    bright = dim(hair, 1.3)
    if beard:
        sprite.glaze(
            points(
                "0.345,0.5 0.39,0.6 0.46,0.6 0.55,0.59 0.64,0.6 0.71,0.6 0.755,0.5 "
                "0.74,0.64 0.66,0.76 0.55,0.8 0.44,0.76 0.36,0.64"
            ),
            hair,
            0.92,
            blur=0.006,
        )
        lip = (176, 92, 84)
        sprite.blob([(0.5, 0.64), (0.55, 0.632), (0.6, 0.64), (0.55, 0.662)], lip)
    if woman:
        right = points(
            "0.5,0.08 0.64,0.08 0.76,0.2 0.79,0.42 0.755,0.5 0.73,0.34 0.64,0.24 0.53,0.16"
        )
        sprite.blob(right, hair)
        sprite.blob([(1.1 - x, y) for x, y in right], hair)
        for k in range(6):
            for side in (-1, 1):
                path = [(0.01, 0.1 + 0.012 * k), (0.13 + 0.016 * k, 0.17), (0.22, 0.4)]
                shade = (bright, dim(hair, 0.7))[k % 2]
                sprite.strand([(0.55 + side * x, y) for x, y in path], 0.01, shade)
        return
    sprite.blob(
        points(
            "0.335,0.4 0.31,0.26 0.36,0.13 0.48,0.06 0.62,0.055 0.74,0.12 0.79,0.26 0.765,0.4 "
            "0.75,0.3 0.7,0.22 0.6,0.2 0.5,0.215 0.42,0.2 0.36,0.28"
        ),
        hair,
    )
    for k in range(9):
        x = 0.38 + 0.045 * k
        path = [(x - 0.02, 0.22 - 0.02 * (k % 3)), (x + 0.01, 0.13), (0.5 + 0.6 * (x - 0.5), 0.07)]
        sprite.strand(path, 0.014, (bright, dim(hair, 0.7))[k % 2])
