"""Fog and other weather before the scene, and the final colours of the picture."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from worker.engines.scene.noise import Array, fractal, smoothstep
from worker.engines.scene.stage import Stage

_GRAY = np.asarray((0.299, 0.587, 0.114), np.float32)


def paint_fog(stage: Stage, strength: float) -> None:
    """Banks of fog, thickest at the horizon."""
    rng = stage.brief.stream("fog")
    height, width = stage.height, stage.width
    y = np.arange(height, dtype=np.float32)[:, None]
    away = np.abs(y - stage.horizon) / (0.3 * stage.unit)
    banks = fractal(rng, height, width, cells=(6, 2), octaves=4)
    cover = np.exp(-away) * smoothstep(0.15, 0.75, banks) * strength + 0.14 * strength
    cover = np.clip(cover, 0, 0.9)[..., None]
    haze = (
        np.asarray(stage.light.haze, np.float32) * 0.5
        + np.asarray(stage.light.rim, np.float32) * 0.5
    )
    stage.put_pixels(stage.pixels(0, height) * (1 - cover) + haze * cover, 0)


def paint_rain(stage: Stage) -> None:
    rng = stage.brief.stream("rain")
    layer = Image.new("L", stage.image.size)
    draw = ImageDraw.Draw(layer)
    lean = rng.uniform(-0.3, 0.3)
    for _ in range(int(stage.width * stage.height / 900)):
        x, y = rng.uniform(-0.1, 1.1) * stage.width, rng.uniform(-0.1, 1) * stage.height
        length = rng.uniform(0.02, 0.06) * stage.unit
        draw.line((x, y, x + lean * length, y + length), fill=int(rng.uniform(50, 130)))
    stage.image.paste((226, 234, 244), (0, 0), layer.filter(ImageFilter.GaussianBlur(0.5)))


def paint_snowfall(stage: Stage) -> None:
    rng = stage.brief.stream("snowfall")
    layer = Image.new("L", stage.image.size)
    draw = ImageDraw.Draw(layer)
    for _ in range(int(stage.width * stage.height / 1500)):
        x, y = rng.uniform(0, stage.width), rng.uniform(0, stage.height)
        r = stage.unit * min(0.0085, 0.0016 + 0.0011 * float(rng.pareto(1.8)))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(rng.uniform(120, 245)))
    soft = layer.filter(ImageFilter.GaussianBlur(0.7 * stage.unit / 512))
    stage.image.paste((252, 253, 255), (0, 0), soft)


def finish(stage: Stage) -> None:
    """Mood, tints and a vignette over the whole picture."""
    brief = stage.brief
    values: Array = stage.pixels(0, stage.height) / 255
    if brief.has("dreamy"):
        soft = stage.image.filter(ImageFilter.GaussianBlur(stage.unit / 60))
        bloomed = 1 - (1 - values) * (1 - 0.6 * np.asarray(soft, np.float32) / 255)
        values = values * 0.35 + bloomed * 0.65
        values = values * 0.86 + np.asarray((0.98, 0.93, 0.97), np.float32) * 0.14
    if brief.has("calm"):
        values = _saturate(values, 0.82)
    if brief.has("bright"):
        values = _saturate(values, 1.3) * 1.06
    if brief.has("dark"):
        values = values**1.2 * 0.9 if not stage.light.dark else values**0.95
    if brief.has("autumn"):
        values = values * np.asarray((1.05, 1.0, 0.9), np.float32)
    if brief.has("winter"):
        values = values * np.asarray((0.96, 1.0, 1.05), np.float32)
    for tint in brief.tints[:2]:
        # Keep the light and dark of the picture, lean its hues towards the colour.
        color = np.asarray(tint, np.float32) / 255
        gray = (values @ _GRAY)[..., None]
        values = values * 0.62 + (gray * color / max(0.3, float(color @ _GRAY))) * 0.38
    y = np.linspace(-1, 1, stage.height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, stage.width, dtype=np.float32)[None]
    vignette = 1 - 0.17 * smoothstep(0.5, 1.5, np.hypot(x, y).astype(np.float32))
    stage.put_pixels(values * vignette[..., None] * 255, 0)


def _saturate(values: Array, factor: float) -> Array:
    gray = (values @ _GRAY)[..., None]
    return gray + (values - gray) * factor
