"""Where things go: one horizon, planes from far to near, the subject on a third."""

from dataclasses import replace

from PIL import Image

from words import THINGS
from worker.engines.scene import plants, sky, still_life, water, weather
from worker.engines.scene.brief import Brief
from worker.engines.scene.far import far_plane, far_shore, plain
from worker.engines.scene.light import light_of
from worker.engines.scene.middle import middle_plane
from worker.engines.scene.near import near_plane
from worker.engines.scene.reef import paint_underwater
from worker.engines.scene.roles import (
    ALIVE,
    GROUNDS,
    INDOORS,
    PORTRAITS,
    STANDING,
    at_sea,
    has_water,
    is_outdoors,
)
from worker.engines.scene.stage import Stage, new_stage
from worker.engines.scene.subjects import (
    put_far,
    put_on_floor,
    put_on_table,
    put_portraits,
    put_subjects,
    put_underwater,
)

# Places to use if the prompt names none.
DEFAULT_PLACES = (
    ("hills", "meadow"),
    ("mountains", "lake"),
    ("hills", "village"),
    ("sea",),
    ("river", "forest", "hills"),
)
# For something that stands on the ground.
DRY_PLACES = (("hills", "meadow"), ("hills",), ("mountains", "meadow"), ("hills", "garden"))
CANDLELIGHT = (0.92, 0.7, 0.5)
# What stands in a vase if there is one.
IN_A_VASE = ("rose", "sunflower", "tulip", "bouquet")


def compose(brief: Brief, size: tuple[int, int]) -> Image.Image:
    """Paint ``brief`` as an RGB picture of exactly ``size`` (width, height)."""
    light = light_of(brief)
    rng = brief.stream("composition")
    tall = size[1] > size[0] * 1.3
    horizon = rng.uniform(0.58, 0.66) if tall else rng.uniform(0.52, 0.62)
    side = float(rng.choice([-1, 1]))
    sun_height = horizon * rng.uniform(*light.elevation)
    sun = (0.5 - side * rng.uniform(0.12, 0.32), horizon - sun_height)
    outdoors = is_outdoors(brief)
    swims = brief.has_kind("fish") and not outdoors and not brief.has_kind(*ALIVE, *INDOORS)
    in_a_room = (brief.has_kind(*INDOORS) or brief.has("table")) and not outdoors
    if in_a_room and not brief.has_kind("furniture"):
        # An animal with an apple is out of doors, a person with a cup of tea is not.
        in_a_room = brief.has("table") or not brief.has_kind("animal", "head", "figure")
    if brief.has("vase"):
        in_vase = tuple(s for s in brief.subjects if s.name not in IN_A_VASE)
        shown = brief.scene + tuple(s.name + "s" for s in brief.subjects if s.name in IN_A_VASE)
        brief = replace(brief, subjects=in_vase, scene=shown)
    if brief.has("underwater") or swims:
        stage = new_stage(brief, light, size, horizon, (0.5, -0.1))
        paint_underwater(stage)
        put_underwater(stage)
    elif in_a_room:
        if brief.has("candle"):
            light = replace(light, ambient=CANDLELIGHT)
        window = (0.5 - side * 0.5, 0.1)
        # Somebody behind the table hides much of the wall, and needs little of the table.
        behind = brief.has_kind(*PORTRAITS) and not brief.has_kind(*STANDING)
        table = 0.8 if behind else 0.68 if tall else 0.6
        stage = new_stage(brief, light, size, table, window)
        _paint_indoors(stage, side)
    else:
        stage = new_stage(_completed(brief), light, size, horizon, sun)
        _paint_outdoors(stage, side)
        _paint_air(stage)
    weather.finish(stage)
    return stage.image


def _completed(brief: Brief) -> Brief:
    """The brief with a place added, if it has none."""
    if brief.has(*GROUNDS) or has_water(brief):
        return brief
    standing = brief.has_kind(*STANDING, *PORTRAITS, "table")
    places = DRY_PLACES if standing else DEFAULT_PLACES
    chosen = places[int(brief.stream("place").integers(len(places)))]
    shown = tuple(part for part in chosen if not brief.lacks(part, *RELATED.get(part, ())))
    return replace(brief, scene=(*brief.scene, *shown))


# Without the one there is not the other.
RELATED = {"forest": ("tree",), "village": ("house",), "lake": ("sea",), "meadow": ("grass",)}


def _paint_indoors(stage: Stage, side: float) -> None:
    still_life.paint_room(stage)
    brief = stage.brief
    people = [s for s in brief.subjects if THINGS[s.name].kind in PORTRAITS]
    if brief.has_kind(*STANDING):
        still_life.paint_table(stage)
        put_on_floor(stage, side)
        put_portraits(stage, people, side, shared=True)
        return
    put_portraits(stage, people, side, shared=False, foot=stage.row(0.15))
    still_life.paint_table(stage)
    put_on_table(stage, side, stage.row(0.3), stage.row(0.88), share=0.3 if people else 0.62)


def _paint_outdoors(stage: Stage, side: float) -> None:
    """Back to front; ``side`` (-1 left, 1 right) is where the subject stands."""
    wet = has_water(stage.brief)
    sky.paint_sky(stage)
    far_plane(stage)
    if wet:
        far_shore(stage, side)
        put_far(stage, side)
        rough = 0.4 if at_sea(stage.brief) else 0.06
        water.paint_water(stage, rough=0.75 if stage.brief.has("storm") else rough)
    else:
        plain(stage)
    middle_plane(stage, side, wet=wet)
    near_plane(stage, side, wet=wet)
    sky.paint_flock(stage)
    put_subjects(stage, side, wet=wet)
    if stage.brief.has_kind("table"):
        alive = stage.brief.has_kind(*ALIVE)
        still_life.paint_table(stage, ledge=True)
        share = 0.24 if alive else 0.34
        put_on_table(stage, side, stage.row(0.82), stage.row(0.97), share=share)


def _paint_air(stage: Stage) -> None:
    """Paint what floats between the scene and the viewer."""
    brief = stage.brief
    if brief.has("fog"):
        weather.paint_fog(stage, 1.0)
    if brief.has("rain", "storm"):
        weather.paint_rain(stage)
    if brief.has("snow"):
        weather.paint_snowfall(stage)
    if brief.has("blossom") and not brief.lacks("blossom"):
        plants.falling(stage, plants.FOLIAGE["blossom"], 60, 0.007)
    if brief.has("autumn") and not brief.has("snow"):
        plants.falling(stage, plants.FOLIAGE["autumn"], 40, 0.008)
