"""Boats, ships and balloons."""

import numpy as np

from worker.engines.scene.canvas import Sprite, points
from worker.engines.scene.light import dim, mix, vary
from worker.engines.scene.stage import Stage


def boat(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A small sailing boat, main sail and jib full of wind."""
    rng = stage.brief.stream(f"boat {index}")
    sprite = Sprite(0.94, 1, size)
    hull = stage.color(
        "boat", ((170, 56, 46), (52, 86, 124), (226, 220, 206), (96, 64, 46))[int(rng.integers(4))]
    )
    sail = vary(rng, (248, 240, 222), 5) if rng.random() < 0.7 else (214, 116, 70)
    sprite.line([(0.46, 0.04), (0.46, 0.84)], 0.02, (96, 70, 50))
    main = points("0.48,0.07 0.62,0.3 0.76,0.52 0.85,0.72 0.66,0.745 0.48,0.74")
    sprite.polygon(main, sail)
    sprite.glaze(
        [(0.48, 0.07), (0.56, 0.3), (0.58, 0.74), (0.48, 0.74)], dim(sail, 0.62), 0.6, blur=0.03
    )
    for y, reach in ((0.3, 0.12), (0.48, 0.23), (0.63, 0.31)):
        sprite.line(
            [(0.48, y), (0.48 + reach * 0.5, y + 0.02), (0.48 + reach, y)], 0.006, dim(sail, 0.78)
        )
    sprite.polygon(points("0.44,0.12 0.34,0.42 0.12,0.74 0.3,0.735 0.44,0.72"), dim(sail, 0.93))
    sprite.polygon([(0.46, 0.05), (0.56, 0.025), (0.46, 0.0)], (206, 64, 54))
    sprite.polygon(points("0.04,0.8 0.93,0.78 0.82,0.96 0.72,1.0 0.24,1.0 0.14,0.95"), hull)
    sprite.polygon(
        [(0.04, 0.8), (0.93, 0.78), (0.92, 0.815), (0.055, 0.835)], mix(hull, (250, 240, 220), 0.6)
    )
    sprite.polygon(
        points("0.1,0.9 0.87,0.89 0.82,0.96 0.72,1.0 0.24,1.0 0.14,0.95"),
        dim(hull, 0.66),
    )
    sprite.oval(0.62, 0.755, 0.03, 0.034, (206, 160, 130))
    sprite.box(0.59, 0.78, 0.65, 0.81, (60, 78, 110))
    return sprite


def ship(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A three-master under full sail."""
    rng = stage.brief.stream(f"ship {index}")
    sprite = Sprite(1.3, 1, size)
    wood = stage.color("ship", vary(rng, (112, 72, 48), 8))
    sail = vary(rng, (242, 230, 206), 6)
    sprite.line([(1.06, 0.72), (1.29, 0.56)], 0.02, dim(wood, 0.8))
    sprite.polygon([(1.0, 0.24), (1.27, 0.57), (1.04, 0.62)], dim(sail, 0.9))
    for x, top, half in ((0.34, 0.16, 0.15), (0.64, 0.03, 0.19), (0.94, 0.12, 0.15)):
        sprite.line([(x, top), (x, 0.8)], 0.022, dim(wood, 0.8))
        high = top + 0.04
        for k, grow in enumerate((0.62, 0.84, 1.0)):
            foot = high + (0.7 - top) * 0.3
            w = half * grow
            middle = (high + foot) / 2
            right = [(x + w, high), (x + w * 1.18, middle), (x + w * 1.06, foot)]
            left = [(x - w * 0.94, foot), (x - w * 0.8, middle), (x - w, high)]
            shape = [*right, (x + w * 0.1, foot - 0.025), *left]
            sprite.polygon(shape, dim(sail, 1.03 - 0.06 * k))
            sprite.glaze(
                [(x - w, high), (x - w * 0.3, high), (x - w * 0.2, foot), (x - w, foot)],
                dim(sail, 0.6),
                0.5,
                blur=0.02,
            )
            sprite.line([(x - w * 1.04, high), (x + w * 1.04, high)], 0.012, dim(wood, 0.8))
            high = foot + 0.012
        sprite.polygon([(x, top), (x + 0.09, top - 0.018), (x, top - 0.036)], (196, 56, 50))
    sprite.polygon(
        points("0.06,0.68 0.24,0.7 0.28,0.79 0.9,0.8 1.16,0.7 1.08,0.9 1.0,1.0 0.22,1.0 0.12,0.9"),
        wood,
    )
    sprite.polygon([(0.13, 0.92), (1.06, 0.92), (1.0, 1.0), (0.22, 1.0)], dim(wood, 0.6))
    sprite.line([(0.07, 0.72), (0.28, 0.82), (0.9, 0.835), (1.13, 0.75)], 0.016, (214, 172, 96))
    for x in np.arange(0.32, 0.92, 0.1):
        sprite.box(x, 0.865, x + 0.035, 0.895, (46, 34, 30))
    for y in (0.73, 0.765):
        lit = stage.light.dark
        sprite.box(0.11, y, 0.15, y + 0.022, (255, 214, 122) if lit else (60, 70, 84), lit=lit)
    return sprite


def balloon(stage: Stage, size: float, *, index: int = 0) -> Sprite:
    """A hot-air balloon with coloured panels."""
    rng = stage.brief.stream(f"balloon {index}")
    sprite = Sprite(0.72, 1, size)
    palettes = (
        ((206, 58, 52), (246, 206, 92)),
        ((50, 96, 166), (244, 240, 228)),
        ((226, 120, 50), (94, 60, 120)),
    )
    first, second = palettes[int(rng.integers(3))]
    first = stage.color("hot air balloon", first)
    profile = []
    for t in np.linspace(0, 1, 26):
        # A half round above, drawn in towards the basket below.
        if t < 0.42:
            wide = 0.335 * np.sin(np.pi * 0.5 * t / 0.42) ** 0.72
        else:
            wide = 0.335 - 0.27 * ((t - 0.42) / 0.58) ** 1.7
        profile.append((wide, 0.02 + 0.72 * t))
    seams = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 9))
    for k in range(8):
        left, right = seams[k], seams[k + 1]
        shape = [(0.36 + w * left, y) for w, y in profile] + [
            (0.36 + w * right, y) for w, y in reversed(profile)
        ]
        sprite.polygon(shape, first if k % 2 else second)
    sprite.glaze(
        points("0.5,0.05 0.72,0.25 0.66,0.5 0.45,0.74 0.55,0.4"),
        (40, 30, 60),
        0.4,
        blur=0.06,
    )
    sprite.glaze(
        [(0.16, 0.14), (0.28, 0.08), (0.24, 0.34), (0.14, 0.36)], (255, 250, 236), 0.4, blur=0.05
    )
    for x in (0.31, 0.41):
        sprite.line([(x + (x - 0.36) * 0.25, 0.735), (x, 0.9)], 0.007, (90, 70, 54))
    if stage.light.dark:
        sprite.oval(0.36, 0.77, 0.03, 0.045, (255, 190, 80), lit=True)
    sprite.box(0.3, 0.89, 0.42, 0.99, (136, 92, 56))
    sprite.box(0.29, 0.885, 0.43, 0.905, (98, 64, 42))
    for y in (0.93, 0.96):
        sprite.line([(0.3, y), (0.42, y)], 0.006, (98, 64, 42))
    return sprite
