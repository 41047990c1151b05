"""Houses, castles and other buildings."""

import numpy as np

from worker.engines.scene.brief import Color
from worker.engines.scene.canvas import Sprite, points
from worker.engines.scene.land import season_of
from worker.engines.scene.light import dim, vary
from worker.engines.scene.stage import Stage

WALLS: tuple[Color, ...] = ((232, 220, 196), (214, 190, 156), (240, 236, 226), (198, 152, 124))
ROOFS: tuple[Color, ...] = ((168, 72, 52), (132, 62, 56), (98, 92, 104), (152, 96, 60))
GLASS: Color = (74, 98, 122)
LAMPLIGHT: Color = (255, 214, 122)


def window(stage: Stage, sprite: Sprite, x: float, y: float, w: float, h: float) -> None:
    """A window with its cross bars, lit from inside when it is dark."""
    dark = stage.light.dark
    sprite.box(x - w * 0.16, y - h * 0.12, x + w * 1.16, y + h * 1.12, (238, 232, 220))
    sprite.box(x, y, x + w, y + h, GLASS)
    if dark:
        sprite.box(x, y, x + w, y + h, LAMPLIGHT, lit=True)
    else:
        sprite.polygon([(x, y), (x + w * 0.6, y), (x, y + h * 0.7)], (150, 180, 200))
    sprite.box(x + w * 0.45, y, x + w * 0.55, y + h, (220, 212, 198), lit=dark)
    sprite.box(x, y + h * 0.46, x + w, y + h * 0.54, (220, 212, 198), lit=dark)


def _roof_rows(
    sprite: Sprite, left: float, right: float, top: float, foot: float, color: Color
) -> None:
    """Courses of tiles on a roof that narrows towards its ridge."""
    for k in range(1, 6):
        y = top + (foot - top) * k / 6
        inset = (1 - k / 6) * 0.1
        sprite.line([(left + inset, y), (right - inset, y)], 0.008, color)


