"""Things in a picture: each is seen, none hides another, and they look as the prompt says."""

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from skimage.measure import label

from words import THINGS, Subject
from words.colors import COLORS
from worker.engines.scene.brief import Brief
from worker.engines.scene.composition import compose
from worker.engines.scene.drawings import drawing_of, tones_of
from worker.engines.scene.light import LIGHTS
from worker.engines.scene.packing import Item, pack
from worker.engines.scene.sprites import PAINTERS, proportion_of, sprite_of
from worker.engines.scene.stage import Stage, new_stage
from worker.engines.scene.subjects import height_of

pytestmark = pytest.mark.slow

SIDE = 512
PLAIN = Brief(scene=("day", "hills", "meadow"), without=frozenset({"bird", "clouds"}), key="7")
DRAWN = [thing for thing in THINGS.values() if not thing.is_scene]


@cache
def stage() -> Stage:
    return new_stage(PLAIN, LIGHTS["day"], (SIDE, SIDE), 0.55, (0.3, 0.2))


def recolored_by(subject: Subject, brief: Brief = PLAIN) -> np.ndarray:
    """Which pixels of a picture are of the subject: those that a colour for it changes."""
    red, blue = (
        compose(replace(brief, subjects=(replace(subject, colors=(COLORS[color],)),)), (SIDE, SIDE))
        for color in ("red", "blue")
    )
    changed = np.abs(np.asarray(red, np.int16) - np.asarray(blue, np.int16)).max(-1) > 24
    # The parts of one thing are close to each other.
    joined = Image.fromarray(changed).convert("L").filter(ImageFilter.MaxFilter(5))
    return np.asarray(joined) > 0


def sprite(name: str, *colors: str) -> Image.Image:
    subject = Subject(name, colors=tuple(COLORS[color] for color in colors))
    return sprite_of(stage(), subject, 96, 0).solid


def test_every_thing_has_a_drawing_that_fills_its_frame() -> None:
    for thing in DRAWN:
        drawn = sprite(thing.name)
        solid = np.asarray(drawn.getchannel("A")) > 128
        assert solid.mean() > 0.08, thing.name
        assert drawn.width / drawn.height == pytest.approx(proportion_of(thing.name), rel=0.05)
        # Nothing floats above its shadow, and nothing is lost at the edges.
        assert thing.kind == "flying" or solid[-round(0.05 * len(solid)) :].any(), thing.name


def test_no_two_things_look_the_same() -> None:
    looks = []
    for thing in DRAWN:
        frame = Image.new("RGB", (24, 24), (128, 128, 128))
        drawn = sprite(thing.name).resize((24, 24))
        frame.paste(drawn, (0, 0), drawn)
        looks.append(np.asarray(frame, np.float32).ravel())
    for i in range(len(looks) - 1):
        apart = np.abs(np.stack(looks[i + 1 :]) - looks[i]).mean(1)
        nearest = int(apart.argmin())
        assert apart[nearest] > 1.5, (DRAWN[i].name, DRAWN[i + 1 + nearest].name)


def test_every_drawing_of_the_vocabulary_is_in_the_file_and_no_other() -> None:
    for thing in DRAWN:
        assert (thing.drawing == "") == (thing.name in PAINTERS), thing.name
        if thing.drawing:
            assert all(drawing_of(each).layers for each in tones_of(thing.drawing))


