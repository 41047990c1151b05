"""One search over styles, artists, tags and public pictures, for API and site.

It forgives what ``app/utils/spellings.py`` knows of. Where nothing is found at all, the words are
corrected, and what is found then says so. Only what everybody may see is ever looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from django.db import connection

from app.models.feed import key_of
from app.models.formats import stored
from app.models.generation import Generation
from app.models.reads.compiled import Viewer
from app.models.reads.people import ArtistBrief
from app.models.reads.picture import FeedPicture
from app.models.reads.row import Column, Row
from app.models.reads.search_sql import (
    CANDIDATES,
    KNOWN_KEYS,
    KNOWN_TAGS,
    NAMES_LIKE,
    PICTURES,
    RAREST_FIRST,
)
from app.models.reads.styles import StyleRow
from app.models.style import Style, StyleQuerySet
from app.models.tagging import Tag
from app.models.text import SHORTEST_INSIDE, escape_like
from app.models.user import Artist, HiddenPerson
from app.utils.links import Link
from app.utils.spellings import slips, spellings, spellings_of, words_of

SUGGESTIONS = 5
# How many of a word's most popular pictures are looked through for the other words, and how many
# names with a word for the others.
PICTURES_OF_A_WORD = 1000
NAMES_OF_A_WORD = 200


class FoundArtist(ArtistBrief):
    """An artist whom a search found."""

    follower_count: int


class FoundTag(Row):
    """A tag that a search found."""

    id: Annotated[int, Column("pk")]
    name: str
    usage_count: int


class Found(Row):
    """What a search found, the best of each kind.

    `corrected` is what was searched for instead where nothing was found as it was written.
    `suggestions` are other names that are alike.
    """

    query: str
    corrected: str | None
    suggestions: list[str]
    styles: list[StyleRow]
    artists: list[FoundArtist]
    tags: list[FoundTag]
    images: list[FeedPicture]


class Candidates(NamedTuple):
    """What may have been looked for, and the words for which it has still to be looked at."""

    ids: set[int]
    words: list[tuple[str, ...]]


class Search:
    """What ``viewer_id`` looks for: at most ``limit`` of each kind, the best first."""

    def __init__(
        self, text: str, viewer_id: int | None, limit: int, link: Link | None = None
    ) -> None:
        """``link`` as in Read.rows."""
        self.text = text
        self._viewer_id, self._limit, self._link = viewer_id, limit, link

    @property
    def _hidden(self) -> Any:
        """The ids of people whom the viewer does not see."""
        return HiddenPerson.objects.hidden_from(self._viewer_id or 0)

    @cached_property
    def _words(self) -> list[tuple[str, ...]]:
        return spellings_of(self.text)

    @cached_property
    def _names(self) -> list[tuple[str, int, int, bool]]:
        """Rows of CANDIDATES."""
        asked = [(number, each) for number, word in enumerate(self._words) for each in word]
        are_short = [len(each) < SHORTEST_INSIDE for _, each in asked]
        marked = [
            each if is_short else f"%{escape_like(each)}%"
            for (_, each), is_short in zip(asked, are_short, strict=True)
        ]
        return _rows(  # type: ignore[return-value]
            CANDIDATES,
            words=[number for number, _ in asked],
            uppers=[text.upper() for text in marked],
            lowers=marked,
            are_short=are_short,
            candidates=NAMES_OF_A_WORD,
            popular=NAMES_OF_A_WORD // 2,
        )

    @cached_property
    def _candidates(self) -> dict[str, Candidates]:
        rows: dict[str, list[tuple[int, int, bool]]] = {"tag": [], "style": [], "artist": []}
        for kind, number, pk, is_popular in self._names:
            rows["style" if kind == "described" else kind].append((number, pk, is_popular))
        return {kind: self._of_kind(found) for kind, found in rows.items()}

    def unknown_words(self) -> list[str]:
        """The words that no name has."""
        known = {number for _, number, *_ in self._names}
        return [word[0] for number, word in enumerate(self._words) if number not in known]

    def _of_kind(self, rows: list[tuple[int, int, bool]]) -> Candidates:
        found = [{pk for at, pk, _ in rows if at == number} for number in range(len(self._words))]
        is_whole = [
            sum(at == number and not is_popular for at, _, is_popular in rows) < NAMES_OF_A_WORD
            for number in range(len(self._words))
        ]
        if not found:
            return Candidates(set(), [])
        if whole := [ids for ids, is_all in zip(found, is_whole, strict=True) if is_all]:
            rest = [word for word, is_all in zip(self._words, is_whole, strict=True) if not is_all]
            return Candidates(set.intersection(*whole), rest)
        # Very many have each of the words: some that have one are looked at for all of them.
        return Candidates(set.union(*found), self._words if len(found) > 1 else [])

    @cached_property
    def style_ids(self) -> list[int]:
        """First those that have all words in their name and tags, as far as was looked at."""
        ids, words = self._candidates["style"]
        found = Style.objects.offered().filter(pk__in=ids).with_words(words)
        found = found.exclude(artist_id__in=self._hidden)
        # All of them: with a limit, the server might look through all styles in their order.
        best = list(found.found_by(sort="popular").values_list("pk", flat=True))
        called: dict[int, set[int]] = {}
        for kind, number, pk, _ in self._names:
            if kind == "style":
                called.setdefault(pk, set()).add(number)
        best.sort(key=lambda pk: -len(called.get(pk, ())))
        return best[: self._limit]

    @property
    def styles(self) -> StyleQuerySet:
        return Style.objects.filter(is_active=True).in_order_of(self.style_ids)

    @cached_property
    def artists(self) -> list[FoundArtist]:
        ids, words = self._candidates["artist"]
        found = Artist.objects.filter(pk__in=ids).exclude(pk__in=self._hidden)
        found = found.with_words(words).best_for(self.text)
        return FoundArtist.from_tuples(found.values_list(*FoundArtist.columns())[: self._limit])

    @cached_property
    def tags(self) -> list[FoundTag]:
        ids, words = self._candidates["tag"]
        found = Tag.objects.popular().filter(pk__in=ids).with_words(words)
        return FoundTag.from_tuples(found.values_list(*FoundTag.columns())[: self._limit])

    @cached_property
    def pictures(self) -> list[FeedPicture]:
        keys = [
            (number, key_of("tag", each))
            for number, word in enumerate(self._words)
            for each in word
        ]
        ids: list[int] = _column(
            PICTURES,
            words=[number for number, _ in keys],
            keys=[key for _, key in keys],
            count=len(self._words),
            candidates=self._limit if len(self._words) == 1 else PICTURES_OF_A_WORD,
            limit=self._limit,
        )
        if not ids:
            return []
        viewer: Any = Viewer(self._viewer_id, self._viewer_id is not None)
        shown = Generation.objects.feed(viewer).filter(pk__in=ids).order_by()
        rows = FeedPicture.from_tuples(shown.values_list(*FeedPicture.columns()), self._link)
        return sorted(rows, key=lambda row: ids.index(row.id))

    @property
    def is_fruitful(self) -> bool:
        return bool(self.tags or self.pictures or self.artists or self.style_ids)


@dataclass(frozen=True)
class Outcome:
    """``found`` is to be shown. ``corrected`` is its text if nothing was found as it was written;
    ``suggestions`` are names that are like it."""

    found: Search
    corrected: str | None = None
    suggestions: Sequence[str] = ()


def search(
    text: str, viewer_id: int | None, *, limit: int = 6, link: Link | None = None
) -> Outcome:
    """Look for ``text``; where nothing is found, for what may have been meant."""
    as_written = Search(text, viewer_id, limit, link)
    words = words_of(text)
    if not words or as_written.is_fruitful:
        return Outcome(as_written)
    unknown = as_written.unknown_words()
    alike = _alike(max(unknown, key=len)) if unknown else []
    meant = {word: _corrected(word, alike) for word in unknown}
    corrected = " ".join(meant.get(word, word) for word in words)
    for candidate in dict.fromkeys([corrected, *alike]):
        found = Search(candidate, viewer_id, limit, link)
        if candidate != " ".join(words) and found.is_fruitful:
            return Outcome(found, candidate, [name for name in alike if name != candidate])
    return Outcome(as_written, None, alike)


def found_by(text: str, viewer_id: int | None, limit: int) -> Found:
    """The same as rows, as the API shows it."""
    outcome = search(text, viewer_id, limit=limit)
    found = outcome.found
    styles = found.styles.with_tags_json().values_list(*StyleRow.columns())
    return Found(
        query=text,
        corrected=outcome.corrected,
        suggestions=list(outcome.suggestions),
        styles=StyleRow.from_tuples(styles),
        artists=found.artists,
        tags=found.tags,
        images=found.pictures,
    )


def lists_of(
    *,
    tag: str = "",
    style_id: int | None = None,
    artist_id: int | None = None,
    aspect_ratio: str = "",
    q: str = "",
    **_: Any,
) -> list[str]:
    """The keys of the feed's lists that are asked for, the one that is read first with the fewest
    pictures, mostly. ``tag`` is a phrase or a word, ``q`` several words of which each has to be
    there; both are found by their other spellings."""
    asked = [" ".join(tag.split()).lower(), *(words_of(q) or [q.strip().lower()])]
    tags = [key_of("tag", _known_tag(name)) for name in asked if name]
    if len(tags) > 1:
        tags = _column(RAREST_FIRST, keys=tags)
    named = {"style": style_id, "artist": artist_id}
    narrow = [key_of(kind, value) for kind, value in named.items() if value]
    wide = [key_of("format", stored(aspect_ratio))] if aspect_ratio else []
    return list(dict.fromkeys([*narrow, *tags, *wide]))


def _known_tag(name: str) -> str:
    """``name`` in the first of its spellings under which there are pictures."""
    known = _known(key_of("tag", each) for each in spellings(name))
    return known[0].removeprefix("tag:") if known else name


def _alike(word: str) -> list[str]:
    """Names that are like ``word`` or have one that is."""
    like = {"lower": word, "upper": word.upper(), "limit": SUGGESTIONS}
    return _column(NAMES_LIKE, **like)


def _corrected(word: str, alike: Sequence[str]) -> str:
    """``word`` if it is known, else the known word that is one slip away or is in one of the names
    ``alike``."""
    if _known(key_of("tag", each) for each in spellings(word)):
        return word
    candidates = sorted(slips(word)) if word.isascii() else []
    tags = _column(KNOWN_TAGS, words=candidates)
    known = tags or _known(key_of("tag", each) for each in candidates)
    if known:
        return known[0].removeprefix("tag:")
    parts = [part for name in alike for part in words_of(name)]
    return next(iter(get_close_matches(word, parts, n=1)), word)


def _known(keys: Iterable[str]) -> list[str]:
    """Those of ``keys`` under which there are pictures, in their order."""
    return _column(KNOWN_KEYS, keys=list(keys))


def _rows(sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
    rows: Sequence[tuple[Any, ...]] = connection.run_compiled(  # type: ignore[attr-defined]
        sql, values, is_planned_once=False
    )
    return rows


def _column(sql: str, **values: Any) -> list[Any]:
    """The first value of each row."""
    return [value for value, *_ in _rows(sql, **values)]
