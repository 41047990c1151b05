"""The words of an order, looked at before anything is paid: what is refused, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from threading import Lock

from django.conf import settings

from app.exceptions import WordsRefused
from app.models import Style
from app.services.checks.lists import ListFile, Looks, Phrase, Phrases, readings
from app.utils.names import public_skeletons

# Ours, which an operator's own files add to, or take the place of.
WORDS = Path(__file__).with_name("words.txt")
ARTISTS = Path(__file__).with_name("artists.txt")


class Reason(StrEnum):
    """Why words are refused: sections of the list, names of others, and what an artist excludes."""

    MINORS = "minors"
    SEXUAL = "sexual"
    MATURE = "mature"
    HATE = "hate"
    CRUELTY = "cruelty"
    ARTIST = "artist"
    EXCLUDED = "excluded"


OF_LIST = (Reason.MINORS, Reason.SEXUAL, Reason.MATURE, Reason.HATE, Reason.CRUELTY)
# Refused beside what is sexual, and a part of words that are harmless together.
CHILD, HARMLESS = "child", "harmless"


class Lists:
    """All that is looked for, of files that may change while this process runs."""

    def __init__(self, words: Sequence[Path], artists: Path) -> None:
        self._words, self._artists = [ListFile(path) for path in words], ListFile(artists)
        self._lock = Lock()
        self.sections: dict[str, Phrases] = {}
        self.artists = Phrases(())
        # How a name may be written → what a style's artist who bears it is called.
        self._names: dict[str, Looks] = {}

    def refresh(self) -> None:
        with self._lock:
            # Each is asked, whatever the one before said.
            if sum(file.is_new() for file in self._words):
                names = {*OF_LIST, CHILD, HARMLESS}
                self.sections = {name: Phrases(self._written(name)) for name in names}
            if self._artists.is_new():
                lines = [line for part in self._artists.sections.values() for line in part]
                self._names = {way: _looks_of_names(line) for line in lines for way in line}
                self.artists = Phrases(self._names)

    def is_called(self, artist_name: str, way: str) -> bool:
        """Whether the artist bears the name that is written this way in the list."""
        return bool(self._names.get(way, frozenset()) & _looks_of_names([artist_name]))

    def _written(self, section: str) -> list[str]:
        lines = [line for file in self._words for line in file.sections.get(section, ())]
        return [way for line in lines for way in line]


def refused(prompt: str, style: Style) -> dict[str, Reason]:
    """The words of ``prompt`` that ``style`` may not draw, as the lists write them, and why."""
    lists = _lists(settings.REFUSED_WORDS_FILE, settings.ABSENT_ARTISTS_FILE)
    lists.refresh()
    found: dict[str, Reason] = {}
    for words in readings(prompt):
        harmless = _covered(lists.sections[HARMLESS], words)
        of_list = {reason: _outside(lists.sections[reason], words, harmless) for reason in OF_LIST}
        sexual = of_list[Reason.SEXUAL] | of_list[Reason.MATURE]
        if sexual and (children := _outside(lists.sections[CHILD], words, harmless)):
            of_list[Reason.MINORS] |= children | sexual
        if style.allows_mature:
            of_list[Reason.MATURE] = {}
        for reason, texts in of_list.items():
            for text in texts:
                found.setdefault(text, reason)
        names = [way for _, way in lists.artists.places_in(words)]
        others = [way for way in names if not lists.is_called(style.artist.artist_name, way)]
        excluded = _excluded(tuple(style.excluded_subjects)).places_in(words)
        found |= {way: Reason.ARTIST for way in others if way not in found}
        found |= {text: Reason.EXCLUDED for _, text in excluded if text not in found}
    return found


def is_comparable(subject: str) -> bool:
    """Whether there is a word in it."""
    return bool(Phrase.of(subject).looks)


def require_allowed(ordered: Iterable[tuple[str, Style]]) -> None:
    """Raises WordsRefused that names the refused words of all prompts, each with its style, by
    their places from 0."""
    words = [
        {"item": item, "word": word, "reason": str(reason)}
        for item, (prompt, style) in enumerate(ordered)
        for word, reason in refused(prompt, style).items()
    ]
    if words:
        raise WordsRefused(words)


@lru_cache(maxsize=4)
def _lists(own_words: str, own_artists: str) -> Lists:
    words = [WORDS, *([Path(own_words)] if own_words else [])]
    return Lists(words, Path(own_artists) if own_artists else ARTISTS)


@lru_cache(maxsize=512)
def _excluded(subjects: tuple[str, ...]) -> Phrases:
    return Phrases(subjects)


def _covered(phrases: Phrases, words: Sequence[Looks]) -> set[int]:
    return {at for place, _ in phrases.places_in(words) for at in place}


def _outside(phrases: Phrases, words: Sequence[Looks], harmless: set[int]) -> dict[str, None]:
    found = phrases.places_in(words)
    return {text: None for place, text in found if harmless.isdisjoint(place)}


def _looks_of_names(names: Iterable[str]) -> Looks:
    return frozenset(look for name in names for look in public_skeletons(name))
