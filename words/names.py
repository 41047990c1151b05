"""Names: which thing a word or a few words mean."""

from functools import cache
from typing import Final

from words import korean
from words.colors import KOREAN_COLORS
from words.tokens import folded
from words.vocabulary import THINGS, Thing, listed


def joins(particles: str) -> bool:
    return particles.endswith(korean.JOINING_PARTICLES)


def korean_thing(word: str, *, keep: int = 0) -> tuple[Thing, str] | None:
    """The thing that ``word`` names with particles, of which none is in its first ``keep``."""
    names = korean_names()
    for stem, particles in korean.stems(word):
        if len(stem) > keep and stem in names:
            return names[stem], particles
    return None


def korean_parts(word: str) -> tuple[list[str], str] | None:
    """``word`` as two or more known names or colours, the last a name, and particles."""
    names = korean_names()

    def split(rest: str) -> list[str] | None:
        if rest in names:
            return [rest]
        for end in range(len(rest) - 1, 0, -1):
            head = rest[:end]
            if (len(head) > 1 and head in names) or head in KOREAN_COLORS or head in _SHORT:
                tail = split(rest[end:])
                if tail is not None:
                    return [head, *tail]
        return None

    for stem, particles in korean.stems(word):
        parts = split(stem)
        if parts is not None and (len(parts) > 1):
            return parts, particles
    return None


# Names of one syllable that begin compounds; others ("말", "차") are too often a part of something.
_SHORT: Final = listed("밤 눈 비 별 달 산 강 숲 꽃 봄")


@cache
def english_names() -> dict[str, Thing]:
    """Every English name, and every drawing, with its thing."""
    names = {name: thing for thing in THINGS.values() for name in thing.english}
    drawings = {folded(thing.drawing): thing for thing in THINGS.values() if thing.drawing}
    return {**drawings, **names}


@cache
def korean_names() -> dict[str, Thing]:
    return {name: thing for thing in THINGS.values() for name in thing.korean}
