"""Water: reflections, waves, shores, rivers, waterfalls and the deep sea."""

import numpy as np

from worker.engines.scene.land import ground_colors, perspective, winding
from worker.engines.scene.light import mix
from worker.engines.scene.noise import Array, fractal, ridge, shifted, smoothstep
from worker.engines.scene.stage import Stage, glow

COLORED_WATER = ("sea", "lake", "river")


def paint_water(stage: Stage, *, rough: float) -> None:
    """Water from the horizon to the lower edge; ``rough`` 0 is a mirror, 1 an open sea.

    It mirrors what is above the horizon, so call it after the far planes.
    """
    top = stage.horizon
    color = _mirror(stage, stage.pixels(0, top), stage.height - top, rough)
    stage.put_pixels(color, top)
    _glitter(stage, top)


def _mirror(stage: Stage, above: Array, rows: int, rough: float) -> Array:
    rng = stage.brief.stream("water")
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    tile = fractal(rng, 256, 256, cells=(40, 12), octaves=3, gain=0.6)
    ripple = perspective(stage, tile, stage.height - rows) - 0.5
    reach = (0.02 + 0.3 * rough) * t
    source = above.shape[0] - 1 - (t * rows * (1.0 + 0.2 * rough) + ripple * reach * rows)
    index_rows = np.clip(np.abs(source), 0, above.shape[0] - 1).astype(int)
    x = np.arange(stage.width)[None]
    sway = (ripple * (8 + 50 * rough) * (0.15 + t) * stage.unit / 512).astype(int)
    mirrored = above[index_rows, np.clip(x + sway, 0, stage.width - 1)]
    # Near the viewer, water shows its depth; far away, it shows the sky.
    own = np.asarray(_own_color(stage), np.float32)
    share = ((0.18 + 0.5 * rough) * (0.35 + 0.65 * t))[..., None]
    color = mirrored * 0.9 * (1 - share) + own * share
    colored = [stage.brief.colors[name] for name in COLORED_WATER if name in stage.brief.colors]
    if colored:
        tone = np.asarray(colored[0], np.float32) * np.asarray(stage.light.ambient, np.float32)
        bright = color.mean(-1, keepdims=True) / max(30.0, float(color.mean()))
        color = color * 0.25 + 0.75 * tone * (0.5 + 0.5 * bright)
    crest = np.clip(ripple * (1.2 + 3.2 * rough), -0.6, 0.9)
    color = color * (1 + 0.34 * crest * (0.4 + 0.6 * t))[..., None]
    foam = smoothstep(0.2, 0.3, ripple) * rough * smoothstep(0.15, 0.6, t) * 0.75
    white = np.asarray((244, 248, 250), np.float32) * np.asarray(stage.light.ambient, np.float32)
    seen: Array = color * (1 - foam[..., None]) + white * foam[..., None]
    return seen


def _own_color(stage: Stage) -> tuple[float, float, float]:
    deep = (24, 88, 116) if stage.brief.has("sea", "beach", "island") else (34, 84, 92)
    if stage.brief.has("island", "palm", "summer") and not stage.light.dark:
        deep = (22, 140, 150)
    red, green, blue = mix(deep, stage.light.middle, 0.25)
    ambient = stage.light.ambient
    return red * ambient[0], green * ambient[1], blue * ambient[2]


def _glitter(stage: Stage, top: int) -> None:
    """The path of light under the sun or moon."""
    light = stage.light
    if light.shine < 0.4 or stage.brief.has("storm", "rain", "fog"):
        return
    rng = stage.brief.stream("glitter")
    rows = stage.height - top
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    tile = fractal(rng, 256, 256, cells=(60, 10), octaves=2)
    sparkle = smoothstep(0.55, 0.72, perspective(stage, tile, top))
    x = np.arange(stage.width, dtype=np.float32)[None]
    spread = (0.05 + 0.13 * t) * stage.unit
    path = np.exp(-(((x - stage.sun[0]) / spread) ** 2)) * (1 - 0.55 * t)
    power = (
        path
        * (0.25 + 0.75 * sparkle)
        * min(1.0, light.shine)
        * (0.85 if light.name != "day" else 0.4)
    )
    color = np.asarray(mix(light.disc, light.rim, 0.2), np.float32)
    water = stage.pixels(top, stage.height)
    stage.put_pixels(255 - (255 - water) * (1 - power[..., None] * color / 255), top)


