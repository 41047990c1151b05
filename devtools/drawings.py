"""Take the outlines of the vocabulary's drawings out of a colour font, once, into one small file.

    npm pack @expo-google-fonts/noto-color-emoji && tar xzf expo-google-fonts-noto-color-emoji-*.tgz
    pip install fonttools
    python -m devtools.drawings package/400Regular/NotoColorEmoji_400Regular.ttf

The font is under the SIL Open Font License: what is drawn with it is free of any condition, and the
file written here stays under that licence, whose text lies beside it. Nothing of this runs when a
picture is painted: a file of outlines is smaller and quicker than a font and its reader.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.misc.transform import Identity, Transform
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from numpy.typing import NDArray

from words import THINGS

TARGET = Path(__file__).parent.parent / "worker" / "engines" / "scene" / "drawings.npz"
# In units of the font (1 024 to the em): how far a straight line may be from its curve, and the
# smallest area that is worth a shape.
TOLERANCE, SMALLEST = 0.9, 40.0
Contour = NDArray[np.float64]
SOLID, LINEAR, RADIAL = 0, 1, 2
SKIN_TONES = ("\U0001f3fc", "\U0001f3fd", "\U0001f3fe")
# How many layers of a drawing are a background that the scene has itself.
BACKGROUNDS = {"🎆": 1}


@dataclass
class Layer:
    """One shape of one paint. ``stops`` are rows (offset, red, green, blue, alpha) of 0..1;
    ``paint`` maps a point to the place on them: its first row, or the length of what it gives."""

    contours: list[tuple[Contour, bool]]
    kind: int
    paint: tuple[float, ...]
    stops: list[tuple[float, ...]]


class ColourFont:
    def __init__(self, path: Path) -> None:
        self._font = TTFont(path)
        self._table = self._font["COLR"].table
        self._cmap = self._font.getBestCmap()
        self._glyphs = self._font.getGlyphSet()
        self._colors = [
            (c.red / 255, c.green / 255, c.blue / 255, c.alpha / 255)
            for c in self._font["CPAL"].palettes[0]
        ]
        self._paints = {
            record.BaseGlyph: record.Paint
            for record in self._table.BaseGlyphList.BaseGlyphPaintRecord
        }
        self._ligatures = self._read_ligatures()

    def _read_ligatures(self) -> dict[tuple[str, ...], str]:
        found: dict[tuple[str, ...], str] = {}
        for lookup in self._font["GSUB"].table.LookupList.Lookup:
            for each in lookup.SubTable:
                table = getattr(each, "ExtSubTable", each)
                for first, ligatures in getattr(table, "ligatures", {}).items():
                    for ligature in ligatures:
                        found[(first, *ligature.Component)] = ligature.LigGlyph
        return found

    def layers(self, character: str) -> list[Layer]:
        """The layers of ``character``, back to front. Raises KeyError if the font lacks it."""
        name = self._glyph(character)
        if name is None:
            raise KeyError(f"The font has no drawing of {character}.")
        layers = list(self._walk(self._paints[name], Identity))
        return layers[BACKGROUNDS.get(character, 0) :]

    def has(self, character: str) -> bool:
        return self._glyph(character) is not None

    def _glyph(self, character: str) -> str | None:
        for text in (character, character.replace("\ufe0f", "")):
            names = tuple(self._cmap[ord(each)] for each in text if ord(each) in self._cmap)
            name = names[0] if len(names) == 1 else self._ligatures.get(names)
            if name in self._paints:
                return name
        return None

    def _walk(self, paint: Any, moved: Transform, glyph: str | None = None) -> Iterator[Layer]:
        kind = paint.getFormatName()
        if kind == "PaintColrLayers":
            first = paint.FirstLayerIndex
            for each in self._table.LayerList.Paint[first : first + paint.NumLayers]:
                yield from self._walk(each, moved)
        elif kind == "PaintComposite":
            # What is composed is a shape cut by another; the shape itself is near enough.
            yield from self._walk(paint.SourcePaint, moved)
        elif kind == "PaintGlyph":
            fill, inner = paint.Paint, Identity
            while not fill.getFormatName().endswith(("Solid", "Gradient")):
                inner = inner.transform(fill.getTransform())
                fill = fill.Paint
            contours = _nested(self._contours(paint.Glyph, moved))
            if contours:
                yield Layer(contours, *self._fill(fill, moved.transform(inner)))
        else:
            for child in paint.getChildren(self._table):
                yield from self._walk(child, moved.transform(paint.getTransform()))

    def _contours(self, glyph: str, moved: Transform) -> Iterator[Contour]:
        pen = DecomposingRecordingPen(self._glyphs)
        self._glyphs[glyph].draw(pen)
        line: list[tuple[float, float]] = []
        for step, points in pen.value:
            if step == "moveTo":
                line = [points[0]]
            elif step == "lineTo":
                line.append(points[0])
            elif step == "qCurveTo":
                line += _quadratics(line[-1] if line else None, points)
            elif step == "closePath" and len(line) > 2:
                yield _plain(np.asarray([moved.transformPoint(point) for point in line]))

    def _fill(
        self, fill: Any, moved: Transform
    ) -> tuple[int, tuple[float, ...], list[tuple[float, ...]]]:
        kind = fill.getFormatName()
        if kind == "PaintSolid":
            return SOLID, (0.0,) * 6, [(0.0, *self._color(fill))]
        stops = sorted((stop.StopOffset, *self._color(stop)) for stop in fill.ColorLine.ColorStop)
        back = moved.inverse()
        if kind == "PaintLinearGradient":
            axis = _axis(fill)
            length = axis @ axis or 1.0
            # t = ((p - p0) . axis) / |axis|^2 for p in the paint's own plane
            a, b = axis / length
            c = -(fill.x0 * a + fill.y0 * b)
            paint = (
                a * back.xx + b * back.xy,
                a * back.yx + b * back.yy,
                a * back.dx + b * back.dy + c,
            )
            return LINEAR, (*paint, 0.0, 0.0, 0.0), stops
        radius, inner = fill.r1 or 1.0, fill.r0
        stops = [((inner + t * (radius - inner)) / radius, *color) for t, *color in stops]
        rows = [
            (xx / radius, yx / radius, (d - center) / radius)
            for xx, yx, d, center in (
                (back.xx, back.yx, back.dx, fill.x1),
                (back.xy, back.yy, back.dy, fill.y1),
            )
        ]
        return RADIAL, (*rows[0], *rows[1]), stops

    def _color(self, paint: Any) -> tuple[float, ...]:
        red, green, blue, alpha = self._colors[paint.PaletteIndex]
        return red, green, blue, alpha * paint.Alpha


def _toned(name: str) -> list[str]:
    """``name`` in each of the skin tones."""
    first, rest = name[0], name[1:].removeprefix("\ufe0f")
    return [first + tone + rest for tone in SKIN_TONES]


def _axis(fill: Any) -> NDArray[np.float64]:
    """The direction in which a linear gradient changes: across the line from p0 to p2."""
    along = np.asarray((fill.x1 - fill.x0, fill.y1 - fill.y0), float)
    across = np.asarray((fill.x2 - fill.x0, fill.y2 - fill.y0), float)
    normal = np.asarray((across[1], -across[0]))
    if not normal @ normal:
        return along
    share: float = (along @ normal) / (normal @ normal)
    return normal * share


def _quadratics(
    start: tuple[float, float] | None, points: tuple[Any, ...]
) -> list[tuple[float, float]]:
    """TrueType's curves as straight lines; points that the format leaves out are halfway."""
    knots = list(points)
    if knots[-1] is None:
        knots[-1] = tuple((np.asarray(knots[0]) + np.asarray(knots[-2])) / 2)
        start = knots[-1]
    line: list[tuple[float, float]] = []
    here = np.asarray(start if start is not None else knots[-1], float)
    for i, control in enumerate(knots[:-1]):
        bend = np.asarray(control, float)
        last = i == len(knots) - 2
        end = np.asarray(knots[-1], float) if last else (bend + np.asarray(knots[i + 1])) / 2
        away = float(np.hypot(*(here - 2 * bend + end))) / 4
        count = max(1, int(np.ceil((away / TOLERANCE) ** 0.5)))
        for t in np.arange(1, count + 1) / count:
            point = (1 - t) ** 2 * here + 2 * t * (1 - t) * bend + t**2 * end
            line.append((float(point[0]), float(point[1])))
        here = end
    return line


