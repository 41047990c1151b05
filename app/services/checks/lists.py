"""The lists of words and names, and how words are compared with them.

Words are whole words. They are compared by what they look like, so letters of other scripts, digits
for letters and parted letters hide nothing; plurals and Korean particles make no other word.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from app.utils.names import public_skeletons, seen_text
from words.english import singulars
from words.korean import is_korean, stems

log = structlog.get_logger(__name__)

# What a word may look like, in any of its forms.
Looks = frozenset[str]
# How soon a list that an operator has edited holds, without a new start.
READ_AGAIN_SECONDS = 10.0
_WORD = re.compile(r"[^\W_]+")
# Letters one by one: "n u d e", "n.u.d.e".
_PARTED = re.compile(r"(?<![^\W_])(?:[^\W\d_][\W_]{1,2}){2,}[^\W\d_](?![^\W_])")
# Digits and signs that stand for letters, in words that have letters too.
_DISGUISED = re.compile(r"[0-9@$!]*[^\W\d_][\w@$!]*[^\W_]")
_LETTERS = str.maketrans("0134578@$!", "oieastbasi")


@dataclass(frozen=True)
class Phrase:
    """``text`` as the list has it, and each of its words as it looks."""

    text: str
    looks: tuple[Looks, ...]

    @classmethod
    def of(cls, text: str) -> Phrase:
        words = _WORD.findall(seen_text(text))
        return cls(text, tuple(frozenset(public_skeletons(word)) for word in words))


class Phrases:
    """Phrases that are looked for all at once."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_first: dict[str, list[Phrase]] = {}
        for text in dict.fromkeys(texts):
            phrase = Phrase.of(text)
            for look in phrase.looks[0] if phrase.looks else ():
                self._by_first.setdefault(look, []).append(phrase)

    def places_in(self, words: Sequence[Looks]) -> Iterator[tuple[range, str]]:
        """Where in ``words`` each is that is there, and how the list writes it."""
        for at, looks in enumerate(words):
            for phrase in {each for look in looks for each in self._by_first.get(look, ())}:
                place = range(at, at + len(phrase.looks))
                following = words[place.start : place.stop]
                if len(following) == len(place) and all(
                    part & word for part, word in zip(phrase.looks, following, strict=True)
                ):
                    yield place, phrase.text


@lru_cache(maxsize=1024)
def readings(text: str) -> list[list[Looks]]:
    """The words of ``text`` as they look; then as they look to who sees through disguises."""
    plain = seen_text(text)
    joined = _PARTED.sub(lambda found: "".join(_WORD.findall(found[0])), plain)
    bare = _DISGUISED.sub(lambda found: found[0].translate(_LETTERS), plain)
    return [
        [_looks(word) for word in _WORD.findall(each)]
        for each in dict.fromkeys((plain, joined, bare))
    ]


@lru_cache(maxsize=8192)
def _looks(word: str) -> Looks:
    lower = word.lower()
    forms = [word, *singulars(lower)]
    if is_korean(lower):
        forms += [stem for stem, _ in stems(lower)]
    return frozenset(look for form in forms for look in public_skeletons(form))


class ListFile:
    """The lines of a file by their sections, read again when it has changed. A file that cannot be
    read any more leaves what was read before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed_at = -1.0
        self._looked_at = float("-inf")
        self.sections: dict[str, list[list[str]]] = {}

    def is_new(self) -> bool:
        """Whether it was read just now. It is looked at every few seconds."""
        now = time.monotonic()
        if now - self._looked_at < READ_AGAIN_SECONDS:
            return False
        self._looked_at = now
        try:
            changed_at = self._path.stat().st_mtime
            if changed_at == self._changed_at:
                return False
            self.sections = parsed(self._path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            if self._changed_at < 0:
                raise
            log.error("list_unreadable", file=self._path.name, error=str(error))
            return False
        self._changed_at = changed_at
        return True


def parsed(text: str) -> dict[str, list[list[str]]]:
    """Section → lines, each the ways to write one thing. What is before a section is in ""."""
    sections: dict[str, list[list[str]]] = {}
    name = ""
    for line in text.splitlines():
        kept = line.partition("#")[0].strip()
        if kept.startswith("[") and kept.endswith("]"):
            name = kept[1:-1].strip()
        elif ways := [way.strip() for way in kept.split("|") if way.strip()]:
            sections.setdefault(name, []).append(ways)
    return sections
