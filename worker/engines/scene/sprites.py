"""A sprite of any thing of the vocabulary, in the colours that the prompt gives it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image

from words import THINGS, Color, Subject
from worker.engines.scene import bodies, buildings, plants, still_life, vessels
from worker.engines.scene.canvas import SUPERSAMPLING, Sprite
from worker.engines.scene.drawings import drawing_of, tones_of
from worker.engines.scene.noise import smoothstep
from worker.engines.scene.stage import Stage

Painter = Callable[..., Sprite]
# Things that the painter draws itself.
PAINTERS: dict[str, tuple[Painter, float]] = {
    "tree": (plants.tree, 1.1),
    "blossom": (partial(plants.tree, kind="blossom"), 1.1),
    "pine": (plants.pine, 0.56),
    "palm": (plants.palm, 1.0),
    "cactus": (plants.cactus, 0.7),
    "house": (buildings.house, 1.36),
    "castle": (buildings.castle, 1.3),
    "church": (buildings.church, 0.9),
    "tower": (buildings.tower, 0.46),
    "lighthouse": (buildings.lighthouse, 0.6),
    "windmill": (buildings.windmill, 0.9),
    "boat": (vessels.boat, 0.94),
    "ship": (vessels.ship, 1.3),
    "hot air balloon": (vessels.balloon, 0.72),
    "vase": (still_life.vase, 0.96),
    "lamp": (still_life.lamp, 0.7),
}
SHOULDERS, SITTING, ROBOT = 1.06, 0.86, 0.84


def proportion_of(name: str) -> float:
    """Width by height of the sprite of a thing."""
    if name in PAINTERS:
        return PAINTERS[name][1]
    thing = THINGS[name]
    if name == "robot":
        return ROBOT
    if thing.kind in ("face", "head"):
        return SHOULDERS if thing.kind == "face" else SITTING
    return drawing_of(thing.drawing).proportion


def sprite_of(stage: Stage, subject: Subject, size: float, index: int) -> Sprite:
    """``subject``, ``size`` pixels tall. Another ``index`` gives another one of its kind."""
    name, thing = subject.name, THINGS[subject.name]
    if name in PAINTERS:
        colors = {**stage.brief.colors, **({name: subject.colors[0]} if subject.colors else {})}
        colored = replace(stage, brief=replace(stage.brief, colors=colors))
        return PAINTERS[name][0](colored, size, index=index)
    rng = stage.brief.stream(f"{name} {index}")
    tones = tones_of(thing.drawing)
    drawing = drawing_of(tones[int(rng.integers(len(tones)))])
    share = 0.72 if thing.kind in ("face", "head") else 1.0
    drawn = drawing.draw(max(4, size * SUPERSAMPLING * share))
    if thing.kind == "face":
        # The colour of a person is that of the clothes.
        cloth = subject.colors[0] if subject.colors else bodies.clothes(rng)
        return bodies.with_shoulders(drawn, size, rng, cloth)
    drawn = recolored(drawn, subject.colors)
    if name == "robot":
        return bodies.of_metal(drawn, size, rng)
    if thing.kind == "head":
        return bodies.sitting(drawn, size, rng)
    return Sprite.of(drawn, size)


def recolored(drawn: Image.Image, colors: Sequence[Color]) -> Image.Image:
    """``drawn`` with its main colour turned into the first of ``colors``, the next into the second.

    Light and dark stay, and so do the other colours: a red car keeps its black tyres.
    """
    if not colors:
        return drawn
    values = np.asarray(drawn, np.float32).copy()
    original = values[..., :3].copy()
    done = np.zeros(values.shape[:2], np.float32)
    for color in colors:
        remaining = np.dstack([original, values[..., 3] * (done < 0.4)]).astype(np.uint8)
        main = np.asarray(bodies.main_color(Image.fromarray(remaining)), np.float32)
        share = _likeness(original, main) * (1 - done)
        bright = original.mean(-1) / max(40.0, float(main.mean()))
        target = np.asarray(color, np.float32) * np.clip(bright, 0.45, 1.6)[..., None]
        values[..., :3] = values[..., :3] * (1 - share[..., None]) + target * share[..., None]
        done = np.maximum(done, share)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _likeness(values: np.ndarray, main: np.ndarray) -> np.ndarray:
    """How much each pixel is of the hue of ``main``, 0..1; its brightness counts less."""
    bright, main_bright = values.mean(-1, keepdims=True), main.mean()
    hue = (values - bright) - (main - main_bright)
    away = np.sqrt((hue**2).sum(-1) + 0.2 * (bright[..., 0] - main_bright) ** 2)
    return 1 - smoothstep(45, 85, away)
