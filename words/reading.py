"""What a tag says, clause by clause: the state that the readers of both languages share."""

from dataclasses import dataclass
from typing import Final

from words.colors import Color, shaded
from words.tokens import tokens_of
from words.vocabulary import Thing

MAX_COUNT: Final = 9
LONGEST_NAME: Final = 4


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


class Reading:
    """One tag, read from left to right; what is said of a thing is bound to that thing."""

    def __init__(self, tag: str) -> None:
        self.nouns: list[Noun] = []
        self.tints: list[Color] = []
        self.unknown: list[str] = []
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
        self._colors: list[Color] = []
        self._shade: float | None = None
        self._scale = 1.0
        self._in_the_air = False
        self._lost = False
        self._after: int = len(self.nouns)

    def _end_clause(self) -> None:
        behind = self.nouns[-1] if self.nouns and self._after == len(self.nouns) else None
        if self._colors and not self._lost and self._wanted:
            if behind is not None and not behind.colors:
                behind.colors = tuple(self._colors)
            elif behind is None:
                self.tints += self._colors
        if self._count_word and self._count is not None and not self._lost and self._wanted:
            if behind is not None and behind.count is None and not behind.thing.is_scene:
                behind.count = self._count
            else:
                self.unknown.append(self._count_word)
        if behind is not None and self._in_the_air:
            behind.in_the_air = True
        if behind is not None and self._scale != 1.0:
            behind.scale = self._scale
        self._clear()

    def _add(self, thing: Thing, *, plural: bool = False, joined: bool = False) -> None:
        self.nouns.append(
            Noun(
                thing,
                count=self._count,
                count_word=self._count_word,
                plural=plural,
                colors=tuple(self._colors),
                scale=self._scale,
                in_the_air=self._in_the_air,
                wanted=self._wanted,
                joined=joined,
            )
        )
        self._clear()

    def _add_color(self, color: Color) -> None:
        self._colors.append(color if self._shade is None else shaded(color, self._shade))
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
