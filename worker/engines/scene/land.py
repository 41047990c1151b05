"""The ground and the heights beyond it."""

import numpy as np
from numpy.typing import NDArray

from worker.engines.scene.brief import Color
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.noise import Array, fractal, ridge, shifted, smoothstep
from worker.engines.scene.stage import Stage, glow

GROUND = {
    "spring": ((150, 178, 96), (86, 146, 58)),
    "summer": ((156, 172, 92), (84, 128, 48)),
    "autumn": ((190, 158, 84), (146, 104, 48)),
    "winter": ((226, 234, 242), (246, 248, 252)),
    "desert": ((226, 186, 128), (216, 158, 88)),
    "beach": ((232, 212, 168), (240, 214, 162)),
    "city": ((120, 120, 126), (86, 86, 94)),
    "rocks": ((140, 136, 126), (112, 104, 94)),
}


# Parts of the scene whose colour is that of the ground.
COLORED_GROUND = ("grass", "meadow", "garden", "field", "desert", "beach", "hills")


def season_of(stage: Stage) -> str:
    if stage.brief.has("snow"):
        return "winter"
    named = stage.brief.first("spring", "summer", "autumn", "winter")
    return named or str(stage.brief.stream("season").choice(["spring", "summer", "summer"]))


def ground_colors(stage: Stage) -> tuple[Color, Color]:
    """The ground far off and near."""
    brief = stage.brief
    for name in COLORED_GROUND:
        if name in brief.colors:
            color = brief.colors[name]
            return mix(color, (255, 255, 255), 0.12), dim(color, 0.88)
    if brief.has("desert", "cactus") and not brief.has("meadow", "snow"):
        return GROUND["desert"]
    if brief.has("beach", "island", "palm") and not brief.has("meadow", "winter", "snow"):
        return GROUND["beach"]
    return GROUND[season_of(stage)]


def _shade(stage: Stage, color: Color, haze: float) -> Array:
    base = np.asarray(color, np.float32) * np.asarray(stage.light.ambient, np.float32)
    return base * (1 - haze) + np.asarray(stage.light.haze, np.float32) * haze


def paint_mountains(stage: Stage) -> None:
    """Two or three ranges, the last ones pale, with lit and shaded flanks and snow on top."""
    rng = stage.brief.stream("mountains")
    focal = stage.brief.scene[:1] == ("mountains",)
    reach = rng.uniform(0.34, 0.44) if focal else rng.uniform(0.24, 0.34)
    ranges = ((0.62, reach, 1.6, 0.56), (0.3, reach * 0.66, 2.4, 0.54))
    stone = vary(rng, stage.brief.colors.get("mountains", (104, 102, 122)), 10)
    snow_line = 0.3 if stage.brief.has("snow", "winter") else rng.uniform(0.55, 0.72)
    for i, (haze, height, waves, roughness) in enumerate(ranges):
        skyline = ridge(rng, stage.width, waves=waves, roughness=roughness)
        if i == 0:
            # One peak stands out, on a third.
            x = np.linspace(0, 1, stage.width, dtype=np.float32)
            peak = rng.choice([0.34, 0.64]) + rng.uniform(-0.05, 0.05)
            skyline = 0.5 * skyline + 0.5 * np.clip(1 - np.abs(x - peak) * 2.6, 0, 1)
            skyline = skyline / skyline.max()
        tops = stage.horizon - (0.1 + 0.9 * skyline) * height * stage.unit
        haze *= 0.5 if "mountains" in stage.brief.colors else 1.0
        _range(stage, rng, tops, stone, haze, snow_line if i == 0 else snow_line + 0.2)
        if "mountains" not in stage.brief.colors:
            stone = mix(stone, (84, 96, 84), 0.45)


