"""Loose washes on rough paper: wet edges, blooms, granulation, white gaps left between shapes.

Pigment is laid down as optical density, so that washes darken each other like glass
(Beer-Lambert: light = paper * exp(-density)).
"""

import numpy as np
from PIL import Image, ImageDraw

from devtools.demo.canvas import (
    Array,
    Colour,
    Rng,
    Size,
    Window,
    blur,
    cloudy,
    cover,
    grid,
    noise,
    picture,
    rim_distance,
    step,
    window,
)
from devtools.demo.elements import Layer

PAPER = (252, 249, 242)
# Two pigments a role; they run into each other.
PIGMENTS: dict[str, tuple[Colour, Colour]] = {
    "sky": ((176, 205, 226), (240, 214, 208)),
    "sun": ((246, 196, 138), (240, 150, 126)),
    "moon": ((250, 236, 196), (246, 222, 170)),
    "star": ((250, 240, 214), (244, 226, 190)),
    "glow": ((252, 240, 200), (250, 228, 184)),
    "cloud": ((222, 224, 236), (238, 222, 226)),
    "far": ((150, 172, 204), (190, 176, 206)),
    "mid": ((152, 190, 172), (188, 204, 160)),
    "near": ((118, 160, 138), (172, 180, 128)),
    "water": ((136, 186, 206), (168, 206, 204)),
    "glint": ((142, 180, 208), (156, 194, 208)),
    "snow": ((238, 240, 246), (226, 230, 242)),
    "trunk": ((128, 106, 104), (106, 112, 128)),
    "leaf": ((132, 176, 136), (186, 198, 122)),
    "leafdark": ((92, 146, 134), (120, 160, 150)),
    "wall": ((240, 224, 204), (226, 206, 200)),
    "roof": ((206, 122, 108), (222, 156, 124)),
    "window": ((246, 226, 176), (214, 222, 228)),
    "dark": ((104, 104, 132), (122, 108, 120)),
    "path": ((234, 216, 190), (226, 204, 184)),
    "hull": ((196, 116, 104), (150, 112, 124)),
    "sail": ((246, 238, 222), (232, 224, 226)),
    "accent": ((222, 130, 122), (236, 172, 132)),
    "petal": ((232, 162, 178), (238, 196, 178)),
    "petaldark": ((206, 128, 164), (188, 140, 186)),
    "accentdark": ((226, 170, 112), (222, 140, 112)),
    "centre": ((214, 162, 82), (166, 122, 84)),
    "vase": ((126, 160, 196), (168, 186, 210)),
    "table": ((226, 206, 196), (208, 200, 212)),
    "wing": ((128, 120, 160), (160, 140, 160)),
    "skin": ((246, 214, 194), (240, 196, 180)),
    "blush": ((238, 172, 160), (236, 170, 166)),
    "hair": ((138, 104, 98), (108, 96, 120)),
    "cloth": ((138, 168, 200), (176, 164, 204)),
    "fur": ((120, 112, 124), (150, 128, 120)),
    "fruit": ((226, 196, 110), (206, 206, 130)),
}
# Wet in wet: these have no edge of their own.
SOFT = {"sky", "cloud", "glow", "blush"}
# Laid over what is there instead of beside it.
GLAZED = {"blush", "glow", "glint", "wing"}
STRENGTH = {"sky": 0.8, "cloud": 0.6, "dark": 0.8, "glint": 0.8, "leafdark": 1.1, "hair": 1.1}
SPARE = 200  # pixels