def _plain(line: Contour) -> Contour:
    """``line`` without the points that lie within the tolerance of it (Douglas and Peucker)."""
    kept = np.zeros(len(line), bool)
    kept[[0, -1]] = True
    waiting = [(0, len(line) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        chord = line[last] - line[first]
        between = line[first + 1 : last] - line[first]
        length = float(np.hypot(*chord))
        away = (
            np.abs(chord[0] * between[:, 1] - chord[1] * between[:, 0]) / length
            if length
            else np.hypot(between[:, 0], between[:, 1])
        )
        if away.max() > TOLERANCE:
            middle = first + 1 + int(away.argmax())
            kept[middle] = True
            waiting += [(first, middle), (middle, last)]
    return line[kept]


def _area(contour: Contour) -> float:
    x, y = contour.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def _inside(point: NDArray[np.float64], contour: Contour) -> bool:
    x, y = contour.T
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > point[1]) != (y2 > point[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x + (point[1] - y) * (x2 - x) / (y2 - y)
    return bool(np.count_nonzero(crosses & (point[0] < at)) % 2)


def _nested(contours: Iterator[Contour]) -> list[tuple[Contour, bool]]:
    """Largest first, each with whether it fills (True) or makes a hole, by the nonzero rule."""
    sized = sorted(((abs(_area(c)), _area(c) > 0, c) for c in contours), key=lambda item: -item[0])
    kept: list[tuple[Contour, bool]] = []
    ways: list[tuple[Contour, int]] = []
    for size, left, contour in sized:
        if size < SMALLEST or len(contour) < 3:
            continue
        turn = 1 if left else -1
        winding = turn + sum(way for other, way in ways if _inside(contour[0], other))
        ways.append((contour, turn))
        kept.append((contour, winding != 0))
    return kept


def main(font: Path) -> None:
    source = ColourFont(font)
    names = sorted({thing.drawing for thing in THINGS.values() if thing.drawing})
    names += [toned for name in names for toned in _toned(name) if source.has(toned)]
    points: list[Contour] = []
    contours: list[tuple[int, bool]] = []
    layers: list[tuple[int, int, int]] = []
    paints: list[tuple[float, ...]] = []
    stops: list[tuple[float, ...]] = []
    drawings: list[int] = []
    for name in names:
        drawn = source.layers(name)
        drawings.append(len(drawn))
        for layer in drawn:
            layers.append((len(layer.contours), layer.kind, len(layer.stops)))
            paints.append(layer.paint)
            stops += layer.stops
            for contour, fills in layer.contours:
                contours.append((len(contour), fills))
                points.append(contour)
    np.savez_compressed(
        TARGET,
        names=np.frombuffer("\n".join(names).encode(), np.uint8),
        drawings=np.asarray(drawings, np.uint16),
        layers=np.asarray(layers, np.uint16),
        paints=np.asarray(paints, np.float32),
        stops=np.round(np.asarray(stops) * 255).astype(np.int16),
        contours=np.asarray(contours, np.uint16),
        # Steps from point to point are smaller numbers, and pack to half the size.
        steps=np.diff(np.round(np.vstack(points)).astype(np.int16), axis=0, prepend=np.int16(0)),
    )
    print(len(names), "drawings,", TARGET.stat().st_size, "bytes")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