def house(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A cottage with a gable to the front and a long side going back."""
    rng = stage.brief.stream(f"house {index}")
    sprite = Sprite(1.36, 1, size)
    wall = stage.color("house", WALLS[int(rng.integers(len(WALLS)))])
    roof = vary(rng, ROOFS[int(rng.integers(len(ROOFS)))], 8)
    if season_of(stage) == "winter":
        roof = (236, 241, 246)
    shade = dim(wall, 0.72)
    sprite.box(0.96, 0.06, 1.08, 0.34, (150, 92, 74))
    sprite.box(0.94, 0.04, 1.1, 0.085, (120, 72, 60))
    sprite.box(0.5, 0.46, 1.3, 1.0, shade)
    sprite.polygon(points("0.08,1.0 0.08,0.5 0.33,0.2 0.58,0.5 0.58,1.0"), wall)
    sprite.polygon([(0.33, 0.12), (1.1, 0.12), (1.36, 0.52), (0.6, 0.52)], roof)
    _roof_rows(sprite, 0.42, 1.28, 0.12, 0.52, dim(roof, 0.84))
    sprite.polygon(
        points("0.33,0.11 0.38,0.11 0.66,0.52 0.57,0.54 0.33,0.23 0.09,0.54 0.0,0.52"),
        dim(roof, 0.8),
    )
    sprite.box(0.27, 0.68, 0.41, 1.0, (116, 66, 46))
    sprite.oval(0.385, 0.85, 0.012, 0.012, (230, 200, 110))
    window(stage, sprite, 0.285, 0.4, 0.1, 0.13)
    window(stage, sprite, 0.74, 0.64, 0.12, 0.16)
    window(stage, sprite, 1.05, 0.64, 0.12, 0.16)
    sprite.box(0.06, 0.975, 1.32, 1.0, dim(wall, 0.5))
    for x in np.arange(0.1, 1.3, 0.06):
        if not 0.24 < x < 0.44:
            radius = rng.uniform(0.03, 0.055)
            sprite.oval(x, 0.985, radius, radius * 0.9, vary(rng, (78, 120, 62), 14))
    return sprite


def church(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    rng = stage.brief.stream(f"church {index}")
    sprite = Sprite(0.9, 1, size)
    wall, roof = vary(rng, (236, 230, 218), 6), vary(rng, (104, 84, 88), 10)
    sprite.box(0.3, 0.64, 0.86, 1.0, dim(wall, 0.82))
    sprite.polygon([(0.28, 0.65), (0.36, 0.48), (0.82, 0.48), (0.9, 0.65)], roof)
    _roof_rows(sprite, 0.32, 0.86, 0.48, 0.65, dim(roof, 0.82))
    sprite.box(0.1, 0.4, 0.36, 1.0, wall)
    sprite.polygon([(0.07, 0.41), (0.23, 0.08), (0.39, 0.41)], roof)
    sprite.polygon([(0.23, 0.08), (0.39, 0.41), (0.25, 0.41)], dim(roof, 0.75))
    sprite.box(0.222, 0.0, 0.238, 0.1, (220, 186, 90))
    sprite.box(0.195, 0.03, 0.265, 0.046, (220, 186, 90))
    sprite.oval(0.23, 0.52, 0.055, 0.055, (244, 240, 230))
    sprite.line([(0.23, 0.52), (0.23, 0.485)], 0.01, (60, 54, 54))
    sprite.line([(0.23, 0.52), (0.255, 0.53)], 0.01, (60, 54, 54))
    sprite.box(0.18, 0.84, 0.28, 1.0, (104, 66, 48))
    sprite.oval(0.23, 0.84, 0.05, 0.05, (104, 66, 48))
    for x in (0.45, 0.59, 0.73):
        lit = stage.light.dark
        sprite.box(x, 0.74, x + 0.06, 0.9, LAMPLIGHT if lit else GLASS, lit=lit)
        sprite.oval(x + 0.03, 0.74, 0.03, 0.035, LAMPLIGHT if lit else GLASS, lit=lit)
    return sprite


def castle(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """Towers with pointed roofs and flags round a keep, walls with battlements and a gate."""
    rng = stage.brief.stream(f"castle {index}")
    sprite = Sprite(1.3, 1, size)
    stone = stage.color("castle", vary(rng, (176, 164, 150), 10))
    roof = vary(rng, ((150, 66, 58), (74, 92, 136), (92, 84, 110))[int(rng.integers(3))], 8)
    # x, half width, top of the wall, height of the roof; back to front
    towers = [
        (0.65, 0.12, 0.34, 0.3),
        (0.42, 0.075, 0.44, 0.24),
        (0.88, 0.075, 0.4, 0.24),
        (0.2, 0.085, 0.52, 0.22),
        (1.1, 0.085, 0.52, 0.22),
    ]
    for i, (x, half, top, peak) in enumerate(towers):
        color = dim(stone, (0.8, 0.88, 0.88, 1.0, 1.0)[i])
        sprite.box(x - half, top, x + half, 1.0, color)
        sprite.box(x + half * 0.3, top, x + half, 1.0, dim(color, 0.8))
        sprite.box(x - half * 1.15, top, x + half * 1.15, top + 0.035, dim(color, 1.08))
        sprite.polygon([(x - half * 1.3, top), (x, top - peak), (x + half * 1.3, top)], roof)
        sprite.polygon(
            [(x, top - peak), (x + half * 1.3, top), (x + half * 0.2, top)], dim(roof, 0.74)
        )
        sprite.line([(x, top - peak), (x, top - peak - 0.045)], 0.008, (70, 60, 56))
        sprite.polygon(
            [(x, top - peak - 0.045), (x + 0.06, top - peak - 0.03), (x, top - peak - 0.014)],
            (206, 64, 54),
        )
        for y in (top + 0.08, top + 0.2):
            lit = stage.light.dark and rng.random() < 0.8
            sprite.box(
                x - 0.016, y, x + 0.016, y + 0.055, LAMPLIGHT if lit else (66, 60, 66), lit=lit
            )
    wall = dim(stone, 0.94)
    sprite.box(0.2, 0.74, 1.1, 1.0, wall)
    for x in np.arange(0.28, 1.02, 0.062):
        sprite.box(x, 0.705, x + 0.034, 0.75, wall)
    for _ in range(26):
        x, y = rng.uniform(0.24, 1.05), rng.uniform(0.77, 0.97)
        sprite.box(x, y, x + 0.045, y + 0.016, vary(rng, dim(wall, 0.88), 5))
    sprite.box(0.57, 0.84, 0.73, 1.0, (72, 50, 40))
    sprite.oval(0.65, 0.84, 0.08, 0.07, (72, 50, 40))
    for x in (0.61, 0.65, 0.69):
        sprite.line([(x, 0.79), (x, 1.0)], 0.006, (40, 30, 28))
    return sprite


def tower(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    rng = stage.brief.stream(f"tower {index}")
    sprite = Sprite(0.46, 1, size)
    stone = stage.color("tower", vary(rng, (182, 160, 134), 10))
    sprite.polygon([(0.11, 1.0), (0.13, 0.28), (0.33, 0.28), (0.35, 1.0)], stone)
    sprite.polygon([(0.25, 0.28), (0.33, 0.28), (0.35, 1.0), (0.27, 1.0)], dim(stone, 0.8))
    for _ in range(30):
        x, y = rng.uniform(0.13, 0.3), rng.uniform(0.32, 0.97)
        sprite.box(x, y, x + 0.035, y + 0.014, vary(rng, dim(stone, 0.9), 6))
    sprite.box(0.09, 0.22, 0.37, 0.29, dim(stone, 1.06))
    for x in (0.09, 0.165, 0.24, 0.315):
        sprite.box(x, 0.175, x + 0.048, 0.23, dim(stone, 1.06))
    sprite.polygon([(0.12, 0.2), (0.23, 0.02), (0.34, 0.2)], (128, 70, 60))
    sprite.polygon([(0.23, 0.02), (0.34, 0.2), (0.25, 0.2)], (98, 54, 50))
    for y in (0.36, 0.54, 0.72):
        window(stage, sprite, 0.2, y, 0.055, 0.085)
    sprite.box(0.185, 0.88, 0.275, 1.0, (88, 58, 44))
    sprite.oval(0.23, 0.88, 0.045, 0.04, (88, 58, 44))
    return sprite


def lighthouse(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    sprite = Sprite(0.6, 1, size)
    stripe = stage.color("lighthouse", (200, 58, 50))

    def half(y: float) -> float:
        return 0.075 + (y - 0.26) * 0.075

    for band, (top, foot) in enumerate(
        zip((0.26, 0.4, 0.54, 0.68, 0.82), (0.4, 0.54, 0.68, 0.82, 0.95), strict=True)
    ):
        color = stripe if band % 2 else (246, 242, 234)
        a, b = half(top), half(foot)
        sprite.polygon([(0.3 - a, top), (0.3 + a, top), (0.3 + b, foot), (0.3 - b, foot)], color)
        sprite.polygon(
            [(0.3 + a * 0.35, top), (0.3 + a, top), (0.3 + b, foot), (0.3 + b * 0.35, foot)],
            dim(color, 0.76),
        )
    sprite.box(0.19, 0.24, 0.41, 0.265, (70, 70, 78))
    sprite.box(0.235, 0.13, 0.365, 0.24, (150, 180, 190))
    lit = stage.light.dark or stage.light.name in ("storm", "sunset", "overcast")
    sprite.box(0.245, 0.14, 0.355, 0.235, (255, 236, 160), lit=lit)
    for x in (0.235, 0.3, 0.365):
        sprite.line([(x, 0.13), (x, 0.24)], 0.01, (70, 70, 78))
    sprite.polygon([(0.22, 0.135), (0.3, 0.05), (0.38, 0.135)], dim(stripe, 0.86))
    sprite.oval(0.3, 0.045, 0.016, 0.016, (70, 70, 78))
    for y in (0.46, 0.74):
        sprite.box(0.28, y, 0.32, y + 0.055, (64, 76, 92))
    sprite.box(0.265, 0.86, 0.335, 0.95, (92, 60, 46))
    rng = stage.brief.stream(f"lighthouse {index}")
    for _ in range(16):
        x, y = rng.uniform(0.06, 0.54), rng.uniform(0.93, 0.99)
        r = rng.uniform(0.035, 0.075)
        rock = [
            (x + r * np.cos(a) * rng.uniform(0.8, 1.2), y + r * 0.6 * np.sin(a))
            for a in np.arange(0, 6.2, 0.9)
        ]
        sprite.polygon(rock, vary(rng, (118, 110, 104), 14))
    return sprite


def windmill(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    rng = stage.brief.stream(f"windmill {index}")
    sprite = Sprite(0.9, 1, size)
    wall = stage.color("windmill", vary(rng, (226, 210, 184), 8))
    sprite.polygon([(0.29, 1.0), (0.36, 0.4), (0.54, 0.4), (0.61, 1.0)], wall)
    sprite.polygon([(0.48, 0.4), (0.54, 0.4), (0.61, 1.0), (0.51, 1.0)], dim(wall, 0.78))
    sprite.blob(points("0.34,0.41 0.38,0.31 0.45,0.27 0.52,0.31 0.56,0.41"), (110, 66, 52))
    window(stage, sprite, 0.42, 0.55, 0.06, 0.08)
    sprite.box(0.4, 0.82, 0.5, 1.0, (104, 66, 46))
    hub, turn = (0.45, 0.36), rng.uniform(0.2, 1.3)
    for k in range(4):
        angle = turn + k * np.pi / 2
        along, side = (
            np.array([np.cos(angle), np.sin(angle)]),
            np.array([-np.sin(angle), np.cos(angle)]),
        )
        at = np.array(hub)
        sail = [
            at + along * 0.08,
            at + along * 0.345,
            at + along * 0.345 + side * 0.085,
            at + along * 0.08 + side * 0.085,
        ]
        sprite.polygon([(float(x), float(y)) for x, y in sail], (244, 236, 216))
        for share in np.linspace(0.08, 0.345, 6):
            a, b = at + along * share, at + along * share + side * 0.085
            sprite.line([(a[0], a[1]), (b[0], b[1])], 0.006, (124, 94, 66))
        tip = at + along * 0.35
        sprite.line([hub, (float(tip[0]), float(tip[1]))], 0.016, (96, 70, 50))
    sprite.oval(*hub, 0.025, 0.025, (80, 58, 44))
    return sprite
