"""Signatures as a pen would leave them: a drawn initial, a cursive scrawl, a flourish beneath."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from devtools.demo.canvas import Points, points, smooth

Stroke = list[tuple[float, float]]

# Heights: 0 is the line, -1 the top of a small letter. The pen's way through each capital.
INITIALS: dict[str, list[Stroke]] = {
    "M": [[(-0.3, -0.5), (0.1, 0.1), (0.5, -2.4), (0.75, -2.2), (0.95, -0.5), (1.5, -2.5),
           (1.75, -2.2), (1.8, -0.6), (2.15, 0.0), (2.5, -0.4)]],
    "J": [[(0.2, -2.1), (0.9, -2.6), (1.7, -2.4)],
          [(1.1, -2.5), (1.1, -0.8), (0.8, 1.1), (0.1, 1.3), (0.0, 0.7), (0.9, 0.0),
           (1.9, -0.5)]],
    "S": [[(1.6, -2.0), (1.2, -2.6), (0.5, -2.3), (0.5, -1.6), (1.3, -1.0), (1.4, -0.2), (0.6, 0.2),
           (0.0, -0.2), (0.6, -0.7), (1.9, -0.3)]],
    "Y": [[(0.0, -2.2), (0.35, -2.5), (0.5, -1.5), (1.0, -1.2), (1.6, -2.5), (1.5, -1.0),
           (1.0, 1.2), (0.4, 1.3), (0.5, 0.6), (1.4, -0.1), (2.0, -0.5)]],
}  # fmt: skip
TALL, DEEP = set("bdfhklt"), set("gjpqyz")


@dataclass(frozen=True)
class Handwriting:
    """``slant`` is the lean to the right, ``pen`` the widest line in letter heights."""

    slant: float
    letter_width: float
    roundness: float  # 0 pointed to 1 looped
    pen: float
    flourish: tuple[tuple[float, float], ...]  # (share of the width, height)


def write(name: str, hand: Handwriting, ink: tuple[int, int, int]) -> Image.Image:
    """``name`` as an RGBA image 900 pixels wide, transparent but for the ink."""
    *first, joined = INITIALS[name[0]]
    strokes = [np.array(s) for s in first]
    strokes.append(np.array(joined + _scrawl(name[1:], joined[-1][0], hand)))
    end = max(float(s[:, 0].max()) for s in strokes)
    strokes.append(np.array([(share * end, height) for share, height in hand.flourish]))
    curves = [smooth(points(*s), closed=False, per=24) for s in strokes]
    for curve in curves:
        curve[:, 0] -= hand.slant * curve[:, 1]

    everything = np.concatenate(curves)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = 1680 / float(high[0] - low[0])
    size = (1800, int((high[1] - low[1]) * scale) + 120)
    sheet = Image.new("L", size, 0)
    draw = ImageDraw.Draw(sheet)
    for curve in curves:
        _pull(draw, (curve - low) * scale + 60, hand.pen * scale)
    alpha = sheet.reduce(2)
    signed = Image.new("RGBA", alpha.size, (*ink, 0))
    signed.putalpha(alpha)
    return signed


def _scrawl(letters: str, x: float, hand: Handwriting) -> Stroke:
    way: Stroke = []
    for number, letter in enumerate(letters):
        hurry = 1 - 0.045 * number  # letters dwindle towards the end of the name
        step = hand.letter_width * (0.4 + 0.6 * hurry)
        if letter == " ":
            x += 0.5 * step
            continue
        top = -2.3 if letter in TALL or letter.isupper() else -hurry + 0.15 * (number % 2)
        low = 1.2 if letter in DEEP else 0.08 * (number % 3)
        back = hand.roundness * 0.45 * step
        way += [
            (x + 0.45 * step, top * 0.6),
            (x + 0.62 * step, top),
            (x + 0.62 * step - back, top * 0.75),
            (x + 0.6 * step, low),
            (x + step, -0.25),
        ]
        x += step
    return [*way, (x + 1.2, -0.55)]


def _pull(draw: ImageDraw.ImageDraw, line: Points, pen: float) -> None:
    """A line that is thin where the pen is fast or goes up, and tapers at both ends."""
    way = np.gradient(line, axis=0)
    speed = np.linalg.norm(way, axis=1)
    down = np.clip(way[:, 1] / np.maximum(speed, 1e-6), -0.6, 1)
    along = np.linspace(0, 1, len(line))
    width = pen * (0.62 + 0.38 * down) * np.clip(12 * along + 0.3, 0, 1)
    width *= np.clip(8 * (1 - along) + 0.2, 0, 1)
    width = np.convolve(np.pad(width, 8, mode="edge"), np.full(17, 1 / 17), mode="valid")
    for (x, y), (next_x, next_y), w in zip(line[:-1], line[1:], width[:-1], strict=True):
        pieces = max(1, math.ceil(math.hypot(next_x - x, next_y - y) / 2))
        for piece in range(pieces):
            cx, cy = x + (next_x - x) * piece / pieces, y + (next_y - y) * piece / pieces
            draw.ellipse((cx - w / 2, cy - w / 2, cx + w / 2, cy + w / 2), fill=255)
