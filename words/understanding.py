"""What a prompt means: things with counts and colours, the scene, and the words nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from words import korean
from words.colors import Color
from words.reading import MAX_COUNT, Noun
from words.reading_english import EnglishReading
from words.reading_korean import KoreanReading
from words.vocabulary import listed

PLURAL_COUNT: Final = 3
# Of one thing, and of the light of the whole picture.
MOST_COLORS: Final = 2
# The parts of a scene that have a colour of their own. That of another one ("red sunset") is the
# colour of the picture's light.
COLORABLE: Final = listed(
    "sky sun moon clouds sea lake river mountains hills desert beach forest meadow field garden"
    " grass road flowers roses"
)


@dataclass(frozen=True)
class Subject:
    """A thing that the prompt asks for. ``scale`` is what "big" or "tiny" makes of its size."""

    name: str
    count: int = 1
    colors: tuple[Color, ...] = ()
    scale: float = 1.0
    in_the_air: bool = False


@dataclass(frozen=True)
class Understood:
    """The meaning of a prompt.

    ``subjects`` and ``scene`` are in the order of the prompt. ``tints`` colour the whole picture,
    ``scene_colors`` a part of the scene ("green sky"). ``without`` are the things that the prompt
    does not want. ``unknown_words`` are the words that will not show in the picture, as written.
    """

    subjects: tuple[Subject, ...] = ()
    scene: tuple[str, ...] = ()
    scene_colors: dict[str, Color] = field(default_factory=dict)
    tints: tuple[Color, ...] = ()
    without: frozenset[str] = frozenset()
    unknown_words: tuple[str, ...] = ()


def understand(prompt: Sequence[str]) -> Understood:
    """Read the tags of ``prompt``. Takes well below a millisecond."""
    nouns: list[Noun] = []
    tints: list[tuple[Color, str]] = []
    lost: list[str] = []
    for tag in prompt:
        reader = _Reader(tag)
        reader.read()
        nouns += reader.nouns
        tints += reader.tints
        lost += [*reader.unknown, *reader.misplaced()]
    without = frozenset(noun.thing.name for noun in nouns if not noun.wanted)
    wanted = [noun for noun in nouns if noun.wanted and noun.thing.name not in without]
    subjects: dict[tuple[str, tuple[Color, ...]], Subject] = {}
    scene_colors: dict[str, Color] = {}
    for noun in wanted:
        if not noun.thing.is_scene:
            key = (noun.thing.name, noun.colors)
            subject = _subject(noun)
            if key not in subjects or subject.count > subjects[key].count:
                subjects[key] = subject
            lost += noun.color_words[MOST_COLORS:]
            continue
        lost += [noun.count_word] if (noun.count or 1) > 1 else []
        lost += [noun.scale_word, noun.air_word, *noun.color_words[1:]]
        if noun.colors and noun.thing.name in COLORABLE:
            if scene_colors.setdefault(noun.thing.name, noun.colors[0]) != noun.colors[0]:
                lost.append(noun.color_words[0])
        elif noun.colors:
            tints.append((noun.colors[0], noun.color_words[0]))
    lost += [word for _, word in tints[MOST_COLORS:]]
    lost += _others_of(wanted, "hour") + _others_of(wanted, "season")
    unknown: dict[str, str] = {}
    for word in filter(None, lost):
        unknown.setdefault(word.casefold(), word)
    return Understood(
        subjects=tuple(subjects.values()),
        scene=tuple(dict.fromkeys(noun.thing.name for noun in wanted if noun.thing.is_scene)),
        scene_colors=scene_colors,
        tints=tuple(color for color, _ in tints[:MOST_COLORS]),
        without=without,
        unknown_words=tuple(unknown.values()),
    )


def _others_of(nouns: Sequence[Noun], kind: str) -> list[str]:
    """Words for a second part of a scene that has one of this kind: "night" after "sunset"."""
    named = [noun for noun in nouns if noun.thing.kind == kind]
    return [noun.word for noun in named if noun.thing is not named[0].thing]


def _subject(noun: Noun) -> Subject:
    count = noun.count or (PLURAL_COUNT if noun.plural else 1)
    return Subject(
        *(noun.thing.name, min(count, MAX_COUNT), noun.colors[:MOST_COLORS]),
        *(noun.scale, noun.in_the_air),
    )


def described(understood: Understood) -> str:
    """What was understood, for people: "2 × cat, sky, without tree"."""
    parts = [
        f"{subject.count} × {subject.name}" if subject.count > 1 else subject.name
        for subject in understood.subjects
    ]
    parts += understood.scene
    parts += [f"without {name}" for name in sorted(understood.without)]
    return ", ".join(parts)


class _Reader(EnglishReading, KoreanReading):
    """Reads a tag in which both languages may be."""

    def read(self) -> None:
        while self._at < len(self._tokens):
            word = self._tokens[self._at]
            before = self._at
            if korean.is_korean(word):
                self._read_korean(word)
            else:
                self._read_english(word)
            if self._at == before:
                self._at += 1
        self._end_clause()
        self._relate()
