"""A prompt in natural language: one text, for engines that draw any words."""

import re
import textwrap
import unicodedata

from app.utils import names
from words.prompts import MAX_LENGTH as MAX_TAG_LENGTH

MAX_LENGTH = 300
UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn"})
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def cleaned(text: str) -> str:
    """``text`` as it is kept: readable, with single spaces. Raises ValueError if it is none."""
    kept = " ".join(names.readable(text).split())
    if not names.is_seen(kept):
        raise ValueError("Write something.")
    if len(kept) > MAX_LENGTH:
        raise ValueError(f"Use at most {MAX_LENGTH} characters.")
    if any(unicodedata.category(character) in UNPRINTABLE for character in kept):
        raise ValueError("Use printable characters.")
    return kept


def pieces(text: str) -> list[str]:
    """A prompt as the tags beside it: for search, and for programs that know tags alone."""
    parts = textwrap.wrap(text, MAX_TAG_LENGTH, break_on_hyphens=False)
    return [part.strip(", ") or part for part in parts]


def words(text: str) -> list[str]:
    """The words of a prompt in lower case, each once: those that may be tags."""
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))
