"""The words of a text in any script."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from words import korean


def folded(word: str) -> str:
    lower = unicodedata.normalize("NFKC", word).casefold().replace("’", "'").replace("\ufe0f", "")
    return lower.removesuffix("'s").removesuffix("'")


def tokens_of(tag: str) -> Iterator[str]:
    """The words, numbers and drawn characters of ``tag``; a number ends at a Korean letter."""
    word, symbol = "", ""
    for character in unicodedata.normalize("NFC", tag):
        category = unicodedata.category(character)
        if character in _JOINERS and symbol:
            symbol += character
            continue
        if category in ("So", "Sk") and ord(character) > 0x2000:
            if word:
                yield word
                word = ""
            if symbol and not symbol.endswith("\u200d") and category == "So":
                yield symbol
                symbol = ""
            symbol += character
            continue
        if symbol:
            yield symbol
            symbol = ""
        letter = category[0] in "LMN" or (character in "'’" and word)
        if letter and not (word.isdigit() and korean.is_korean(character)):
            word += character
            continue
        if word:
            yield word
        word = character if letter else ""
    if word or symbol:
        yield word or symbol


_JOINERS: Final = "\u200d\ufe0f"