def _range(
    stage: Stage,
    rng: np.random.Generator,
    tops: Array,
    stone: Color,
    haze: float,
    snow_line: float,
) -> None:
    top = max(0, int(tops.min()) - 1)
    bottom = stage.horizon + 2
    rows = bottom - top
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    below = y - tops[None]
    cover = np.clip(below + 0.5, 0, 1)[..., None]
    # Gullies run down from the ridge: noise that leans outward with the depth below it.
    noise = fractal(rng, rows, stage.width, cells=(4, 9), octaves=5, gain=0.62)
    step = max(2, stage.width // 160)
    side = step if stage.lit_from_left else -step
    slope = np.gradient(tops)[None] * (-1 if stage.lit_from_left else 1)
    relief = shifted(noise, 0, -side) - shifted(noise, 0, side)
    facing = np.clip(0.5 + relief * 3.0 - np.tanh(slope * 0.8) * 0.34, 0, 1)[..., None]
    dark, lit = _shade(stage, dim(stone, 0.55), haze), _shade(stage, dim(stone, 1.45), haze)
    color = dark * (1 - facing) + lit * facing
    height = (stage.horizon - y) / max(1.0, stage.horizon - float(tops.min()))
    snow = smoothstep(snow_line, snow_line + 0.1, height + (noise - 0.5) * 0.5)[..., None]
    white, blue = _shade(stage, (250, 250, 252), haze * 0.6), _shade(stage, (158, 176, 212), haze)
    color = color * (1 - snow) + (blue * (1 - facing) + white * facing) * snow
    # Mist gathers at the foot.
    foot = (np.clip(1 - (stage.horizon - y) / (0.12 * stage.unit), 0, 1) ** 2 * 0.5)[..., None]
    color = color * (1 - foot) + np.asarray(stage.light.haze, np.float32) * foot
    stage.put_pixels(stage.pixels(top, bottom) * (1 - cover) + color * cover, top)


def paint_volcano(stage: Stage) -> None:
    rng = stage.brief.stream("volcano")
    center = rng.choice([0.36, 0.64]) * stage.width
    x = np.arange(stage.width, dtype=np.float32)
    away = np.abs(x - center) / stage.unit
    height = np.clip(0.46 * np.exp(-away * 3.0), 0, 0.37) * stage.unit
    broken = ridge(rng, stage.width, waves=6, roughness=0.5) * 0.02 * stage.unit
    tops = stage.horizon - height - broken
    _range(stage, rng, tops, (98, 78, 78), 0.2, 2.0)
    crater = stage.horizon - 0.37 * stage.unit
    for i in range(9):
        drift = (0.02 + 0.03 * i) * (1 if stage.lit_from_left else -1)
        puff = (center + drift * stage.unit + rng.normal(0, 6), crater - 0.045 * i * stage.unit)
        glow(stage, *puff, (0.06 + 0.013 * i) * stage.unit, (190, 180, 180), 0.75)
    glow(stage, center, crater, 0.16 * stage.unit, (255, 110, 40), 1.0)


def paint_hills(stage: Stage, *, green: bool = True) -> None:
    """Rolling layers in front of each other; their tops catch the light."""
    rng = stage.brief.stream("hills")
    far, near = ground_colors(stage)
    focal = stage.brief.has("hills")
    layers = 3 if focal else 2
    for i in range(layers):
        depth = i / layers
        skyline = ridge(rng, stage.width, waves=1.2 + i, roughness=0.3)
        height = (0.17 if focal else 0.09) * (1 - 0.55 * depth) * stage.unit
        tops = stage.horizon - (0.12 + 0.88 * skyline) * height
        far_off = far if "hills" in stage.brief.colors else mix((92, 128, 104), far, 0.4)
        base = mix(far_off, near, depth * 0.6) if green else far
        _slope(stage, rng, tops, vary(rng, base, 6), 0.5 * (1 - depth))


def paint_dunes(stage: Stage) -> None:
    """Crests with a sunny and a shaded side, from the horizon to the front."""
    rng = stage.brief.stream("dunes")
    far, near = ground_colors(stage)
    for i in range(5):
        depth = i / 5
        skyline = ridge(rng, stage.width, waves=1.0 + 0.6 * (1 - depth), roughness=0.3)
        height = (0.07 + 0.12 * depth) * stage.unit
        base = stage.row(depth**1.3 * 0.9)
        tops = base - skyline * height
        color = vary(rng, mix(far, near, depth), 6)
        _slope(stage, rng, tops, color, 0.45 * (1 - depth), bottom=stage.height, crest=0.5)


def _slope(
    stage: Stage,
    rng: np.random.Generator,
    tops: Array,
    color: Color,
    haze: float,
    *,
    bottom: int | None = None,
    crest: float = 0.25,
) -> None:
    """Fill below ``tops`` (a row for every column), shaded by which way the slope faces."""
    bottom = bottom or stage.horizon + 3
    top = max(0, int(tops.min()) - 1)
    if top >= bottom:
        return
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    below = y - tops[None]
    cover = np.clip(below + 0.5, 0, 1)[..., None]
    slope = np.gradient(tops)[None] * (1 if stage.lit_from_left else -1)
    fade = np.exp(-np.clip(below, 0, None) / (0.09 * stage.unit))
    noise = fractal(rng, bottom - top, stage.width, cells=(14, 8), octaves=3)
    bright = 1 - np.tanh(slope * 1.4) * crest * fade + 0.1 * fade + (noise - 0.5) * 0.3
    filled = _shade(stage, color, haze) * bright[..., None]
    stage.put_pixels(stage.pixels(top, bottom) * (1 - cover) + filled * cover, top)


def paint_ground(stage: Stage) -> None:
    """The plain from the horizon to the lower edge, its grain growing towards the viewer."""
    rng = stage.brief.stream("ground")
    far, near = ground_colors(stage)
    top = stage.horizon
    rows = stage.height - top
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    patches = perspective(stage, fractal(rng, 256, 256, cells=(10, 10), octaves=5, gain=0.7), top)
    share = smoothstep(0, 0.7, t)[..., None]
    color = _shade(stage, far, 0.35) * (1 - share) + _shade(stage, near, 0) * share
    if stage.brief.has("field") and "field" not in stage.brief.colors:
        color = color * (1 - 0.55) + _shade(stage, (226, 184, 86), 0.1) * 0.55
    if stage.brief.has("field"):
        color = color * _furrows(stage, rng, rows)[..., None]
    # Snow lies smooth; grass and sand do not.
    rough = (0.12 + 0.3 * t) if season_of(stage) == "winter" else (0.3 + 0.6 * t)
    bright = 1 + (patches - 0.5) * rough - 0.16 * t**2
    stage.put_pixels(color * bright[..., None], top)


def _furrows(stage: Stage, rng: np.random.Generator, rows: int) -> Array:
    """Rows of a field, running to a vanishing point."""
    y = np.linspace(0.02, 1, rows, dtype=np.float32)[:, None]
    x = (np.arange(stage.width, dtype=np.float32)[None] - rng.uniform(0.3, 0.7) * stage.width) / (
        stage.unit * (y + 0.03)
    )
    furrows: Array = 1 + 0.2 * np.sin(x * 22) * smoothstep(0.04, 0.3, y)
    return furrows.astype(np.float32)


def perspective(stage: Stage, tile: Array, top: int) -> Array:
    """Lay a repeating texture ``tile`` on the plain: shape (height - top, width)."""
    rows, columns = tile.shape
    t = np.linspace(0.035, 1, stage.height - top, dtype=np.float32)[:, None]
    depth = _back_and_forth((rows * 0.42 / t).astype(int), rows)
    x = np.arange(stage.width, dtype=np.float32)[None] - stage.width / 2
    across = _back_and_forth(np.floor(x / stage.unit * 190 / (t + 0.1)).astype(int), columns)
    return tile[np.broadcast_to(depth, across.shape), across]


def _back_and_forth(index: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    """Run over a texture and back, so that it repeats without a seam."""
    index = index % (2 * length)
    return np.where(index < length, index, 2 * length - 1 - index)


def paint_road(stage: Stage) -> None:
    """A winding road from the front edge to the horizon."""
    color = (214, 190, 150) if not stage.brief.has("city") else (112, 112, 120)
    if season_of(stage) == "winter":
        color = (206, 208, 216)
    color = stage.brief.colors.get("road", color)
    cover, edge = winding(stage, stage.brief.stream("road"), near=0.34, far=0.02)
    stage.keep_clear(cover)
    grain = stage.grain[stage.horizon :] - 0.5
    fill = _shade(stage, color, 0.05) * (0.8 + 0.2 * edge + 0.25 * grain)[..., None]
    ground = stage.pixels(stage.horizon, stage.height)
    stage.put_pixels(ground * (1 - cover) + fill * cover, stage.horizon)


def winding(
    stage: Stage, rng: np.random.Generator, *, near: float, far: float
) -> tuple[Array, Array]:
    """A winding strip on the plain, ``near`` wide (units) in front and ``far`` at the horizon.

    Returns how much of each pixel below the horizon it covers, shape (rows, width, 1), and how far
    from its edge the pixel is, 0..1, shape (rows, width).
    """
    swing = rng.uniform(0.12, 0.2) * rng.choice([-1, 1])
    vanish = rng.uniform(0.4, 0.6)
    t = np.linspace(0, 1, stage.height - stage.horizon, dtype=np.float32)[:, None] ** 0.667
    center = (vanish + swing * np.sin(t * 5.2) * (0.35 + t)) * stage.width
    reach = (far + (near - far) * t**1.4) * stage.unit / 2
    inside = reach - np.abs(np.arange(stage.width, dtype=np.float32)[None] - center)
    return np.clip(inside + 0.5, 0, 1)[..., None], np.clip(inside / (reach * 0.25 + 1), 0, 1)
