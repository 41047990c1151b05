import pytest

from words import Color, described, understand
from words.colors import COLORS

RED, GREEN, BLUE = COLORS["red"], COLORS["green"], COLORS["blue"]
BLACK, WHITE = COLORS["black"], COLORS["white"]


def read(text: str) -> list[str]:
    """What was understood of tags divided by ";", and what was not, after "?"."""
    understood = understand(text.split(";"))
    parts = [each for each in described(understood).split(", ") if each]
    return parts + [f"?{word}" for word in understood.unknown_words]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        # what buyers ordered, paid for and did not get
        ("robot", "robot"),
        ("fox; elephant; car; train; chair", "fox, elephant, car, train, chair"),
        ("GRANDMOTHER", "grandmother"),
        ("no trees", "without tree"),
        ("two cats", "2 × cat"),
        ("seven boats", "7 × boat"),
        ("still water", "calm, lake"),
        ("zorblax on the moon", "moon, ?zorblax"),
        # numbers
        ("5 red balloons and 2 kites", "5 × balloon, 2 × kite"),
        ("９ cats", "9 × cat"),
        ("a couple of dogs", "2 × dog"),
        ("books; five books", "books, 5 × book"),
        ("12 dogs", "9 × dog, ?12"),
        ("two moons", "moon, ?two"),
        ("two cups of tea", "2 × tea"),
        ("two old wolves", "2 × wolf, ?old"),
        # other forms of a word
        ("five mice; children; geese", "5 × mouse, 3 × child, 3 × goose"),
        ("loaves; cherries; foxes", "3 × bread, 3 × cherry, 3 × fox"),
        ("the queen's crown; Teddy-Bear", "queen, crown, teddy bear"),
        ("harbour; harbor; grey cat; gray cat; aeroplane", "cat, airplane, sea"),
        ("running man; running horse", "runner, horse, ?running"),
        ("🦊 and 🐈", "fox, cat"),
        # negation
        ("a field without people", "field, without person"),
        ("no cars on the road", "road, without car"),
        ("without people but with birds", "3 × bird, without person"),
        ("no trees or houses; fox", "fox, without house, without tree"),
        ("cloudless sky", "sky, without clouds"),
        ("no zorblax; cat", "cat"),
        # Korean
        ("여우와 성", "fox, castle"),
        ("고양이 두 마리", "2 × cat"),
        ("두 마리의 고양이와 개 세마리", "2 × cat, 3 × dog"),
        ("사과 3개", "3 × apple"),
        ("강아지 다섯 마리와 고양이 한 마리", "5 × dog, cat"),
        ("나무 없는 언덕", "hills, without tree"),
        ("나무와 사람 없이 바다", "sea, without person, without tree"),
        ("꼬리별꽃 없는 여우", "fox"),
        ("밤하늘의 별; 겨울숲", "night, sky, stars, winter, forest"),
        ("눈 덮인 산; 크리스마스 트리", "christmas tree, snow, mountains"),
        ("아이들", "3 × child"),
        ("달리는 말", "horse, ?달리는"),
    ],
)
def test_what_a_prompt_means(text: str, meaning: str) -> None:
    assert read(text) == meaning.split(", ")


@pytest.mark.parametrize(
    ("text", "colors"),
    [
        ("black chair and white cat", {"chair": (BLACK,), "cat": (WHITE,)}),
        ("black and white cat", {"cat": (BLACK, WHITE)}),
        ("the cat is black", {"cat": (BLACK,)}),
        ("red old fluffy cat", {"cat": (RED,)}),
        ("house with a red roof", {"house": ()}),
        ("orange", {"orange": ()}),
        ("orange cat", {"cat": (COLORS["orange"],)}),
        ("빨간 집과 파란 배", {"house": (RED,), "boat": (BLUE,)}),
        ("빨간집", {"house": (RED,)}),
        ("고양이는 검은색", {"cat": (BLACK,)}),
        ("검은 고양이 두 마리", {"cat": (BLACK,)}),
    ],
)
def test_a_colour_stays_with_its_noun(text: str, colors: dict[str, tuple[Color, ...]]) -> None:
    understood = understand([text])
    assert {each.name: each.colors for each in understood.subjects} == colors
    assert understood.tints == ()


def test_a_part_of_the_scene_has_a_colour_and_the_light_has_one() -> None:
    assert understand(["green sky"]).scene_colors == {"sky": GREEN}
    assert understand(["초록 하늘"]).scene_colors == {"sky": GREEN}
    assert understand(["green sky"]).tints == ()
    for light in ("red", "red light", "red sunset"):
        assert understand([light]).tints == (RED,)
    dark = understand(["dark blue sea"])
    assert dark.scene == ("sea",)
    assert sum(dark.scene_colors["sea"]) < sum(BLUE)


def test_size_and_flight_are_understood() -> None:
    big, small = understand(["big elephant and tiny mouse"]).subjects
    assert big.scale > 1 > small.scale
    assert understand(["flying dragon"]).subjects[0].in_the_air
    assert understand(["하늘을 나는 용"]).subjects[0].in_the_air
    assert not understand(["dragon"]).subjects[0].in_the_air


def test_the_same_thing_twice_is_one_and_two_colours_are_two() -> None:
    assert read("cat; cat; Cat") == ["cat"]
    assert [each.colors for each in understand(["red car", "blue car"]).subjects] == [
        (RED,),
        (BLUE,),
    ]


def test_unknown_words_are_named_once_as_they_were_written() -> None:
    understood = understand(["Zorblax cat", "zorblax", "夜空", "Café"])
    assert understood.unknown_words == ("Zorblax", "夜空", "Café")
