"""Bodies for the drawings that are only a head: shoulders, animals that sit, a robot."""

import numpy as np
from PIL import Image

from worker.engines.scene.brief import Color
from worker.engines.scene.canvas import Sprite, oval_points, points
from worker.engines.scene.light import dim, mix, vary

CLOTHES: tuple[Color, ...] = (
    (150, 44, 56),
    (44, 74, 122),
    (58, 104, 88),
    (214, 172, 84),
    (92, 62, 110),
)


def main_color(drawn: Image.Image) -> Color:
    """The colour that covers most of an RGBA picture."""
    values = np.asarray(drawn)
    solid = values[values[..., 3] > 200][:, :3]
    if not len(solid):
        return 128, 128, 128
    bins = (solid >> 5).astype(np.int32) @ np.asarray((64, 8, 1))
    most = np.bincount(bins).argmax()
    red, green, blue = (round(float(value)) for value in solid[bins == most].mean(0))
    return red, green, blue


def with_shoulders(
    head: Image.Image, size: float, rng: np.random.Generator, cloth: Color
) -> Sprite:
    """Head and shoulders, ``size`` pixels tall, cut off below the chest."""
    sprite = Sprite(1.06, 1, size)
    skin = _skin(head)
    sprite.polygon(points("0.43,0.56 0.63,0.56 0.65,0.8 0.41,0.8"), dim(skin, 0.86))
    sprite.blob(
        points(
            "0.06,1.1 0.08,0.9 0.2,0.79 0.42,0.735 0.53,0.8 0.64,0.735 0.86,0.79 0.98,0.9 1.0,1.1"
        ),
        cloth,
    )
    sprite.polygon(
        points("0.42,0.735 0.53,0.86 0.64,0.735 0.66,0.76 0.53,0.91 0.4,0.76"), dim(cloth, 0.7)
    )
    for x, lean in ((0.24, -0.02), (0.82, 0.02)):
        sprite.glaze(
            [(x, 0.86), (x + 0.04, 0.86), (x + lean + 0.03, 1.0), (x + lean, 1.0)],
            dim(cloth, 0.6),
            0.5,
            blur=0.015,
        )
    sprite.paste(head, 0.53, 0.7, 0.7)
    return sprite


def _skin(head: Image.Image) -> Color:
    """The colour of a face, taken where the chin is."""
    x, y = head.width // 2, round(head.height * 0.9)
    red, green, blue, alpha = (int(value) for value in head.getpixel((x, y)))  # type: ignore[union-attr]
    return (red, green, blue) if alpha > 200 else main_color(head)


def sitting(head: Image.Image, size: float, rng: np.random.Generator) -> Sprite:
    """An animal that sits and looks at the viewer."""
    sprite = Sprite(0.86, 1, size)
    coat = main_color(head)
    belly = mix(coat, (255, 250, 240), 0.62)
    dark = dim(coat, 0.72)
    tail = [(0.6, 0.9), (0.76, 0.86), (0.8, 0.7), (0.74, 0.56)]
    sprite.taper(tail, [0.1, 0.13, 0.12, 0.04], dim(coat, 0.88))
    sprite.blob(
        points("0.43,0.4 0.6,0.52 0.68,0.74 0.68,0.94 0.43,0.99 0.18,0.94 0.18,0.74 0.26,0.52"),
        coat,
    )
    for x in (0.21, 0.65):
        sprite.blob(oval_points(x, 0.88, 0.12, 0.11), dim(coat, 0.93))
    sprite.blob(points("0.43,0.5 0.53,0.6 0.55,0.78 0.43,0.9 0.31,0.78 0.33,0.6"), belly)
    for x in (0.355, 0.505):
        sprite.taper([(x, 0.64), (x, 0.8), (x, 0.95)], [0.09, 0.085, 0.09], dim(coat, 0.97))
        sprite.blob(oval_points(x, 0.955, 0.062, 0.042), mix(coat, (255, 250, 240), 0.35))
        for dx in (-0.018, 0.018):
            sprite.line([(x + dx, 0.945), (x + dx, 0.985)], 0.008, dark)
    sprite.paste(head, 0.43, 0.57, 0.57)
    return sprite


def of_metal(head: Image.Image, size: float, rng: np.random.Generator) -> Sprite:
    """A robot from head to foot."""
    sprite = Sprite(0.84, 1, size)
    metal: Color = main_color(head)
    dark, pale = dim(metal, 0.62), mix(metal, (255, 255, 255), 0.35)
    for x in (0.33, 0.51):
        sprite.box(x - 0.045, 0.78, x + 0.045, 0.94, dark)
        sprite.blob(oval_points(x, 0.95, 0.085, 0.05), metal)
    for side in (-1, 1):
        arm = [(0.42 + side * 0.24, 0.52), (0.42 + side * 0.34, 0.62), (0.42 + side * 0.33, 0.74)]
        sprite.taper(arm, [0.07, 0.06, 0.06], dark)
        sprite.blob(oval_points(0.42 + side * 0.33, 0.77, 0.05, 0.05), metal)
    sprite.polygon(points("0.2,0.46 0.64,0.46 0.61,0.82 0.23,0.82"), metal)
    sprite.polygon(points("0.28,0.53 0.56,0.53 0.55,0.7 0.29,0.7"), pale)
    sprite.oval(0.36, 0.61, 0.04, 0.04, (214, 70, 60))
    sprite.oval(0.47, 0.61, 0.04, 0.04, (240, 190, 70))
    for x in (0.3, 0.36, 0.42, 0.48, 0.54):
        sprite.box(x - 0.012, 0.745, x + 0.012, 0.785, dark)
    sprite.box(0.37, 0.42, 0.47, 0.48, dark)
    sprite.paste(head, 0.42, 0.45, 0.44)
    return sprite


def clothes(rng: np.random.Generator) -> Color:
    return vary(rng, CLOTHES[int(rng.integers(len(CLOTHES)))], 8)