def paint_shore(stage: Stage, *, depth: float, sand: bool) -> None:
    """Ground in front of the water, from about ``depth`` down to the lower edge."""
    rng = stage.brief.stream("shore")
    top = stage.row(depth) - round(0.1 * stage.unit)
    rise = 1 if rng.random() < 0.5 else -1
    x = np.linspace(-0.5, 0.5, stage.width, dtype=np.float32)
    wave = ridge(rng, stage.width, waves=2, roughness=0.35)
    edge = stage.row(depth) + (rise * x * 0.12 + (wave - 0.5) * 0.07) * stage.unit
    y = np.arange(top, stage.height, dtype=np.float32)[:, None]
    below = y - edge[None]
    cover = np.clip(below + 0.5, 0, 1)[..., None]
    far, near = ((238, 216, 168), (244, 220, 170)) if sand else ground_colors(stage)
    share = smoothstep(0, 0.3 * stage.unit, below)[..., None]
    ambient = np.asarray(stage.light.ambient, np.float32)
    color = (
        np.asarray(far, np.float32) * 0.82 * (1 - share) + np.asarray(near, np.float32) * share
    ) * ambient
    tile = fractal(rng, 256, 256, cells=(20, 14), octaves=5, gain=0.75)
    color = color * (1 + (perspective(stage, tile, top) - 0.5)[..., None] * (0.35 if sand else 0.8))
    values = stage.pixels(top, stage.height)
    if sand:
        # Wet sand, then the white of the last wave.
        wet = np.clip(1 - below / (0.07 * stage.unit), 0, 1)[..., None] * 0.45
        color = color * (1 - wet * 0.6)
        wash = np.exp(-(((below + 0.022 * stage.unit) / (0.014 * stage.unit)) ** 2))
        wash += 0.6 * np.exp(-(((below + 0.075 * stage.unit) / (0.009 * stage.unit)) ** 2))
        white = np.asarray((250, 250, 246), np.float32) * ambient
        foam = np.clip(wash, 0, 0.9)[..., None] * (1 - cover)
        values = values * (1 - foam) + white * foam
    else:
        dark = np.exp(-np.clip(below, 0, None) / (0.02 * stage.unit))[..., None] * 0.4
        color = color * (1 - dark)
    stage.put_pixels(values * (1 - cover) + color * cover, top)


def paint_river(stage: Stage) -> None:
    """A river winding from the horizon, between banks of earth; it mirrors the sky."""
    top = stage.horizon
    bank, _ = winding(stage, stage.brief.stream("river"), near=0.76, far=0.035)
    cover, _ = winding(stage, stage.brief.stream("river"), near=0.68, far=0.03)
    stage.keep_clear(bank)
    earth = np.asarray((98, 92, 62), np.float32) * np.asarray(stage.light.ambient, np.float32)
    values = stage.pixels(top, stage.height)
    values = values * (1 - 0.8 * bank) + earth * 0.8 * bank
    water = _mirror(stage, stage.pixels(0, top), stage.height - top, 0.12)
    stage.put_pixels(values * (1 - cover) + water * cover, top)