@pytest.mark.parametrize("count", range(1, 10))
@pytest.mark.parametrize(
    ("name", "scene"),
    [
        ("cat", PLAIN.scene),
        ("robot", PLAIN.scene),
        ("house", PLAIN.scene),
        ("balloon", PLAIN.scene),
        ("boat", ("day", "sea")),
        ("fish", ("day", "underwater")),
        ("apple", ("day",)),
        ("chair", ("day",)),
    ],
)
def test_as_many_are_seen_as_were_asked_for(name: str, scene: tuple[str, ...], count: int) -> None:
    brief = replace(PLAIN, scene=scene)
    shapes = label(recolored_by(Subject(name, count=count), brief))
    sizes = np.bincount(shapes.ravel())[1:]
    assert np.count_nonzero(sizes > 0.2 * sizes.max()) == count


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(st.tuples(st.floats(0.4, 4), st.floats(0.2, 3)), min_size=1, max_size=40),
    st.integers(0, 9),
)
def test_nothing_hides_another(sizes: list[tuple[float, float]], seed: int) -> None:
    items = [Item(*size) for size in sizes]
    rng = np.random.default_rng(seed)
    places = pack(items, left=10, right=500, back=300, front=480, tallest=280, rng=rng)
    assert sorted(place.index for place in places) == list(range(len(items)))
    boxes = []
    for place in places:
        half = place.height * items[place.index].proportion / 2
        boxes.append((place.x - half, place.foot - place.height, place.x + half, place.foot))
        assert boxes[-1][0] >= 9
        assert boxes[-1][2] <= 501
        assert place.height <= 280.1
    for i, (left, top, right, foot) in enumerate(boxes):
        for other in boxes[:i]:
            apart = right <= other[0] or left >= other[2] or foot <= other[1] or top >= other[3] - 1
            assert apart


@pytest.mark.parametrize("name", ["cat", "car", "house", "fox", "robot", "chair", "apple", "boat"])
def test_a_colour_is_seen_on_the_thing(name: str) -> None:
    for color in ("red", "blue", "green", "black", "white"):
        drawn = np.asarray(sprite(name, color), np.float32)
        values = drawn[drawn[..., 3] > 200][:, :3]
        near = np.abs(values - np.asarray(COLORS[color])).max(-1) < 90
        plain = np.asarray(sprite(name), np.float32)
        values = plain[plain[..., 3] > 200][:, :3]
        before = np.abs(values - np.asarray(COLORS[color])).max(-1) < 90
        assert near.mean() > 0.25, (name, color)
        assert near.mean() >= before.mean() - 0.02, (name, color)


def test_a_green_sky_is_green_and_a_red_car_leaves_it_alone() -> None:
    green = replace(PLAIN, colors={"sky": COLORS["green"]})
    for brief in (green, replace(green, subjects=(Subject("car", colors=(COLORS["red"],)),))):
        top = np.asarray(compose(brief, (SIDE, SIDE)), np.float32)[: SIDE // 4].mean((0, 1))
        assert top[1] > top[0] + 25
        assert top[1] > top[2] + 25


def test_what_is_not_wanted_is_not_painted() -> None:
    """A wood stands on the other shore of a lake, unless there are to be no trees."""
    lake = Brief(scene=("day", "lake"), key="3")
    wooded, bare = (
        np.asarray(compose(replace(lake, without=frozenset(names)), (SIDE, SIDE)), np.float32)
        for names in ((), ("tree",))
    )
    changed = np.abs(wooded - bare).max(-1) > 24
    assert changed.mean() > 0.02
    assert wooded[changed].mean() < bare[changed].mean() - 10


def test_a_mouse_is_smaller_than_a_house() -> None:
    names = ("ant", "mouse", "cat", "robot", "elephant", "house", "castle")
    heights = [height_of(Subject(name)) for name in names]
    assert heights == sorted(heights)
    assert heights[1] < heights[-2] / 2
    assert height_of(Subject("mouse", scale=1.6)) == pytest.approx(1.6 * heights[1])


ONE_OF_EACH_KIND = (
    *("tree", "house", "cat", "fox", "balloon", "boat", "fish", "woman", "cook", "runner", "car"),
    *("umbrella", "chair", "apple"),
)


@pytest.mark.parametrize("scene", [(), ("sea",), ("lake",)])
def test_nothing_is_forgotten_whatever_it_is_with(scene: tuple[str, ...]) -> None:
    red, blue = COLORS["red"], COLORS["blue"]
    for one, other in combinations(ONE_OF_EACH_KIND, 2):
        plain, first, second = (
            np.asarray(
                compose(
                    Brief(
                        scene,
                        (Subject(one, colors=(color,)), Subject(other, colors=(other_color,))),
                        key="5",
                    ),
                    (96, 96),
                ),
                np.int16,
            )
            for color, other_color in ((red, red), (blue, red), (red, blue))
        )
        for name, colored in ((one, first), (other, second)):
            changed = np.abs(plain - colored).max(-1) > 24
            assert changed.mean() > 0.002, (one, other, f"no {name}")
