"""The rule for a tag of a prompt: any printable text without commas, at most 50 characters."""

import unicodedata

MAX_LENGTH = 50
MAX_TAGS = 20
# Joins drawn characters into one, and is the only invisible character that a tag may have.
JOINER = "\u200d"
# Letters and signs that leave the paper white.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f")
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def normalise(text: str) -> str:
    """``text`` as a tag: composed (NFC), without outer spaces. Raises ValueError if it is none."""
    spaced = "".join(
        " " if unicodedata.category(character) == "Zs" else character
        for character in unicodedata.normalize("NFC", text)
    )
    tag = spaced.strip(" ")
    if not tag or all(character in BLANK or character in f" {JOINER}" for character in tag):
        raise ValueError("Write something.")
    if len(tag) > MAX_LENGTH:
        raise ValueError(f"Use at most {MAX_LENGTH} characters.")
    if "," in tag or any(map(_is_unprintable, tag)):
        raise ValueError("Use printable characters without commas.")
    return tag


def _is_unprintable(character: str) -> bool:
    return character != JOINER and unicodedata.category(character) in UNPRINTABLE