def paint(scene: list[Layer], size: Size, rng: Rng) -> Image.Image:
    grain = _grain(rng, size)
    # Larger than the sheet, so that every wash takes its own cut of them.
    spare = (size[0] + SPARE, size[1] + SPARE)
    runs = cloudy(rng, spare, size[1] / 5, 4)
    bleed = step(0.3, 0.7, cloudy(rng, spare, size[1] / 2.5, 2))
    waver = cloudy(rng, spare, 34, 3) - 0.5
    sheet = _painted_area(rng, size) * (0.86 + 0.3 * grain)

    density = np.zeros((size[1], size[0], 3), dtype=np.float32)
    for part in scene:
        at = window(part.outlines, size, 30)
        cut = _moved(at, *(int(v) for v in rng.integers(0, SPARE, 2)))
        mask = cover(part.outlines, size, at)
        wash, inside = _wash(mask, waver[cut], runs[cut], soft=part.role in SOFT)
        wash *= sheet[at] * STRENGTH.get(part.role, 1.0)
        here = density[at]
        if part.role not in GLAZED and part.role != "sky":
            here *= 1 - 0.85 * np.clip(1.25 * inside, 0, 1)[:, :, None]
        first, second = (_absorbed(colour) for colour in PIGMENTS[part.role])
        here += wash[:, :, None] * (first + (second - first) * bleed[cut][:, :, None])
    density *= (1 - 0.75 * _blooms(rng, size))[:, :, None]
    density += _splatter(rng, size)[:, :, None] * _absorbed((150, 150, 180))
    light = np.exp(-density) * (0.965 + 0.05 * grain)[:, :, None]
    return picture(light * np.array(PAPER, dtype=np.float32))


def _moved(at: Window, down: int, right: int) -> Window:
    rows, columns = at
    return (
        slice(rows.start + down, rows.stop + down),
        slice(columns.start + right, columns.stop + right),
    )


def _absorbed(colour: Colour) -> Array:
    return -np.log(np.array(colour, dtype=np.float32) / 255)


def _grain(rng: Rng, size: Size) -> Array:
    """The tooth of cold-pressed paper, 0 in its valleys (where pigment settles) to 1."""
    tooth = 0.6 * noise(rng, size, 3.2) + 0.4 * noise(rng, size, 1.6)
    return step(0.2, 0.8, 1 - tooth)


def _wash(mask: Array, waver: Array, runs: Array, *, soft: bool) -> tuple[Array, Array]:
    """Pigment of one wash (about 0..1.6) and how far inside the wet shape each pixel is."""
    if soft:
        inside = step(0.15, 0.85, blur(mask, 14) + 0.7 * waver)
        return inside * (0.25 + 1.1 * runs), inside
    wet = step(0.42, 0.58, blur(mask, 2.2) + 0.7 * waver * (1 - np.abs(2 * blur(mask, 5) - 1)))
    # Water carries pigment outwards and leaves it where the wash dries first: at the edge.
    rim = wet * (1 - step(0.5, 0.92, blur(wet, 3.5)))
    pool = wet * (1 - blur(wet, 16))
    return wet * (0.3 + 0.95 * runs) + 0.85 * rim + 0.35 * pool, blur(wet, 1.5)


def _painted_area(rng: Rng, size: Size) -> Array:
    """1 where the brush went; the sheet's rim stays white, unevenly."""
    return step(0, 9, rim_distance(size) - 12 - 34 * cloudy(rng, size, 70, 4))


def _blooms(rng: Rng, size: Size) -> Array:
    """Backruns: drops of water that pushed pigment aside into a ragged ring."""
    ragged = 30 * cloudy(rng, size, 26, 3)
    lifted = np.zeros((size[1], size[0]), dtype=np.float32)
    for _ in range(3):
        radius = rng.uniform(34, 66)
        middle = np.array([[rng.uniform(0, size[0]), rng.uniform(0, size[1])]]) / size[1]
        at = window([middle.astype(np.float32)], size, int(radius) + 6)
        y, x = grid(at)
        away = np.hypot(x - middle[0, 0] * size[1], y - middle[0, 1] * size[1]) + ragged[at]
        lifted[at] += 0.5 * (1 - step(radius - 24, radius, away))
        lifted[at] -= 0.45 * np.exp(-(((away - radius - 2) / 2.6) ** 2))
    return np.clip(lifted, -0.6, 0.8)


def _splatter(rng: Rng, size: Size) -> Array:
    """Droplets shaken off the brush around one spot."""
    drops = Image.new("L", (size[0] * 2, size[1] * 2), 0)
    draw = ImageDraw.Draw(drops)
    middle = rng.uniform(0.2, 0.8, 2) * drops.size
    for x, y in middle + rng.normal(0, 0.3 * size[1], (26, 2)):
        r = 2 * float(rng.gamma(1.6, 0.9)) + 1
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(rng.uniform(70, 200)))
    return np.asarray(drops.reduce(2), dtype=np.float32) / 255
