"""The stage: the unfinished picture, and how things are placed on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from worker.engines.scene.brief import Brief, Color
from worker.engines.scene.canvas import SUPERSAMPLING, Point, Sprite
from worker.engines.scene.light import Light
from worker.engines.scene.noise import Array, fractal, shifted


@dataclass
class Stage:
    """The unfinished picture: the brief, the light, and where things are.

    ``horizon`` and ``ground_end`` are pixel rows; ``sun`` is the position of the sun or moon;
    ``unit`` is the length for sizes of things (about the shorter side), in pixels.
    """

    brief: Brief
    light: Light
    image: Image.Image
    horizon: int
    sun: Point
    grain: Array
    # Where on the plain nothing grows, shape (height, width); None until there is such a place.
    bare: NDArray[np.bool_] | None = None

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    @property
    def unit(self) -> float:
        return min(self.width, self.height * 1.1) * (1.12 if self.height > self.width * 1.5 else 1)

    @property
    def lit_from_left(self) -> bool:
        return self.sun[0] < self.width / 2

    def row(self, depth: float) -> int:
        """The pixel row of the ground at ``depth`` (0 the horizon, 1 the lower edge)."""
        return round(self.horizon + depth * (self.height - self.horizon))

    def keep_clear(self, cover: Array) -> None:
        """Let nothing grow on a road or river; ``cover`` is (rows below the horizon, width, 1)."""
        bare = np.zeros((self.height, self.width), bool) if self.bare is None else self.bare
        bare[self.horizon :] |= cover[..., 0] > 0.3
        self.bare = bare

    def is_bare(self, x: float, y: float) -> bool:
        row, column = min(int(y), self.height - 1), min(int(x), self.width - 1)
        return self.bare is not None and bool(self.bare[row, column])

    def color(self, concept: str, default: Color) -> Color:
        """The colour that the prompt gave the thing, or ``default``."""
        return self.brief.colors.get(concept, default)

    def pixels(self, top: int, bottom: int) -> Array:
        """A float copy of the rows top..bottom, shape (rows, width, 3), 0..255."""
        return np.asarray(self.image.crop((0, top, self.width, bottom)), np.float32)

    def put_pixels(self, values: NDArray[np.floating], top: int) -> None:
        patch = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
        self.image.paste(patch, (0, top))

    def place(
        self,
        sprite: Sprite,
        x: float,
        base: float,
        *,
        haze: float = 0.0,
        volume: float = 0.35,
        flip: bool = False,
        anchor: float = 0.5,
        fill: float = 0.0,
    ) -> None:
        """Put the sprite's foot (``anchor`` of its width, its lower edge) at pixel (x, base).

        It gets the light of the scene: ambient colour, ``haze`` (0..1) by distance, soft shading
        from the side of the sun (``volume``) and the grain of the paint. ``fill`` (0..1) is extra
        light for a subject that must not disappear in the dark.
        """
        solid = sprite.solid.reduce(SUPERSAMPLING)
        lamp = sprite.lamp.reduce(SUPERSAMPLING) if sprite.lamp else None
        if flip:
            solid = solid.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            lamp = lamp.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if lamp else None
            anchor = 1 - anchor
        left, top = round(x - solid.width * anchor), round(base - solid.height)
        box = solid.getbbox()
        if box is not None:
            part = solid.crop(box)
            self.image.paste(
                self._lit(part, haze, volume, fill),
                (left + box[0], top + box[1]),
                part.getchannel("A"),
            )
        if lamp is not None:
            self.image.paste(lamp, (left, top), lamp)

    def _lit(self, part: Image.Image, haze: float, volume: float, fill: float) -> Image.Image:
        values = np.asarray(part.convert("RGB"), np.float32)
        height, width = values.shape[:2]
        factor = 1 + (0.2 - 0.14 * fill) * (self._grain(height, width) - 0.5)
        if volume:
            factor = factor + volume * _rounding(part.getchannel("A"), self.lit_from_left)
        ambient = np.asarray(self.light.ambient, np.float32) * (1 - fill) + fill
        values = values * factor[..., None] * ambient
        if haze:
            values = values * (1 - haze) + np.asarray(self.light.haze, np.float32) * haze
        return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))

    def _grain(self, height: int, width: int) -> Array:
        rows, columns = self.grain.shape
        if height <= rows and width <= columns:
            return self.grain[:height, :width]
        return np.pad(
            self.grain, ((0, max(0, height - rows)), (0, max(0, width - columns))), mode="wrap"
        )[:height, :width]


def _rounding(alpha: Image.Image, lit_from_left: bool) -> Array:
    """Light on the sunny side of a silhouette and shade on the other, about -1..1."""
    width, height = alpha.size
    step = max(1, min(8, min(width, height) // 12))
    small = alpha.reduce(step)
    radius = max(small.size) / 14
    soft = np.asarray(small.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255
    reach = max(1, round(radius * 0.9))
    side = reach if lit_from_left else -reach
    # The blurred silhouette falls off towards its edges; its slope tells which way they face.
    slope = shifted(soft, 0, -side) - shifted(soft, 0, side)
    slope += 0.6 * (shifted(soft, -reach, 0) - shifted(soft, reach, 0))
    full = Image.fromarray(slope.astype(np.float32)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    sides: Array = np.clip(np.asarray(full, np.float32) * 1.3, -1, 1)
    return sides


def new_stage(
    brief: Brief, light: Light, size: tuple[int, int], horizon: float, sun: Point
) -> Stage:
    """An empty stage; ``horizon`` and ``sun`` are shares of the height and of (width, height)."""
    width, height = size
    grain = fractal(brief.stream("grain"), height, width, cells=(24, 24), octaves=4, gain=0.8)
    return Stage(
        brief=brief,
        light=light,
        image=Image.new("RGB", size),
        horizon=round(height * horizon),
        sun=(width * sun[0], height * sun[1]),
        grain=grain,
    )


def glow(stage: Stage, x: float, y: float, radius: float, color: Color, strength: float) -> None:
    """Add a round light at pixel (x, y), fading to nothing at ``radius``."""
    left, top = max(0, int(x - radius)), max(0, int(y - radius))
    right, bottom = min(stage.width, int(x + radius)), min(stage.height, int(y + radius))
    if left >= right or top >= bottom:
        return
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    near = 1 - np.hypot(columns - x, rows - y) / radius
    light = strength * np.clip(near, 0, 1) ** 2
    box = (left, top, right, bottom)
    values = np.asarray(stage.image.crop(box), np.float32)
    # "Screen": light adds up but never clips hard.
    values = 255 - (255 - values) * (1 - light[..., None] * np.asarray(color, np.float32) / 255)
    stage.image.paste(Image.fromarray(values.astype(np.uint8)), (left, top))
