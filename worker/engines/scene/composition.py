"""Where things go: one horizon, planes from far to near, the subject on a third."""

from dataclasses import replace

from PIL import Image

from worker.engines.scene import plants, sky, still_life, water, weather
from worker.engines.scene.far import far_plane, far_shore, plain
from worker.engines.scene.light import light_of
from worker.engines.scene.middle import middle_plane
from worker.engines.scene.near import near_plane
from worker.engines.scene.reef import paint_underwater
from worker.engines.scene.roles import (
    CREATURES,
    GROUNDS,
    OUTDOORS,
    PEOPLE,
    STILL_LIFE,
    at_sea,
    has_water,
)
from worker.engines.scene.stage import Stage, new_stage
from worker.engines.scene.subjects import put_on_table, put_subjects
from worker.engines.scene.words import Brief

# Places to use if the prompt names none.
DEFAULT_PLACES = (
    ("hills", "tree", "meadow"),
    ("mountains", "lake"),
    ("hills", "village"),
    ("sea", "boat"),
    ("river", "forest", "hills"),
)
CANDLELIGHT = (0.92, 0.7, 0.5)


def compose(brief: Brief, size: tuple[int, int]) -> Image.Image:
    """Paint ``brief`` as an RGB picture of exactly ``size`` (width, height)."""
    light = light_of(brief)
    rng = brief.stream("composition")
    tall = size[1] > size[0] * 1.3
    horizon = rng.uniform(0.58, 0.66) if tall else rng.uniform(0.52, 0.62)
    side = float(rng.choice([-1, 1]))
    sun_height = horizon * rng.uniform(*light.elevation)
    sun = (0.5 - side * rng.uniform(0.12, 0.32), horizon - sun_height)
    alive = brief.has(*CREATURES, *PEOPLE)
    table = brief.has(*STILL_LIFE) and not brief.has(*PEOPLE)
    in_water = brief.has("fish") and not alive and not brief.has(*OUTDOORS)
    if brief.has("underwater") or in_water:
        stage = new_stage(brief, light, size, horizon, (0.5, -0.1))
        paint_underwater(stage)
    elif table and not alive and not brief.has(*OUTDOORS):
        window = (0.5 - side * 0.5, 0.1)
        if brief.has("candle"):
            light = replace(light, ambient=CANDLELIGHT)
        stage = new_stage(brief, light, size, 0.68 if tall else 0.6, window)
        still_life.paint_room(stage)
        still_life.paint_table(stage)
        put_on_table(stage, side, stage.row(0.5))
    else:
        stage = new_stage(_completed(brief), light, size, horizon, sun)
        _paint_outdoors(stage, side)
        if table:
            still_life.paint_table(stage, ledge=True)
            # Whoever is behind the table stays in view.
            put_on_table(stage, -2.2 * side if alive else side, stage.row(0.9))
        _paint_air(stage)
    weather.finish(stage)
    return stage.image


def _completed(brief: Brief) -> Brief:
    """The brief with a place added, if it has none."""
    if brief.has(*GROUNDS, *PEOPLE, *CREATURES):
        return brief
    places = DEFAULT_PLACES[int(brief.stream("place").integers(len(DEFAULT_PLACES)))]
    return replace(brief, concepts=(*brief.concepts, *places))


def _paint_outdoors(stage: Stage, side: float) -> None:
    """Back to front; ``side`` (-1 left, 1 right) is where the subject stands."""
    wet = has_water(stage.brief)
    sky.paint_sky(stage)
    far_plane(stage)
    if wet:
        far_shore(stage, side)
        rough = 0.4 if at_sea(stage.brief) else 0.06
        water.paint_water(stage, rough=0.75 if stage.brief.has("storm") else rough)
    else:
        plain(stage)
    middle_plane(stage, side, wet=wet)
    near_plane(stage, side, wet=wet)
    put_subjects(stage, side)


def _paint_air(stage: Stage) -> None:
    """Paint what floats between the scene and the viewer."""
    brief = stage.brief
    if brief.has("fog"):
        weather.paint_fog(stage, 1.0)
    if brief.has("rain", "storm"):
        weather.paint_rain(stage)
    if brief.has("snow"):
        weather.paint_snowfall(stage)
    if brief.has("blossom"):
        plants.falling(stage, plants.FOLIAGE["blossom"], 60, 0.007)
    if brief.has("autumn") and not brief.has("snow"):
        plants.falling(stage, plants.FOLIAGE["autumn"], 40, 0.008)
