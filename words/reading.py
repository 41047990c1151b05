"""What a tag says, clause by clause: the state that the readers of both languages share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from words.colors import Color, shaded
from words.places import Relation, is_painted
from words.tokens import tokens_of
from words.vocabulary import Thing

MAX_COUNT: Final = 9
LONGEST_NAME: Final = 4
ADJECTIVES: Final = ("y", "lit")


@dataclass
class Noun:
    """A thing or a part of the scene as one tag names it."""

    thing: Thing
    count: int | None = None
    count_word: str = ""
    plural: bool = False
    colors: tuple[Color, ...] = ()
    scale: float = 1.0
    in_the_air: bool = False
    wanted: bool = True
    joined: bool = False
    # As it was written, and so what was said of it, where it may not show.
    word: str = ""
    color_words: tuple[str, ...] = ()
    scale_word: str = ""
    air_word: str = ""


class Reading:
    """One tag, read from left to right; what is said of a thing is bound to that thing."""

    def __init__(self, tag: str) -> None:
        self.nouns: list[Noun] = []
        self.tints: list[tuple[Color, str]] = []
        self.unknown: list[str] = []
        self.relations: list[Relation] = []
        # A word of place that waits for its noun: what it says, the word, and whose place it is.
        self._place: tuple[str, str, int | None] | None = None
        self._places: list[tuple[str, str, int]] = []
        self._tokens = list(tokens_of(tag))
        self._at = 0
        self._wanted = True
        self._clear()

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    # What was said before its noun: count, colours, size. A colour may also stand behind its noun.

    def _clear(self) -> None:
        self._count: int | None = None
        self._count_word = ""
        self._colors: list[tuple[Color, str]] = []
        self._shade: float | None = None
        self._scale = 1.0
        self._scale_word = ""
        self._air_word = ""
        self._lost = False
        self._after: int = len(self.nouns)

    def _end_clause(self) -> None:
        behind = self.nouns[-1] if self.nouns and self._after == len(self.nouns) else None
        if self._colors and not self._lost and self._wanted:
            if behind is not None and not behind.colors:
                self._paint(behind)
            elif behind is None:
                self.tints += self._colors
        if self._count_word and self._count is not None and not self._lost and self._wanted:
            if behind is not None and behind.count is None and not behind.thing.is_scene:
                behind.count = self._count
            else:
                self.unknown.append(self._count_word)
        if behind is not None:
            self._size(behind)
        elif self._wanted and not self._lost:
            self.unknown += [word for word in (self._scale_word, self._air_word) if word]
        self._clear()

    def _paint(self, noun: Noun) -> None:
        noun.colors = tuple(color for color, _ in self._colors)
        noun.color_words = tuple(word for _, word in self._colors)

    def _size(self, noun: Noun) -> None:
        if self._air_word:
            noun.in_the_air, noun.air_word = True, self._air_word
        if self._scale_word:
            noun.scale, noun.scale_word = self._scale, self._scale_word

    def _add(self, thing: Thing, word: str, *, plural: bool = False, joined: bool = False) -> None:
        noun = Noun(
            thing,
            count=self._count,
            count_word=self._count_word,
            plural=plural,
            wanted=self._wanted,
            joined=joined,
            word=word,
        )
        self._paint(noun)
        self._size(noun)
        if self._place is not None:
            place, said, what = self._place
            self.relations.append(Relation(place, said, what, len(self.nouns)))
            self._place = None
        self.nouns.append(noun)
        self._clear()

    def _place_of(self, place: str, word: str) -> None:
        """``word`` says where the noun before is in relation to the one behind."""
        what = len(self.nouns) - 1 if self.nouns else None
        if self._wanted and (what is None or self.nouns[what].wanted):
            self._place = (place, word, what)

    def misplaced(self) -> Iterator[str]:
        """Words that say where something is, which will not show."""
        for each in self.relations:
            to = self.nouns[each.to]
            what = None if each.what is None else self.nouns[each.what]
            if to.wanted and (what is None or what.wanted):
                thing, flies = (None, False) if what is None else (what.thing, what.in_the_air)
                # "On a sunny day" is on no sun.
                is_adjective = to.word.endswith(ADJECTIVES) and to.thing.is_scene
                if not is_adjective and not is_painted(each.place, thing, to.thing, flies=flies):
                    yield each.word

    def _add_color(self, color: Color, word: str) -> None:
        shade = self._shade
        self._colors.append((color if shade is None else shaded(color, shade), word))
        self._shade = None

    def _add_unknown(self, word: str) -> None:
        if self._wanted:
            self.unknown.append(word)
            self._lost = True

    def _add_number(self, word: str, count: int) -> None:
        if count > MAX_COUNT:
            self.unknown.append(word)
        self._count = max(1, min(count, MAX_COUNT))
        self._count_word = word if count <= MAX_COUNT else ""
