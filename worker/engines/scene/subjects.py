"""The subjects of a picture: animals, people, things that fly, things on a table."""

from typing import Protocol

from worker.engines.scene import animals, creatures, people, still_life, vessels
from worker.engines.scene.canvas import Sprite
from worker.engines.scene.roles import CREATURES, FLYING, OUTDOORS, PEOPLE
from worker.engines.scene.stage import Stage


class Painter(Protocol):
    """Draws one thing, ``size`` pixels tall. Another ``index`` gives another one of its kind."""

    def __call__(self, stage: Stage, size: float, *, index: int = 0) -> Sprite: ...


# Painter and height as a share of the stage's unit.
ANIMALS: dict[str, tuple[Painter, float]] = {
    "cat": (animals.cat, 0.54),
    "dog": (animals.dog, 0.58),
    "horse": (animals.horse, 0.58),
    "bird": (creatures.bird, 0.46),
    "butterfly": (creatures.butterfly, 0.42),
}
FLIERS: dict[str, tuple[Painter, float]] = {
    "balloon": (vessels.balloon, 0.42),
    "kite": (vessels.kite, 0.34),
}
TABLE_THINGS: dict[str, tuple[Painter, float]] = {
    "vase": (still_life.vase, 0.74),
    "fruit": (still_life.fruit, 0.34),
    "cup": (still_life.cup, 0.36),
    "book": (still_life.book, 0.32),
    "candle": (still_life.candle, 0.52),
}


def put_subjects(stage: Stage, side: float) -> None:
    """Paint animals, people and what flies; the main one at ``side`` (-1 left, 1 right)."""
    _put_fliers(stage, side)
    _put_flock(stage)
    _put_animals(stage, side)
    brief = stage.brief
    if brief.has("fish"):
        leaping = creatures.fish(stage, 0.2 * stage.unit)
        place = (stage.width * (0.5 - side * 0.26), stage.row(0.5))
        stage.place(leaping, *place, flip=side < 0)
    person = brief.first(*PEOPLE)
    if person:
        sprite = people.portrait(stage, 0.84 * stage.unit, kind=person)
        place = (stage.width * (0.5 + side * 0.06), stage.height + 2)
        stage.place(sprite, *place, flip=not stage.lit_from_left, volume=0.22, fill=0.6)


def _put_fliers(stage: Stage, side: float) -> None:
    rng = stage.brief.stream("fliers")
    for i, name in enumerate(n for n in stage.brief.concepts if n in FLYING):
        painter, share = FLIERS[name]
        for k in range(3 if name in stage.brief.plural else 1):
            size = share * stage.unit * (1, 0.5, 0.32)[k]
            across = 0.5 + side * (-0.17 + 0.3 * k + 0.25 * i) + rng.uniform(-0.04, 0.04)
            foot = min(stage.horizon * (0.78 - 0.16 * k), stage.horizon - 0.1 * size)
            sprite = painter(stage, size, index=k)
            stage.place(sprite, stage.width * across, max(foot, size * 1.04), haze=0.18 * k)


def _put_flock(stage: Stage) -> None:
    """Birds in the sky: many when asked for, a few on some fine days."""
    brief = stage.brief
    far_birds = "bird" in brief.plural or not _bird_is_chief(stage)
    if brief.has("bird") and far_birds:
        creatures.flock(stage, 11)
        return
    clear = not brief.has("storm", "rain", "snow", "night", "stars", "aurora", "fog", *FLYING)
    if clear and brief.stream("flock").random() < 0.35:
        creatures.flock(stage, 5)


def _bird_is_chief(stage: Stage) -> bool:
    return stage.brief.first(*CREATURES, *PEOPLE) == "bird"


def _put_animals(stage: Stage, side: float) -> None:
    brief = stage.brief
    person = brief.has(*PEOPLE)
    names = [name for name in brief.concepts if name in ANIMALS]
    if not _bird_is_chief(stage):
        names = [name for name in names if name != "bird"]
    for i, name in enumerate(names):
        painter, share = ANIMALS[name]
        second = i > 0 or person
        size = share * stage.unit * (0.62 if second else 1)
        across = 0.5 + side * (0.13 if i == 0 else -0.27)
        if person:
            across = 0.5 - side * 0.32
        x = stage.width * across
        foot = stage.row(0.94 if i else 0.88)
        if name == "butterfly":
            foot = stage.row(0.2 if i else 0.45)
        elif name == "bird":
            foot = stage.row(0.5)
        else:
            still_life.shadow(stage, x, foot - 0.015 * size, size * 0.45)
        stage.place(painter(stage, size), x, foot, flip=side > 0, volume=0.4, fill=0.35)
        if name in brief.plural and name != "bird":
            _put_others(stage, painter, size, side, flying=name == "butterfly")


def _put_others(stage: Stage, painter: Painter, size: float, side: float, *, flying: bool) -> None:
    """More of a kind, smaller, on the other side."""
    for k in (1, 2):
        x = stage.width * (0.5 - side * (0.1 + 0.13 * k))
        foot = stage.row(0.1 - 0.35 * k) if flying else stage.row(0.7 - 0.22 * k)
        scale = size * (0.45 if flying else 0.62 - 0.14 * k)
        if not flying:
            still_life.shadow(stage, x, foot - 0.015 * scale, scale * 0.45)
        stage.place(painter(stage, scale, index=k), x, foot, flip=side < 0, volume=0.4)


def put_on_table(stage: Stage, side: float, base: float) -> None:
    """A still life; the feet of the tall things stand at pixel row ``base``."""
    brief = stage.brief
    names = [name for name in brief.concepts if name in TABLE_THINGS]
    if names == ["vase"]:
        names.append("fruit")
    room = 0.75 if brief.has(*OUTDOORS, *CREATURES) else 1.0
    across = [0.5 + side * dx for dx in (0.12, -0.25, 0.36, -0.06, -0.4)]
    if len(names) == 1:
        across = [0.5 + side * 0.06]
    # Tall things stand behind low ones.
    for i, name in sorted(enumerate(names), key=lambda item: -TABLE_THINGS[item[1]][1]):
        painter, share = TABLE_THINGS[name]
        size = share * stage.unit * room * (1.35 if len(names) == 1 and name != "vase" else 1)
        x = stage.width * across[i]
        foot = base + (0.02 + 0.09 * (share < 0.4)) * stage.unit * room
        foot = min(foot, stage.height - 0.02 * stage.unit)
        sprite = painter(stage, size)
        spread = sprite.width * size * (0.36 if name == "vase" else 0.6)
        still_life.shadow(stage, x, foot - 0.01 * size, spread)
        stage.place(sprite, x, foot, volume=0.25)
        if name == "candle":
            still_life.candle_glow(stage, x, foot, size)
