"""Sprites: things drawn with smooth edges, each in its own units."""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from worker.engines.scene.brief import Color

Point = tuple[float, float]
SUPERSAMPLING = 2


@cache
def points(text: str) -> tuple[Point, ...]:
    """Points written as in an SVG ``points`` attribute: "0.1,0.2 0.3,0.4"."""
    return tuple((float(x), float(y)) for x, y in (pair.split(",") for pair in text.split()))


def mirrored(half: Sequence[Point], axis: float) -> list[Point]:
    """A closed outline from its right half, given as distances from ``axis`` and rows."""
    right = [(axis + x, y) for x, y in half]
    return right + [(axis - x, y) for x, y in reversed(half) if x]


def curve(outline: Sequence[Point], *, closed: bool = False, steps: int = 8) -> list[Point]:
    """A smooth (Catmull-Rom) line through ``outline``."""
    knots = np.asarray(outline, np.float64)
    if len(knots) < 3:
        return [(float(x), float(y)) for x, y in knots]
    if closed:
        padded = np.vstack([knots[-1], knots, knots[:2]])
    else:
        padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
               + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(before, start, end, after, strict=True)
    ]  # fmt: skip
    line = np.vstack([*pieces, knots[:1] if closed else knots[-1:]])
    return [(float(x), float(y)) for x, y in line]


class Sprite:
    """A thing drawn on a transparent ground.

    Coordinates are in the sprite's own units, x to the right and y down from the top left corner;
    ``unit`` is the number of picture pixels in one unit. Parts drawn with ``lit`` emit light and
    get no shade from the scene.
    """

    def __init__(self, width: float, height: float, unit: float) -> None:
        self.width, self.height, self.unit = width, height, unit
        self._scale = unit * SUPERSAMPLING
        size = (max(2, round(width * self._scale)), max(2, round(height * self._scale)))
        self.solid = Image.new("RGBA", size)
        self._draw = ImageDraw.Draw(self.solid)
        self.lamp: Image.Image | None = None

    @classmethod
    def of(cls, drawn: Image.Image, height: float) -> "Sprite":
        """A sprite ``height`` pixels tall of an RGBA picture; its unit is its height."""
        sprite = cls(drawn.width / drawn.height, 1, height)
        sprite.solid = drawn if drawn.size == sprite.solid.size else drawn.resize(sprite.solid.size)
        sprite._draw = ImageDraw.Draw(sprite.solid)
        return sprite

    def paste(self, drawn: Image.Image, x: float, foot: float, height: float) -> None:
        """Put an RGBA picture on the sprite: its middle at ``x``, its foot at ``foot``."""
        tall = max(1, round(height * self._scale))
        wide = max(1, round(tall * drawn.width / drawn.height))
        fitted = drawn.resize((wide, tall), Image.Resampling.LANCZOS)
        left, top = round(x * self._scale - wide / 2), round(foot * self._scale - tall)
        # What hangs over the edge is cut off.
        crop = (max(0, -left), max(0, -top))
        self.solid.alpha_composite(fitted, (max(0, left), max(0, top)), crop)

    def polygon(self, outline: Iterable[Point], fill: Color, *, lit: bool = False) -> None:
        self._pen(lit).polygon(self._pixels(outline), fill=(*fill, 255))

    def blob(self, outline: Sequence[Point], fill: Color, *, lit: bool = False) -> None:
        """A closed smooth shape through ``outline``."""
        self.polygon(curve(outline, closed=True), fill, lit=lit)

    def oval(
        self, x: float, y: float, rx: float, ry: float, fill: Color, *, lit: bool = False
    ) -> None:
        s = self._scale
        box = ((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s)
        self._pen(lit).ellipse(box, fill=(*fill, 255))

    def box(
        self, x0: float, y0: float, x1: float, y1: float, fill: Color, *, lit: bool = False
    ) -> None:
        self.polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), fill, lit=lit)

    def line(self, outline: Sequence[Point], width: float, fill: Color) -> None:
        """A smooth stroke of even ``width`` (units)."""
        thick = max(1, round(width * self._scale))
        self._draw.line(self._pixels(curve(outline)), fill=(*fill, 255), width=thick, joint="curve")

    def taper(self, outline: Sequence[Point], widths: Sequence[float], fill: Color) -> None:
        """A smooth limb through ``outline``, as wide (units) at each of them as ``widths`` says."""
        line = np.asarray(curve(outline))
        at = np.linspace(0, len(widths) - 1, len(line))
        half = np.interp(at, np.arange(len(widths)), widths) / 2
        ahead = np.gradient(line, axis=0)
        length = np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)
        normal = np.stack([-ahead[:, 1], ahead[:, 0]], 1) / length[:, None] * half[:, None]
        rim = np.vstack([line + normal, (line - normal)[::-1]])
        self.polygon([(float(x), float(y)) for x, y in rim], fill)
        for end in (0, -1):
            self.oval(float(line[end, 0]), float(line[end, 1]), half[end], half[end], fill)

    def cut(self, outline: Iterable[Point]) -> None:
        """Make a hole."""
        self._draw.polygon(self._pixels(outline), fill=(0, 0, 0, 0))

    def glaze(
        self, outline: Iterable[Point], fill: Color, opacity: float, *, blur: float = 0.0
    ) -> None:
        """Lay a soft transparent colour over what is already drawn, never outside it."""
        pixels = np.asarray(self._pixels(outline))
        radius = blur * self._scale
        (left, top), (right, bottom) = (
            pixels.min(0) - 3 * radius - 1,
            pixels.max(0) + 3 * radius + 2,
        )
        width, height = self.solid.size
        box = (
            max(0, int(left)),
            max(0, int(top)),
            min(width, int(right)),
            min(height, int(bottom)),
        )
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        inside = [(float(x), float(y)) for x, y in pixels - box[:2]]
        ImageDraw.Draw(mask).polygon(inside, fill=round(255 * opacity))
        if blur:
            # Blurred small: the result is as smooth and a sixteenth of the work.
            small = mask.reduce(4).filter(ImageFilter.GaussianBlur(radius / 4))
            mask = small.resize(mask.size, Image.Resampling.BILINEAR)
        mask = ImageChops.multiply(mask, self.solid.crop(box).getchannel("A"))
        self.solid.paste((*fill, 255), box, mask)

    def strand(
        self, outline: Sequence[Point], width: float, fill: Color, opacity: float = 0.6
    ) -> None:
        """A transparent stroke over what is already drawn: a hair, a fold, a fibre."""
        line = np.asarray(curve(outline))
        half = np.array([width / 2, 0.0])
        self.glaze(
            [(float(x), float(y)) for x, y in (*(line - half), *(line + half)[::-1])], fill, opacity
        )

    def _pen(self, lit: bool) -> ImageDraw.ImageDraw:
        if not lit:
            return self._draw
        if self.lamp is None:
            self.lamp = Image.new("RGBA", self.solid.size)
        return ImageDraw.Draw(self.lamp)

    def _pixels(self, outline: Iterable[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in outline]


def oval_points(x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> list[Point]:
    """The outline of an ellipse, turned by ``angle`` radians."""
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    dx, dy = rx * np.cos(turn), ry * np.sin(turn)
    cos, sin = np.cos(angle), np.sin(angle)
    return [
        (float(x + a * cos - b * sin), float(y + a * sin + b * cos))
        for a, b in zip(dx, dy, strict=True)
    ]
