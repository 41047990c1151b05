"""What the hour and the weather do to colours."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worker.engines.scene.brief import Brief, Color

Rgb = NDArray[np.float32]


@dataclass(frozen=True)
class Light:
    """The light of a scene. Colours are 0..255; ``ambient`` multiplies the colours of things."""

    name: str
    zenith: Color
    middle: Color
    rim: Color
    disc: Color
    ambient: tuple[float, float, float]
    haze: Color
    # How far up the sky the sun or moon stands: 0 at the horizon, 1 at the top of the picture.
    elevation: tuple[float, float]
    dark: bool = False
    shine: float = 1.0


LIGHTS = {
    light.name: light
    for light in (
        Light(
            "dawn",
            (104, 134, 194),
            (214, 180, 200),
            (255, 208, 160),
            (255, 240, 208),
            (0.98, 0.88, 0.86),
            (228, 198, 196),
            (0.08, 0.3),
        ),
        Light(
            "day",
            (48, 112, 196),
            (112, 172, 228),
            (208, 230, 240),
            (255, 250, 226),
            (1.02, 1.0, 0.95),
            (182, 208, 230),
            (0.55, 0.82),
            shine=0.7,
        ),
        Light(
            "golden",
            (86, 132, 186),
            (190, 190, 180),
            (255, 222, 150),
            (255, 244, 200),
            (1.06, 0.94, 0.76),
            (232, 206, 160),
            (0.25, 0.5),
        ),
        Light(
            "sunset",
            (58, 60, 122),
            (216, 104, 96),
            (255, 190, 94),
            (255, 236, 168),
            (0.96, 0.74, 0.64),
            (216, 138, 122),
            (0.1, 0.32),
            shine=1.25,
        ),
        Light(
            "dusk",
            (26, 34, 84),
            (96, 74, 134),
            (238, 144, 118),
            (255, 240, 214),
            (0.6, 0.54, 0.7),
            (122, 92, 132),
            (0.45, 0.75),
            dark=True,
        ),
        Light(
            "night",
            (8, 14, 42),
            (22, 36, 82),
            (60, 82, 132),
            (248, 246, 226),
            (0.42, 0.48, 0.7),
            (40, 54, 98),
            (0.5, 0.8),
            dark=True,
            shine=0.9,
        ),
        Light(
            "storm",
            (40, 46, 62),
            (84, 92, 106),
            (160, 160, 154),
            (214, 216, 210),
            (0.68, 0.71, 0.76),
            (124, 130, 138),
            (0.6, 0.8),
            shine=0.15,
        ),
        Light(
            "overcast",
            (118, 132, 150),
            (162, 172, 184),
            (212, 214, 214),
            (250, 246, 236),
            (0.88, 0.89, 0.91),
            (188, 194, 200),
            (0.5, 0.75),
            shine=0.3,
        ),
    )
}


def light_of(brief: Brief) -> Light:
    """The light that the prompt asks for, or one that the seed picks."""
    rng = brief.stream("light")
    hour = brief.first("night", "sunset", "dawn", "dusk", "day")
    if hour is None and brief.has("stars", "moon", "aurora"):
        hour = "night"
    if hour is None and brief.has("storm", "lightning"):
        hour = "storm"
    if hour is None and brief.has("rain", "fog", "snow"):
        hour = "overcast"
    if hour is None and brief.has("dark", "candle"):
        hour = str(rng.choice(["dusk", "night"]))
    if hour is None and brief.has("sun", "bright", "rainbow"):
        hour = "day"
    if hour is None and brief.has("city"):
        hour = str(rng.choice(["day", "sunset", "dusk", "night"]))
    if hour is None:
        hour = str(rng.choice(["day", "day", "golden", "golden", "dawn", "sunset"]))
    light = LIGHTS[hour]
    if brief.has("storm", "rain") and not light.dark:
        light = blend(light, LIGHTS["storm"], 0.55)
    if brief.has("dark") and not light.dark:
        light = replace(light, ambient=scale(light.ambient, 0.8), zenith=dim(light.zenith, 0.7))
    # The hour is never quite the same twice.
    warmth = rng.uniform(-0.05, 0.05)
    red, green, blue = light.ambient
    light = replace(light, ambient=(red * (1 + warmth), green, blue * (1 - warmth)))
    if "sky" in brief.colors:
        # A green sky is green all over, but for the light near the sun.
        color = dim(brief.colors["sky"], 0.5 if light.dark else 1.0)
        light = replace(
            light,
            zenith=dim(color, 0.75),
            middle=mix(light.middle, color, 0.9),
            rim=mix(mix(color, (255, 255, 255), 0.35), light.rim, 0.2),
            haze=mix(light.haze, color, 0.6),
        )
    for name in ("sun", "moon"):
        if name in brief.colors:
            light = replace(light, disc=brief.colors[name])
    for tint in brief.tints[:2]:
        light = replace(
            light,
            zenith=mix(light.zenith, dim(tint, 0.5 if light.dark else 0.9), 0.4),
            middle=mix(light.middle, tint, 0.4 if not light.dark else 0.25),
            rim=mix(light.rim, mix(tint, (255, 255, 255), 0.3), 0.35),
            haze=mix(light.haze, tint, 0.3),
        )
    return light


def blend(one: Light, other: Light, share: float) -> Light:
    """``one`` with ``share`` of ``other``'s colours."""
    return replace(
        one,
        zenith=mix(one.zenith, other.zenith, share),
        middle=mix(one.middle, other.middle, share),
        rim=mix(one.rim, other.rim, share),
        haze=mix(one.haze, other.haze, share),
        ambient=(
            one.ambient[0] * (1 - share) + other.ambient[0] * share,
            one.ambient[1] * (1 - share) + other.ambient[1] * share,
            one.ambient[2] * (1 - share) + other.ambient[2] * share,
        ),
        shine=one.shine * (1 - share) + other.shine * share,
    )


def mix(one: Color, other: Color, share: float) -> Color:
    """``one`` with ``share`` (0..1) of ``other``."""
    a, b, c = (round(x * (1 - share) + y * share) for x, y in zip(one, other, strict=True))
    return a, b, c


def dim(color: Color, factor: float) -> Color:
    """``color`` times ``factor``, kept within 0..255."""
    a, b, c = (max(0, min(255, round(x * factor))) for x in color)
    return a, b, c


def scale(values: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    return values[0] * factor, values[1] * factor, values[2] * factor


def vary(rng: np.random.Generator, color: Color, amount: float = 12) -> Color:
    """A neighbour of ``color``: brighter or darker, a little warmer or cooler."""
    shift = rng.normal(0, amount)
    warm = rng.normal(0, amount / 3)
    a, b, c = (
        max(0, min(255, round(x + shift + d))) for x, d in zip(color, (warm, 0, -warm), strict=True)
    )
    return a, b, c
