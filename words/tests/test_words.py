"""What holds of every word."""

import subprocess
import sys
import unicodedata
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from words import THINGS, Thing, understand
from words.colors import COLORS, KOREAN_COLORS
from words.english import NUMBERS
from words.reading import MAX_COUNT
from words.understanding import PLURAL_COUNT

EVERYDAY = (
    "robot fox elephant lion tiger rabbit deer cow dragon queen baby car train bicycle chair guitar"
    " cake hat lamp book cat dog horse bird fish house castle tree boat apple woman man"
)
DRAWN = [thing for thing in THINGS.values() if not thing.is_scene]
# "Scissors" and "swords" are plurals already; roses in the plural are a part of the scene.
COUNTABLE = [thing for thing in DRAWN if not thing.name.endswith("s")]
PLAIN_COLORS = sorted({"red", "blue", "green", "black", "white", "yellow", "pink", "purple"})

# The same examples each time, however slow the machine is.
tried = settings(deadline=None, derandomize=True, max_examples=200)
things = st.sampled_from(DRAWN)
colors = st.sampled_from(PLAIN_COLORS)


def plural(word: str) -> str:
    """The regular plural of ``word``."""
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh", "z")) else "s")


def names_of(thing: Thing) -> list[str]:
    return [*thing.english, *thing.korean]


def test_at_least_four_hundred_things_are_known_and_everyday_ones_first() -> None:
    assert len(DRAWN) >= 400
    assert set(EVERYDAY.split()) <= set(THINGS)


def test_every_thing_has_a_korean_name_and_no_name_means_two_things() -> None:
    assert all(name for thing in THINGS.values() for name in thing.korean)
    names = Counter(name for thing in THINGS.values() for name in names_of(thing))
    assert [name for name, count in names.items() if count > 1] == []
    assert all(unicodedata.is_normalized("NFC", name) for name in names)


def test_every_name_is_understood_in_any_case() -> None:
    for thing in THINGS.values():
        for name in names_of(thing):
            for written in (name, name.upper(), f"a {name}"):
                understood = understand([written])
                found = [each.name for each in understood.subjects] + list(understood.scene)
                assert (found, understood.unknown_words) == ([thing.name], ()), written


def test_every_korean_name_is_understood_with_its_particles() -> None:
    known = {name for thing in THINGS.values() for name in thing.korean}
    for thing in THINGS.values():
        for name in thing.korean:
            for particle in (
                "은",
                "는",
                "이",
                "가",
                "을",
                "를",
                "와",
                "과",
                "의",
                "도",
                "에",
                "들",
            ):
                understood = understand([name + particle])
                found = [each.name for each in understood.subjects] + list(understood.scene)
                # With the particle it may be the name of something else.
                assert name + particle in known or thing.name in found, name + particle


@tried
@given(st.sampled_from(COUNTABLE), st.integers(1, MAX_COUNT))
def test_every_thing_can_be_counted(thing: Thing, count: int) -> None:
    word = next(word for word, number in NUMBERS.items() if number == count)
    named = plural(thing.name) if count > 1 else thing.name
    for prompt in (f"{count} {thing.name}", f"{word} {named}", f"{thing.korean[0]} {count}개"):
        (subject,) = understand([prompt]).subjects
        assert (subject.name, subject.count) == (thing.name, count), prompt


@tried
@given(st.sampled_from(COUNTABLE))
def test_a_plural_without_a_number_is_a_few(thing: Thing) -> None:
    subject = understand([f"{thing.korean[0]}들"]).subjects[0]
    assert subject.count == PLURAL_COUNT


@tried
@given(things, things, colors, colors)
def test_each_of_two_things_keeps_its_colour(
    one: Thing, other: Thing, first: str, second: str
) -> None:
    understood = understand([f"{first} {one.name} and {second} {other.name}"])
    if any(
        f"{color} {thing.name}" in names_of(each)
        for color in (first, second)
        for thing in (one, other)
        for each in DRAWN
    ):
        return
    wanted = {(one.name, (COLORS[first],)), (other.name, (COLORS[second],))}
    assert {(each.name, each.colors) for each in understood.subjects} == wanted
    assert understood.unknown_words == ()


@tried
@given(things, things)
def test_what_is_not_wanted_is_not_there(one: Thing, other: Thing) -> None:
    if one.name == other.name:
        return
    for prompt in (
        [f"no {one.name}", other.name],
        [f"{other.name} without {one.name}"],
        [f"{one.korean[0]} 없는 {other.korean[0]}"],
    ):
        understood = understand(prompt)
        assert [each.name for each in understood.subjects] == [other.name], prompt
        assert understood.without == {one.name}


@tried
@given(st.lists(st.text(max_size=50), max_size=20))
def test_any_text_is_read_and_only_its_own_words_are_named(prompt: list[str]) -> None:
    understood = understand(prompt)
    assert understood == understand(list(prompt))
    text = unicodedata.normalize("NFC", " ".join(prompt))
    assert all(word in text or word in " ".join(prompt) for word in understood.unknown_words)
    assert all(each.name in THINGS and 1 <= each.count <= MAX_COUNT for each in understood.subjects)


SMALL_WORDS = [
    "no",
    "without",
    "없는",
    "and",
    "와",
    "two",
    "두",
    "마리",
    "of",
    "cups",
    "dark",
    "개",
]
ANY_WORDS = [*COLORS, *KOREAN_COLORS, *SMALL_WORDS, *list(THINGS)[:60]]


@tried
@given(st.lists(st.sampled_from(ANY_WORDS), max_size=9))
def test_any_order_of_known_words_is_read(words: list[str]) -> None:
    understood = understand([" ".join(words)])
    assert set(understood.scene) | {each.name for each in understood.subjects} <= set(THINGS)


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, words; words.understand(['two cats']);"
        "print(sorted({'numpy', 'PIL', 'onnxruntime', 'django', 'worker'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert printed.stdout.strip() == "[]"
