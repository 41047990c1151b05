"""Nothing of a prompt is lost in silence: what will not show is named."""

import pytest

from words import understand

# What will not show in the picture, after "?".
ENGLISH = """\
a cat under the table ? under
a boat under a bridge ? under
under the stars, a tent ?
a village in the rain ?
a cat on a sofa ? on
two cats on a table ?
a castle on a hill ?
a cat sleeping on the sofa ? sleeping, on
an astronaut on the moon ? on
on a sunny day, a boat ?
zorblax on the moon ? zorblax
a house behind the trees ? behind
mountains behind the castle ?
a tree in front of a house ? in front of
a lake in front of the mountains ?
a bird over the sea ?
a dragon flying over a castle ?
a cat over the castle ? over
the moon over a house ?
an apple on the left, a pear on the right ? on the left, on the right
a lamp between two chairs ? between
a tree in the middle of a field ?
a house at the edge of the forest ? at the edge of
at the top of the hill a church ?
a cat in the corner ? in the corner
a horse in the background ? in the background
red background ?
two dogs side by side ?
a cottage by the river, near a bridge ?
a fish in a bowl ? in
a man in a hat ? in
flowers in a vase ?
a rabbit inside a box ? inside
horses in a meadow ?
a road through the forest ?
a squirrel up a tree ? up
a girl with a balloon ?
no dog under the table ?
a cup of tea on a table ?
a heart shaped cake ? shaped
a cloud like a dragon ? like
I would like a picture of a fox please ?
a cat looking at a bird ? looking
a big moon ? big
a huge sea ? huge
big elephant and tiny mouse ?
a flying island ? flying
cat, huge ? huge
a red white and blue ball ? blue
black and white cat ?
red and blue sky ? blue
red, blue, green ? green
green sky, red sky ? red
sunset at night ? night
a winter and summer landscape ? summer
two moons ? two""".splitlines()
KOREAN = """\
소파 위의 고양이 ? 위의
고양이가 소파 위에 있다 ? 위에
고양이가 소파위에 있다 ? 소파위에
언덕 위의 성 ?
바다 위의 배 ?
성 위를 나는 용 ?
달 위의 토끼 ? 위의
의자 밑에 고양이 ? 밑에
다리 아래 배 ? 아래
집 뒤의 나무 ? 뒤의
집 앞에 있는 자동차 ? 앞에
상자 안의 토끼 ? 안의
숲속의 여우 ?
눈 속의 늑대 ?
꽃병 속의 꽃 ?
나무 사이의 사슴 ? 사이의
호수 옆의 집 ?
왼쪽에 고양이 ? 왼쪽에
큰 바다 ? 큰
아침과 저녁 ? 저녁""".splitlines()


@pytest.mark.parametrize("line", [*ENGLISH, *KOREAN])
def test_what_does_not_show_is_named(line: str) -> None:
    prompt, _, unknown = line.partition(" ?")
    understood = understand([tag.strip() for tag in prompt.split(",")])
    assert ", ".join(understood.unknown_words) == unknown.strip()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a basket of apples", {"basket": 1, "apple": 3}),
        ("a bowl of fruit", {"bowl": 1, "apple": 1}),
        ("two baskets of apples", {"basket": 2, "apple": 3}),
        ("two glasses of wine", {"wine": 2}),
        ("a slice of pizza", {"pizza": 1}),
        ("a bowl of soup", {"stew": 1}),
    ],
)
def test_what_holds_something_is_not_lost(text: str, names: dict[str, int]) -> None:
    understood = understand([text])
    assert {each.name: each.count for each in understood.subjects} == names
    assert understood.unknown_words == ()
