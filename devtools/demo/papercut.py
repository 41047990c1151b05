"""Collage: cut and torn papers in layers, each with its fibre, its pattern and its shadow."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from devtools.demo.canvas import (
    Array,
    Colour,
    Rng,
    Size,
    blur,
    cloudy,
    cover,
    noise,
    picture,
    shifted,
    step,
    window,
)
from devtools.demo.elements import Layer, disc, layer

NIGHT = (22, 44, 62)
TEAL = (30, 108, 112)
SAGE = (132, 160, 132)
CREAM = (240, 226, 198)
GOLD = (220, 164, 62)
CLAY = (200, 94, 62)
PLUM = (96, 46, 74)
ROSE = (224, 154, 136)


@dataclass(frozen=True)
class Sheet:
    """A coloured paper. ``pattern`` is printed on it in ``print_colour``: dots, lines, waves."""

    colour: Colour
    pattern: str = ""
    print_colour: Colour = CREAM


SHEETS: dict[str, Sheet] = {
    "sky": Sheet(NIGHT),
    "sun": Sheet(GOLD, "lines", CLAY),
    "moon": Sheet(CREAM, "dots", GOLD),
    "star": Sheet(GOLD),
    "glow": Sheet(GOLD, "lines", CREAM),
    "cloud": Sheet(ROSE, "lines", CREAM),
    "far": Sheet(PLUM, "lines", ROSE),
    "mid": Sheet(TEAL, "dots", SAGE),
    "near": Sheet((46, 70, 66), "waves", SAGE),
    "water": Sheet(TEAL, "waves", (120, 176, 168)),
    "glint": Sheet(CREAM),
    "snow": Sheet(CREAM),
    "trunk": Sheet((104, 66, 50), "lines", CLAY),
    "leaf": Sheet(SAGE, "lines", TEAL),
    "leafdark": Sheet((40, 86, 80), "dots", SAGE),
    "wall": Sheet(CREAM, "lines", ROSE),
    "roof": Sheet(CLAY, "waves", GOLD),
    "window": Sheet(GOLD),
    "dark": Sheet((34, 28, 40)),
    "path": Sheet(ROSE, "dots", CREAM),
    "hull": Sheet(PLUM, "lines", GOLD),
    "sail": Sheet(CREAM, "dots", CLAY),
    "accent": Sheet(CLAY, "dots", CREAM),
    "accentdark": Sheet(PLUM),
    "petal": Sheet(ROSE, "lines", CLAY),
    "petaldark": Sheet(CLAY),
    "centre": Sheet(GOLD, "dots", PLUM),
    "vase": Sheet(TEAL, "waves", CREAM),
    "table": Sheet(PLUM, "dots", ROSE),
    "wing": Sheet(GOLD, "lines", PLUM),
    "skin": Sheet((228, 176, 140)),
    "blush": Sheet(ROSE),
    "hair": Sheet((50, 34, 48), "waves", PLUM),
    "cloth": Sheet(GOLD, "dots", CLAY),
    "fur": Sheet((50, 42, 58), "lines", PLUM),
    "fruit": Sheet(GOLD, "dots", CLAY),
}
TORN = {"far", "mid", "near", "cloud"}
RINGS = 5


def assemble(scene: list[Layer], size: Size, rng: Rng) -> Image.Image:
    fibre = _fibre(rng, size)
    ragged = cloudy(rng, size, 12, 3) - 0.5
    patterns = {kind: _pattern(kind, size, rng) for kind in ("dots", "lines", "waves")}
    pile = np.zeros((size[1], size[0], 3), dtype=np.float32)
    for part in _with_rings(scene, size[0] / size[1]):
        role, _, ring = part.role.partition("/")
        at = window(part.outlines, size, 22)
        here = pile[at]
        mask = cover(part.outlines, size, at)
        if role in TORN:
            soft = blur(mask, 2.5)
            lip = step(0.35, 0.65, soft + 0.5 * ragged[at])
            mask = step(0.35, 0.65, shifted(soft, 0, 4) + 0.6 * ragged[at])
            _cast_shadow(here, lip)
            core = np.array(CREAM, dtype=np.float32) * (0.96 + 0.1 * fibre[at])[:, :, None]
            here += lip[:, :, None] * (core - here)  # torn paper is white inside
        else:
            _cast_shadow(here, mask)
        face = _colour(role, ring) * (0.86 + 0.28 * fibre[at])[:, :, None]
        sheet = SHEETS[role]
        if sheet.pattern:
            ink = np.array(sheet.print_colour, dtype=np.float32)
            face = face + 0.75 * patterns[sheet.pattern][at][:, :, None] * (ink - face)
        face = face + 38 * np.clip(mask - shifted(mask, 2, 2), 0, 1)[:, :, None]  # a lit edge
        here += mask[:, :, None] * (face - here)
    return picture(pile)


def _cast_shadow(pile: Array, raised: Array) -> None:
    shadow = blur(shifted(raised, 4, 6), 6) * (1 - raised)
    pile *= 1 - 0.5 * shadow[:, :, None]


def _colour(role: str, ring: str) -> Array:
    colour = np.array(SHEETS[role].colour, dtype=np.float32)
    if not ring:
        return colour
    return colour + (np.array(TEAL, dtype=np.float32) - colour) * (int(ring) / RINGS) ** 1.3


def _with_rings(scene: list[Layer], width: float) -> list[Layer]:
    """The scene with rings of paper in the sky, around its light: this hand's trademark."""
    light = next((part for part in scene if part.role in {"sun", "moon"}), None)
    x, y, inner = width / 2, 0.4, 0.12
    if light is not None:
        x, y = (float(v) for v in np.concatenate(light.outlines).mean(axis=0))
        inner = float(np.ptp(light.outlines[0][:, 0])) / 2
    rings = []
    for ring in range(1, RINGS + 1):
        reach = inner + 0.13 * (RINGS + 1 - ring) ** 1.15
        rings.append(layer(f"sky/{ring}", disc(x, y, reach)))
    return [scene[0], *rings, *scene[1:]]


def _fibre(rng: Rng, size: Size) -> Array:
    """Flecks and short threads of handmade paper, 0..1."""
    along = noise(rng, (size[0], size[1] * 4), 3.0)[::4]
    across = noise(rng, (size[0] * 4, size[1]), 3.0)[:, ::4]
    return 0.4 * along + 0.4 * across + 0.2 * noise(rng, size, 40)


def _pattern(kind: str, size: Size, rng: Rng) -> Array:
    """A block-printed repeat over the whole sheet, 0..1, worn in places."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    y += 3 * noise(rng, size, 60)
    if kind == "dots":
        row = np.floor(y / 11)
        dx = np.mod(x + 6.5 * (row % 2), 13) - 6.5
        marks = step(-0.8, 0.8, 2.3 - np.hypot(dx, np.mod(y, 11) - 5.5))
    elif kind == "lines":
        marks = step(0.5, 0.75, np.cos((x + y) * 2 * np.pi / 12).astype(np.float32))
    else:
        marks = step(0.6, 0.85, np.cos((y + 4 * np.sin(x / 8)) * 2 * np.pi / 14).astype(np.float32))
    return marks * step(0.12, 0.4, noise(rng, size, 9))
