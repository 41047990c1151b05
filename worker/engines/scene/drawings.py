"""The drawings of things: outlines with their paints, from ``drawings.npz``.

``python -m devtools.drawings`` made the file from a font under the SIL Open Font License, which
puts no condition on what is drawn with it; ``drawings.LICENSE.txt`` is that licence.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from worker.engines.scene.noise import Array

FILE = Path(__file__).with_name("drawings.npz")
SOLID, LINEAR, RADIAL = 0, 1, 2
SKIN_TONES = ("\U0001f3fc", "\U0001f3fd", "\U0001f3fe")
# Paints change slowly, so they are computed on every fourth pixel.
COARSE = 4


@dataclass(frozen=True)
class Layer:
    """A shape in one paint. ``contours`` are (points, fills): the second makes a hole if False.

    ``stops`` are rows (offset, red, green, blue, alpha), 0..255; ``paint`` maps a point to the
    offset: the first row of it for a linear paint, the length of both for a radial one.
    """

    contours: tuple[tuple[Array, bool], ...]
    kind: int
    paint: Array
    stops: Array


@dataclass(frozen=True)
class Drawing:
    """``layers`` back to front; ``box`` is (left, bottom, right, top), y up, in font units."""

    layers: tuple[Layer, ...]
    box: tuple[float, float, float, float]

    @property
    def proportion(self) -> float:
        """Width by height."""
        left, bottom, right, top = self.box
        return (right - left) / (top - bottom)

    def draw(self, height: float) -> Image.Image:
        """An RGBA picture of the drawing, ``height`` pixels tall, without a margin."""
        left, bottom, right, top = self.box
        scale = height / (top - bottom)
        size = (max(1, round((right - left) * scale)), max(1, round(height)))
        image = Image.new("RGBA", size)
        pen = ImageDraw.Draw(image)
        for layer in self.layers:
            outlines = [
                (((points - (left, top)) * (scale, -scale)), fills)
                for points, fills in layer.contours
            ]
            opaque = layer.kind == SOLID and layer.stops[0, 4] == 255
            if opaque and len(outlines) == 1:
                pen.polygon(outlines[0][0].ravel().tolist(), fill=_rgba(layer.stops[0]))
                continue
            _lay(image, layer, outlines, (left, top, scale))
        return image


def _lay(
    image: Image.Image,
    layer: Layer,
    outlines: list[tuple[Array, bool]],
    place: tuple[float, float, float],
) -> None:
    """Put a layer with holes, a transparent one or one with a changing paint on ``image``."""
    corners = np.vstack([points for points, _ in outlines])
    x0, y0 = (max(0, int(v)) for v in np.floor(corners.min(0)))
    x1, y1 = (
        min(limit, int(v) + 1) for limit, v in zip(image.size, np.ceil(corners.max(0)), strict=True)
    )
    if x0 >= x1 or y0 >= y1:
        return
    mask = Image.new("L", (x1 - x0, y1 - y0))
    pen = ImageDraw.Draw(mask)
    for points, fills in outlines:
        pen.polygon((points - (x0, y0)).ravel().tolist(), fill=255 if fills else 0)
    if layer.kind == SOLID:
        color = _rgba(layer.stops[0])
        patch = Image.new("RGBA", mask.size, color)
        if color[3] < 255:
            mask = mask.point([value * color[3] // 255 for value in range(256)])
            patch.putalpha(255)
    else:
        patch = _painted(layer, (x0, y0, x1, y1), place)
        mask = ImageChops.multiply(mask, patch.getchannel("A"))
        patch.putalpha(255)
    patch.putalpha(mask)
    image.alpha_composite(patch, (x0, y0))


def _painted(
    layer: Layer, box: tuple[int, int, int, int], place: tuple[float, float, float]
) -> Image.Image:
    """The paint of ``layer`` within the pixels of ``box``."""
    x0, y0, x1, y1 = box
    left, top, scale = place
    columns, rows = max(2, (x1 - x0) // COARSE), max(2, (y1 - y0) // COARSE)
    x = (left + np.linspace(x0, x1, columns) / scale)[None]
    y = (top - np.linspace(y0, y1, rows) / scale)[:, None]
    a, b, c, d, e, f = layer.paint
    offset = a * x + b * y + c
    if layer.kind == RADIAL:
        offset = np.hypot(offset, d * x + e * y + f)
    at = layer.stops[:, 0] / 255
    values = np.stack([np.interp(offset, at, layer.stops[:, i]) for i in range(1, 5)], -1)
    small = Image.fromarray(values.astype(np.uint8))
    return small.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR)


def _rgba(stop: Array) -> tuple[int, int, int, int]:
    red, green, blue, alpha = (int(value) for value in stop[1:])
    return red, green, blue, alpha


class _File:
    """``drawings.npz``: all points, contours and layers one after the other, with their counts."""

    def __init__(self) -> None:
        with np.load(FILE, allow_pickle=False) as file:
            parts = dict(file)
        names = parts["names"].tobytes().decode().split("\n")
        self._layer_ends = dict(zip(names, np.cumsum(parts["drawings"]).tolist(), strict=True))
        self._layer_counts = dict(zip(names, parts["drawings"].tolist(), strict=True))
        self._layers: NDArray[np.uint16] = parts["layers"]
        self._contour_ends = np.cumsum(self._layers[:, 0])
        self._stop_ends = np.cumsum(self._layers[:, 2])
        self._contours: NDArray[np.uint16] = parts["contours"]
        self._point_ends = np.cumsum(self._contours[:, 0])
        self._paints, self._stops = parts["paints"], parts["stops"]
        self._points: NDArray[np.int16] = np.cumsum(parts["steps"], axis=0, dtype=np.int16)

    def __contains__(self, name: str) -> bool:
        return name in self._layer_ends

    def read(self, name: str) -> Drawing:
        end = self._layer_ends[name]
        layers = tuple(self._layer(i) for i in range(end - self._layer_counts[name], end))
        points = np.vstack([points for layer in layers for points, _ in layer.contours])
        (left, bottom), (right, top) = points.min(0).tolist(), points.max(0).tolist()
        return Drawing(layers, (left, bottom, right, top))

    def _layer(self, index: int) -> Layer:
        count, kind, stops = self._layers[index].tolist()
        end, stop_end = int(self._contour_ends[index]), int(self._stop_ends[index])
        contours = []
        for i in range(end - count, end):
            length, fills = self._contours[i].tolist()
            last = int(self._point_ends[i])
            contours.append((self._points[last - length : last].astype(np.float32), bool(fills)))
        paint, colors = self._paints[index], self._stops[stop_end - stops : stop_end]
        return Layer(tuple(contours), kind, paint, colors.astype(np.float32))


@cache
def _file() -> _File:
    return _File()


@cache
def drawing_of(character: str) -> Drawing:
    """The drawing of ``character``. Raises KeyError if there is none."""
    return _file().read(character)


def tones_of(character: str) -> list[str]:
    """``character`` in each skin tone that there is of it; itself if there is none."""
    first, rest = character[0], character[1:].removeprefix("\ufe0f")
    toned = [first + tone + rest for tone in SKIN_TONES]
    return [each for each in toned if each in _file()] or [character]
