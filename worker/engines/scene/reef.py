"""Under water: bubbles, weeds, corals."""

import numpy as np

from worker.engines.scene import water
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.light import dim
from worker.engines.scene.stage import Stage


def paint_underwater(stage: Stage) -> None:
    brief = stage.brief
    rng = brief.stream("underwater")
    water.paint_deep(stage)
    _reef(stage, rng)
    for _ in range(26):
        x, y, r = (
            rng.uniform(0, stage.width),
            rng.uniform(0, stage.height * 0.9),
            rng.uniform(0.004, 0.014) * stage.unit,
        )
        bubble = Sprite(2, 2, r)
        bubble.oval(1, 1, 1, 1, (190, 232, 238))
        bubble.oval(1.06, 1.08, 0.78, 0.76, (110, 184, 204))
        bubble.oval(0.62, 0.6, 0.2, 0.18, (255, 255, 255))
        stage.place(bubble, x, y, volume=0)


def _reef(stage: Stage, rng: np.random.Generator) -> None:
    """Weeds swaying and corals on the sea floor."""
    for _ in range(12):
        tall = rng.uniform(0.16, 0.46) * stage.unit
        sprite = Sprite(0.4, 1, tall)
        color = ((70, 140, 80), (40, 110, 96), (120, 150, 60))[int(rng.integers(3))]
        sway = rng.uniform(0.04, 0.09)
        for dx in (-0.06, 0.0, 0.07):
            path = [
                (0.2 + dx, 1.0),
                (0.2 + dx + sway, 0.75),
                (0.2 + dx - sway, 0.5),
                (0.2 + dx + sway, 0.25),
                (0.2 + dx, 0.04 + abs(dx) * 3),
            ]
            sprite.taper(path, [0.05, 0.055, 0.045, 0.03, 0.008], dim(color, 1 - dx * 3))
        stage.place(sprite, rng.uniform(0, 1) * stage.width, stage.height * rng.uniform(0.94, 1.02))
    for _ in range(8):
        size = rng.uniform(0.1, 0.2) * stage.unit
        sprite = Sprite(1.2, 1, size)
        color = ((232, 100, 100), (240, 150, 90), (190, 100, 170), (240, 200, 110))[
            int(rng.integers(4))
        ]
        for angle in np.linspace(-1.1, 1.1, 7):
            tip = (0.6 + np.sin(angle) * 0.5, 0.98 - np.cos(angle) * rng.uniform(0.6, 0.9))
            bend = (0.6 + np.sin(angle) * 0.22, 0.62)
            sprite.taper(
                [(0.6, 1.0), bend, tip],
                [0.16, 0.11, 0.07],
                dim(color, float(rng.uniform(0.8, 1.1))),
            )
        stage.place(sprite, rng.uniform(0, 1) * stage.width, stage.height * rng.uniform(0.96, 1.02))
