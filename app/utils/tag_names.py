"""The format of tags: lower case, printable ASCII, at most 50 characters."""

import re
from collections.abc import Iterable
from contextlib import suppress

import orjson

MAX_LENGTH = 50
# Printable ASCII without capitals; no comma, since lists of tags are written with commas; no space
# at either end.
TAG_PATTERN = r"^[!-+\--@\[-~]([ -+\--@\[-~]*[!-+\--@\[-~])?$"


def normalise(name: str) -> str:
    """Lower-case ``name`` and collapse its white space. Raises ValueError if it is not a tag."""
    tag = " ".join(name.split()).lower()
    if not tag:
        raise ValueError("A tag must not be empty.")
    if len(tag) > MAX_LENGTH:
        raise ValueError(f"A tag has at most {MAX_LENGTH} characters.")
    if not re.match(TAG_PATTERN, tag):
        raise ValueError("A tag may contain only printable ASCII characters, without commas.")
    return tag


def normalise_all(names: Iterable[str]) -> list[str]:
    """Normalise ``names`` in their order, without duplicates. Raises ValueError."""
    return list(dict.fromkeys(normalise(name) for name in names))


def split(text: str) -> list[str]:
    """The tags of a list in JSON or with commas, without empty ones."""
    if text.lstrip().startswith("["):
        with suppress(ValueError):
            listed = orjson.loads(text)
            if all(isinstance(one, str) for one in listed):
                return [tag for one in listed for tag in split(one)]
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
