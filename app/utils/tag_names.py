"""How tags are written: lower case, printable ASCII, at most 50 characters."""

import re
from collections.abc import Iterable

MAX_LENGTH = 50
# Printable ASCII without capitals; no comma, since lists of tags are written with commas; no space
# at either end.
TAG_PATTERN = r"^[!-+\--@\[-~]([ -+\--@\[-~]*[!-+\--@\[-~])?$"


def normalise(name: str) -> str:
    """Lower-case ``name`` and fold its white space. Raises ValueError when it is no tag."""
    tag = " ".join(name.split()).lower()
    if not tag:
        raise ValueError("A tag must not be empty.")
    if len(tag) > MAX_LENGTH:
        raise ValueError(f"A tag has at most {MAX_LENGTH} characters.")
    if not re.match(TAG_PATTERN, tag):
        raise ValueError("A tag may contain only printable ASCII characters, without commas.")
    return tag


def normalise_all(names: Iterable[str]) -> list[str]:
    """Normalise ``names``, each kept once, in their order. Raises ValueError."""
    return list(dict.fromkeys(normalise(name) for name in names))


def split(text: str) -> list[str]:
    """The tags of a comma list; empty parts are left out."""
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
