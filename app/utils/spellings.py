"""Other ways to write a word that people search for: British and American, singular and plural,
Korean and English, and words that are one slip away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from words import THINGS
from words.english import singulars

MAX_WORDS = 5
# As the database takes tags apart (feed_keys in migration 0010).
_BETWEEN = re.compile(r'[\s.,;:!?"()]+')
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Parts of words: "watercolours" is "watercolors".
BRITISH_AMERICAN = (
    *(("colour", "color"), ("grey", "gray"), ("centre", "center"), ("theatre", "theater")),
    *(("harbour", "harbor"), ("neighbour", "neighbor"), ("armour", "armor"), ("favour", "favor")),
    *(("flavour", "flavor"), ("vapour", "vapor"), ("humour", "humor"), ("honour", "honor")),
    *(("parlour", "parlor"), ("splendour", "splendor"), ("fibre", "fiber"), ("sombre", "somber")),
    *(("spectre", "specter"), ("sceptre", "scepter"), ("jewellery", "jewelry"), ("mould", "mold")),
    *(("aeroplane", "airplane"), ("pyjama", "pajama"), ("moustache", "mustache")),
    *(("plough", "plow"), ("cosy", "cozy"), ("catalogue", "catalog"), ("traveller", "traveler")),
)


def words_of(text: str) -> list[str]:
    """The words of ``text`` in lower case; the first few, each once; none of signs alone."""
    words = _BETWEEN.split(unicodedata.normalize("NFC", text).lower())
    return list(dict.fromkeys(word for word in words if _means_something(word)))[:MAX_WORDS]


def spellings_of(text: str) -> list[tuple[str, ...]]:
    """Each word of ``text`` in all its spellings."""
    return [spellings(word) for word in words_of(text)]


def spellings(word: str) -> tuple[str, ...]:
    """``word``, then what else may be meant by the same."""
    found = [word, *_other_number(word)]
    found += [other for each in found for other in _other_side(each)]
    meant = [name for each in found for name in translations().get(each, ())]
    others = [other for name in meant for other in _other_number(name)]
    return tuple(dict.fromkeys([*found, *meant, *others]))


def slips(word: str) -> set[str]:
    """What ``word`` may have been meant to be: one letter left out, doubled, wrong or swapped."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return (
        {a + b[1:] for a, b in halves if b}
        | {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
        | {a + letter + b[1:] for a, b in halves if b for letter in _LETTERS}
        | {a + letter + b for a, b in halves for letter in _LETTERS}
    ) - {word, ""}


@cache
def translations() -> dict[str, tuple[str, ...]]:
    """A Korean word → the first English name of what it means; such a name → its Korean one."""
    found: dict[str, tuple[str, ...]] = {}
    for thing in THINGS.values():
        for name in thing.korean:
            found[name] = (*found.get(name, ()), thing.name)
        found[thing.name] = (*found.get(thing.name, ()), thing.korean[0])
    return found


def _means_something(word: str) -> bool:
    return any(map(str.isalnum, word))


def _other_side(word: str) -> Iterator[str]:
    for british, american in BRITISH_AMERICAN:
        if british in word:
            yield word.replace(british, american)
        elif american in word:
            yield word.replace(american, british)


def _other_number(word: str) -> Iterator[str]:
    if not word.isascii() or len(word) < 3:
        return
    yield from (ones := list(singulars(word)))
    if not ones:
        yield f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"