def paint_waterfall(stage: Stage) -> None:
    """A cliff across the far side with water falling over it."""
    rng = stage.brief.stream("waterfall")
    width = stage.width
    height = rng.uniform(0.4, 0.5) * stage.unit
    center = rng.choice([0.4, 0.6]) * width
    x = np.arange(width, dtype=np.float32)
    away = (x - center) / stage.unit
    jag = ridge(rng, width, waves=5, roughness=0.6)
    tops = stage.horizon - height * (
        0.86 + 0.3 * np.clip(np.abs(away) * 2 - 0.15, 0, 0.7) + 0.16 * jag
    )
    top = max(0, int(tops.min()) - 1)
    bottom = stage.row(0.06)
    rows = bottom - top
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    cover = np.clip(y - tops[None] + 0.5, 0, 1)[..., None]
    noise = fractal(rng, rows, width, cells=(5, 16), octaves=5, gain=0.65)
    relief = np.clip(0.5 + (noise - shifted(noise, 0, 4)) * 6 + (noise - 0.5), 0, 1)[..., None]
    ambient = np.asarray(stage.light.ambient, np.float32)
    stone = (
        np.asarray((52, 58, 58), np.float32) * (1 - relief)
        + np.asarray((142, 136, 118), np.float32) * relief
    )
    moss = smoothstep(0.5, 0.66, shifted(noise, 9, 31))[..., None] * 0.8
    stone = (stone * (1 - moss) + np.asarray((78, 118, 56), np.float32) * moss) * ambient
    values = stage.pixels(top, bottom) * (1 - cover) + stone * cover
    lip = stage.horizon - height * 0.88
    drop = np.clip((y - lip) / (stage.horizon - lip), 0, 1.2)
    streaks = fractal(rng, rows, width, cells=(2, 90), octaves=3, gain=0.8)
    half = (0.055 + 0.045 * drop) * stage.unit
    fall = np.clip(
        (half - np.abs(x[None] - center) + (streaks - 0.5) * 0.05 * stage.unit) / 6, 0, 1
    )
    fall = (fall * (y > lip))[..., None]
    white = np.asarray((238, 246, 250), np.float32) * np.clip(ambient * 1.1, 0, 1.05)
    blue = np.asarray((132, 176, 200), np.float32) * ambient
    strength = smoothstep(0.3, 0.62, streaks)[..., None]
    values = values * (1 - fall) + (blue * (1 - strength) + white * strength) * fall
    stage.put_pixels(values, top)
    for dx in (-0.1, -0.03, 0.05, 0.12):
        mist = mix(stage.light.rim, (255, 255, 255), 0.5)
        glow(stage, center + dx * stage.unit, stage.horizon, 0.1 * stage.unit, mist, 0.6)


def paint_deep(stage: Stage) -> None:
    """Under water: light and rays from above. ``reef`` adds fish, weeds and corals."""
    rng = stage.brief.stream("deep")
    t = np.linspace(0, 1, stage.height, dtype=np.float32)[:, None, None]
    high, low = np.asarray((96, 206, 216), np.float32), np.asarray((10, 46, 96), np.float32)
    if stage.light.dark:
        high, low = high * 0.5, low * 0.5
    x = np.arange(stage.width, dtype=np.float32)[None]
    y = np.arange(stage.height, dtype=np.float32)[:, None]
    values = np.repeat(high + (low - high) * smoothstep(0, 1, t), stage.width, 1)
    lean = rng.uniform(-0.35, 0.35)
    across = ((x - lean * y) / stage.unit + 3) * 14
    rays = np.sin(across) + np.sin(across * 1.73 + 2) + np.sin(across * 0.61 + rng.uniform(0, 6))
    values *= (1 + 0.13 * np.clip(rays, -1, 2.5) * (1 - t[..., 0]) ** 1.2)[..., None]
    values *= (1 + 0.2 * (fractal(rng, stage.height, stage.width, cells=(5, 5)) - 0.5))[..., None]
    stage.put_pixels(values, 0)
    bottom = round(stage.height * 0.86)
    floor = ridge(rng, stage.width, waves=2, roughness=0.3)
    edge = stage.height * 0.93 - floor * 0.09 * stage.height
    rows = np.arange(bottom - round(0.05 * stage.height), stage.height, dtype=np.float32)[:, None]
    cover = np.clip(rows - edge[None] + 0.5, 0, 1)[..., None]
    sand = np.asarray((126, 150, 136), np.float32) * (0.8 if not stage.light.dark else 0.4)
    grain = 1 + 0.5 * (stage.grain[int(rows[0, 0]) :, :, None] - 0.5)
    top = int(rows[0, 0])
    stage.put_pixels(stage.pixels(top, stage.height) * (1 - cover) + sand * grain * cover, top)
