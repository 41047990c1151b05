import numpy as np
import pytest
from PIL import Image

from words import THINGS
from worker.engines.scene import paint

SMALL = (96, 96)


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of a pixel's channel, 0..255."""
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())


def test_the_same_prompt_and_seed_give_the_same_pixels() -> None:
    prompt = ["night sky", "snowy mountains", "cat"]
    one = paint(prompt, size=(160, 128), seed=7)
    other = paint(list(prompt), size=(160, 128), seed=7)
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("prompt", [["lake", "castle"], ["cat"], ["vase"], ["portrait"]])
def test_another_seed_is_clearly_another_picture(prompt: list[str]) -> None:
    pictures = [paint(prompt, size=(160, 160), seed=seed) for seed in (1, 2, 3)]
    assert distance(pictures[0], pictures[1]) > 8
    assert distance(pictures[1], pictures[2]) > 8


@pytest.mark.parametrize("size", [(512, 512), (512, 1024), (640, 200), (97, 131), (16, 16)])
def test_the_size_is_exact(size: tuple[int, int]) -> None:
    picture = paint(["sunset", "sea", "boat"], size=size, seed=1)
    assert picture.size == size
    assert picture.mode == "RGB"


def test_an_unknown_word_changes_the_picture_and_always_in_the_same_way() -> None:
    plain = paint(["hills"], size=SMALL, seed=1)
    varied = paint(["hills", "zorblax"], size=SMALL, seed=1)
    assert distance(plain, varied) > 4
    assert varied.tobytes() == paint(["hills", "Zorblax"], size=SMALL, seed=1).tobytes()


@pytest.mark.parametrize("prompt", [[], ["zorblax"], ["", "   "], ["42"], ["夜空"]])
def test_a_prompt_without_a_known_word_still_gives_a_landscape(prompt: list[str]) -> None:
    picture = np.asarray(paint(prompt, size=SMALL, seed=1), np.float32)
    assert picture.std() > 15


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted({thing.kind for thing in THINGS.values()}))
def test_every_thing_can_be_painted_alone(kind: str) -> None:
    for thing in THINGS.values():
        if thing.kind == kind:
            picture = np.asarray(paint([thing.name], size=(64, 64), seed=5), np.float32)
            assert picture.shape == (64, 64, 3)
            assert picture.std() > 4


def test_twenty_tags_of_nine_things_each_are_painted() -> None:
    prompt = [f"nine {thing.name}s" for thing in list(THINGS.values())[80:640:28]]
    assert len(prompt) == 20
    assert paint(prompt, size=SMALL, seed=1).size == SMALL


def test_a_colour_word_tints_the_picture() -> None:
    def blueness(prompt: list[str]) -> float:
        red, _, blue = np.asarray(paint(prompt, size=SMALL, seed=4), np.float32).mean((0, 1))
        return float(blue - red)

    assert blueness(["hills", "day", "blue"]) > blueness(["hills", "day", "red"]) + 30


def test_night_is_darker_than_day() -> None:
    night, day = (
        np.asarray(paint([hour, "hills"], size=SMALL, seed=2), np.float32).mean()
        for hour in ("night", "day")
    )
    assert night < day - 40
