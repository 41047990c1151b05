"""The sky, with sun, moon, stars and clouds."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from worker.engines.scene.canvas import Sprite
from worker.engines.scene.light import mix
from worker.engines.scene.noise import Array, fractal, resize, shifted, smoothstep
from worker.engines.scene.stage import Stage, glow


def paint_sky(stage: Stage) -> None:
    """Fill the picture down to a little below the horizon."""
    brief = stage.brief
    height, width = stage.horizon + 4, stage.width
    rows, columns = max(8, height // 2), max(8, width // 2)
    # Computed at half size: it has no edges that would show it.
    values = _gradient(stage, rows, columns)
    if stage.light.dark:
        _milky_way(stage, values)
    if brief.has("aurora"):
        _aurora(stage, values)
    values = np.stack([resize(values[..., i], height, width) for i in range(3)], -1)
    stage.put_pixels(values, 0)
    if stage.light.dark and not brief.lacks("stars"):
        _stars(stage, many=brief.has("stars", "sky"))
    if brief.has("rainbow"):
        _rainbow(stage)
    if not brief.has("storm", "rain", "fog") or brief.has("sun", "moon"):
        _disc(stage)
    if not brief.lacks("clouds"):
        _clouds(stage)
    if brief.has("lightning"):
        _lightning(stage)


def paint_flock(stage: Stage) -> None:
    """Birds far up, as two bent strokes each: on some fine days, and many if birds are wanted."""
    brief = stage.brief
    rng = brief.stream("flock")
    clear = not brief.has("storm", "rain", "snow", "night", "stars", "aurora", "fog")
    if not clear or brief.lacks("bird") or brief.has_kind("flying") or rng.random() > 0.35:
        return
    sprite = Sprite(stage.width, stage.horizon, 1)
    color = (54, 52, 62) if not stage.light.dark else (16, 20, 34)
    x0, y0 = rng.uniform(0.25, 0.7) * stage.width, rng.uniform(0.3, 0.55) * stage.horizon
    for _ in range(5):
        x, y = x0 + rng.normal(0, 0.15) * stage.unit, y0 + rng.normal(0, 0.1) * stage.unit
        span, lift = rng.uniform(0.018, 0.036) * stage.unit, rng.uniform(0.2, 0.7)
        for side in (-1, 1):
            wing = [
                (x, y),
                (x + side * span * 0.5, y - span * lift),
                (x + side * span, y - span * lift * 0.5),
            ]
            sprite.taper(wing, [span * 0.16, span * 0.13, span * 0.03], color)
    stage.place(sprite, stage.width / 2, stage.horizon, volume=0)


def _gradient(stage: Stage, rows: int, columns: int) -> Array:
    light = stage.light
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    zenith, middle, rim = (
        np.asarray(c, np.float32) for c in (light.zenith, light.middle, light.rim)
    )
    upper = zenith + (middle - zenith) * smoothstep(0, 0.62, t)
    values = upper + (rim - upper) * smoothstep(0.5, 1.02, t)
    values = np.repeat(values, columns, 1)
    # The sky is brighter round the sun.
    x = np.linspace(0, stage.width, columns, dtype=np.float32)[None]
    y = np.linspace(0, stage.horizon, rows, dtype=np.float32)[:, None]
    near = np.exp(-np.hypot((x - stage.sun[0]) * 0.8, y - stage.sun[1]) / (0.3 * stage.unit))
    share = (near * 0.6 * light.shine)[..., None]
    glow = np.asarray(mix(light.disc, light.rim, 0.4), np.float32)
    lit: Array = values * (1 - share) + glow * share
    return lit


def _clouds(stage: Stage) -> None:
    brief, light = stage.brief, stage.light
    rng = brief.stream("clouds")
    cover = rng.uniform(0.36, 0.52)
    if brief.has("clouds"):
        cover = rng.uniform(0.6, 0.68)
    if brief.has("storm", "rain"):
        cover = 0.85
    if brief.has("snow", "fog"):
        cover = 0.6
    if light.dark and not brief.has("clouds", "storm", "rain"):
        cover = rng.uniform(0.15, 0.3)
    if brief.has("stars", "aurora") and not brief.has("clouds"):
        return
    height, width = stage.horizon, stage.width
    rows, columns = max(8, height // 2), max(8, width // 2)
    noise = fractal(rng, rows, columns, cells=(3.5 * rows / columns + 1.5, 3), octaves=6, gain=0.52)
    # Clouds flatten towards the horizon: there they are far away.
    depth = np.linspace(0, 1, rows, dtype=np.float32) ** 0.75
    noise = noise[(depth * (rows - 1)).astype(int)]
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    density = smoothstep(1 - cover - 0.05, 1 - cover + 0.17, noise + 0.06 * np.sin(t * 9))
    density = density * (1 - 0.6 * t**4)
    step = max(2, rows // 40)
    toward = -step if stage.lit_from_left else step
    relief = noise - shifted(noise, -step, toward)
    bright = np.clip(0.62 + relief * 7 - (noise - 0.6) * 0.9, 0, 1)[..., None]
    high = np.asarray(mix(light.disc, light.rim, 0.25), np.float32)
    low = np.asarray(mix(light.middle, light.zenith, 0.45), np.float32)
    if light.dark:
        high = np.asarray(mix(light.middle, light.disc, 0.28), np.float32)
        low = np.asarray(mix(light.middle, light.rim, 0.4), np.float32)
    if brief.has("storm", "rain"):
        high = high * 0.78
    if "clouds" in brief.colors:
        high = np.asarray(mix(brief.colors["clouds"], light.disc, 0.15), np.float32)
        low = np.asarray(mix(brief.colors["clouds"], light.middle, 0.25), np.float32) * 0.8
    color = low * (1 - bright) + high * bright
    sky = stage.pixels(0, height)
    alpha = resize(density.astype(np.float32), height, width)[..., None] * 0.92
    large = np.stack(
        [resize(color[..., i].astype(np.float32), height, width) for i in range(3)], -1
    )
    stage.put_pixels(sky * (1 - alpha) + large * alpha, 0)


def _disc(stage: Stage) -> None:
    """The sun, or by night the moon; low or behind cloud it is still a glow."""
    brief, light = stage.brief, stage.light
    x, y = stage.sun
    if brief.lacks("moon" if light.dark else "sun"):
        return
    if light.dark and brief.has("stars", "aurora") and not brief.has("moon"):
        return
    # A rainbow stands opposite to the sun.
    if brief.has("rainbow") and not brief.has("sun", "moon"):
        return
    if light.shine < 0.4 and not brief.has("sun", "moon"):
        return
    moon = light.dark or (brief.has("moon") and not brief.has("sun"))
    radius = stage.unit * (0.05 if not brief.has("sun", "moon") else 0.075)
    if moon:
        glow(stage, x, y, radius * 6, light.disc, 0.4)
        _moon(stage, x, y, radius)
        return
    glow(stage, x, y, radius * 7, light.disc, 0.5 * light.shine)
    glow(stage, x, y, radius * 2.4, light.disc, 0.9)
    _round(stage, x, y, radius, mix(light.disc, (255, 255, 255), 0.3))


def _moon(stage: Stage, x: float, y: float, radius: float) -> None:
    rng = stage.brief.stream("moon")
    s = 4
    side = round(radius * 2 * s)
    face = Image.new("RGB", (side, side), stage.light.disc)
    draw = ImageDraw.Draw(face)
    for _ in range(9):
        cx, cy = rng.uniform(0.15, 0.85, 2) * side
        size = rng.uniform(0.05, 0.17) * side
        draw.ellipse((cx - size, cy - size * 0.8, cx + size, cy + size * 0.8), fill=(214, 212, 200))
    face = face.filter(ImageFilter.GaussianBlur(side / 60))
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    pen.ellipse((0, 0, side - 1, side - 1), fill=255)
    if rng.random() < 0.35:
        # A crescent: another round takes a bite.
        pen.ellipse((side * 0.28, -side * 0.12, side * 1.2, side * 0.86), fill=0)
    stage.image.paste(face.reduce(s), (round(x - radius), round(y - radius)), mask.reduce(s))


def _round(stage: Stage, x: float, y: float, radius: float, color: tuple[int, int, int]) -> None:
    s = 4
    side = round(radius * 2 * s)
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    stage.image.paste(color, (round(x - radius), round(y - radius)), mask.reduce(s))


def _stars(stage: Stage, *, many: bool) -> None:
    rng = stage.brief.stream("stars")
    count = int(stage.width * stage.horizon / (900 if many else 2600))
    xs, ys = rng.uniform(0, stage.width, count), rng.uniform(0, stage.horizon * 0.95, count)
    sizes = rng.pareto(2.4, count) * 0.0011 * stage.unit + 0.5
    layer = Image.new("L", (stage.width * 2, stage.horizon * 2))
    draw = ImageDraw.Draw(layer)
    for x, y, size, power in zip(xs, ys, sizes, rng.uniform(90, 255, count), strict=True):
        r = min(float(size), 0.006 * stage.unit) * 2
        draw.ellipse((2 * x - r, 2 * y - r, 2 * x + r, 2 * y + r), fill=int(power))
    stage.image.paste((255, 250, 235), (0, 0), layer.reduce(2))
    if many:
        for i in np.argsort(sizes)[-14:]:
            glow(stage, xs[i], ys[i], stage.unit * rng.uniform(0.015, 0.035), (205, 220, 255), 0.8)


def _milky_way(stage: Stage, values: Array) -> None:
    if not stage.brief.has("stars"):
        return
    rng = stage.brief.stream("milky way")
    rows, columns = values.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    lean = rng.uniform(-0.9, 0.9)
    across = (x - columns / 2 - lean * (y - rows / 2)) / (columns * 0.2)
    dust = fractal(rng, rows, columns, cells=(5, 5))
    band = np.exp(-((across + (dust - 0.5) * 1.6) ** 2)) * np.clip(dust * 1.7 - 0.3, 0, 1)
    values += band[..., None] * np.asarray((96, 84, 120), np.float32)


def _aurora(stage: Stage, values: Array) -> None:
    rng = stage.brief.stream("aurora")
    rows, columns = values.shape[:2]
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, columns, dtype=np.float32)[None]
    streaks = 0.35 + 0.9 * fractal(rng, 2, columns, cells=(2, 50), octaves=3, gain=0.7)[:1]
    for i in range(3):
        foot = rng.uniform(0.5, 0.85) - 0.16 * i
        foot = foot + 0.1 * np.sin(x * rng.uniform(3, 8) + rng.uniform(0, 6))
        foot = foot + 0.04 * np.sin(x * rng.uniform(12, 20) + rng.uniform(0, 6))
        above = foot - y
        curtain = np.where(above > 0, np.exp(-above * rng.uniform(4, 6)), np.exp(above * 50))
        high = np.clip(above * 2.2, 0, 1)[..., None]
        green, violet = (
            np.asarray((60, 240, 150), np.float32),
            np.asarray((160, 70, 220), np.float32),
        )
        color = green * (1 - high) + violet * high
        share = (curtain * streaks * (0.8 - 0.18 * i))[..., None]
        values += color * share * 0.8


def _rainbow(stage: Stage) -> None:
    rng = stage.brief.stream("rainbow")
    height, width = stage.horizon, stage.width
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = min(stage.unit * rng.uniform(0.44, 0.5), stage.horizon * 0.8)
    center = width * (0.56 if stage.lit_from_left else 0.44)
    band = (np.hypot(x - center, y - stage.horizon * 1.08) - radius) / (stage.unit * 0.085)
    stops = np.asarray(
        [
            (140, 80, 200),
            (70, 110, 230),
            (60, 190, 120),
            (250, 225, 80),
            (250, 150, 50),
            (235, 60, 60),
        ],
        np.float32,
    )
    at = np.clip(band, 0, 1) * (len(stops) - 1)
    color = np.stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)], -1)
    alpha = smoothstep(0, 0.14, band) * (1 - smoothstep(0.86, 1, band)) * 0.62
    sky = stage.pixels(0, height)
    stage.put_pixels(sky * (1 - alpha[..., None]) + color * alpha[..., None], 0)


def _lightning(stage: Stage) -> None:
    rng = stage.brief.stream("lightning")
    layer = Image.new("L", (stage.width, stage.horizon))
    draw = ImageDraw.Draw(layer)
    start = (stage.width * rng.uniform(0.25, 0.75), 0.0)

    def bolt(x: float, y: float, width: float, reach: float) -> None:
        while y < reach:
            to_x = x + rng.normal(0, 0.03) * stage.unit
            to_y = y + rng.uniform(0.015, 0.05) * stage.unit
            draw.line((x, y, to_x, to_y), fill=255, width=max(1, round(width)))
            if width > 1.5 and rng.random() < 0.3:
                bolt(to_x, to_y, width * 0.45, min(reach, to_y + 0.22 * stage.unit))
            x, y = to_x, to_y

    glow(stage, start[0], 0, stage.unit * 0.7, (200, 205, 255), 0.5)
    bolt(*start, stage.unit * 0.009, stage.horizon * 0.97)
    halo = layer.reduce(4).filter(ImageFilter.GaussianBlur(stage.unit * 0.005)).resize(layer.size)
    stage.image.paste((190, 200, 255), (0, 0), halo)
    stage.image.paste((255, 255, 250), (0, 0), layer)
