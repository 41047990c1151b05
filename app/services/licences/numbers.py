"""Licence numbers, such as ``SL-7Q2M-0XKD-4T9S``: 55 random bits and a check character.

The digits are Crockford's base 32, which has no I, L, O and U. Each digit is an element of GF(32),
and all twelve, weighted with the powers of 2 there, sum up to zero. So one wrong digit is always
noticed, and so are any two that changed places.
"""

from __future__ import annotations

import secrets
import unicodedata

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_DIGITS = 11
PATTERN = r"SL(?:-[0-9A-HJKMNP-TV-Z]{4}){3}"
_VALUE = {digit: value for value, digit in enumerate(DIGITS)} | {"O": 0, "I": 1, "L": 1}
# Random bits of a number that its mark has no room for.
_MARKLESS_BITS = 5 * RANDOM_DIGITS - 32
# The bits of x^5 + x^2 + 1, by which products in GF(32) are reduced.
_MODULUS = 0b100101


class WrongNumber(ValueError):
    """The text is no licence number. Its message says why, for people."""


def draw() -> str:
    """A new number. The chance that it is taken already is one in 10^10 at a million licences."""
    return _written([byte % 32 for byte in secrets.token_bytes(RANDOM_DIGITS)])


def parse(text: str) -> str:
    """The number that somebody has typed, copied or scanned: in any case, with any dashes or none,
    in letters of full width, O for 0, and I or L for 1. Raises WrongNumber."""
    said = "".join(sign for sign in unicodedata.normalize("NFKC", text) if not _separates(sign))
    digits = said.upper().removeprefix("SL")
    if not _VALUE.keys() >= set(digits):
        raise WrongNumber("A licence number has only digits and letters, and no U.")
    if len(digits) != RANDOM_DIGITS + 1:
        raise WrongNumber("A licence number has 12 characters after SL.")
    values = [_VALUE[digit] for digit in digits]
    number = _written(values[:-1])
    if number[-1] != DIGITS[values[-1]]:
        raise WrongNumber("A character of this licence number is wrong, or two changed places.")
    return number


def _separates(sign: str) -> bool:
    """Dashes, a minus, spaces, and signs that nobody sees."""
    kind = unicodedata.category(sign)
    return kind in {"Pd", "Pc"} or kind[0] in "ZC" or sign == "−"


def mark_id(number: str) -> int:
    """The 32 bits by which a mark in the picture names its licence: the first of its random
    ones."""
    value = 0
    for digit in number.removeprefix("SL").replace("-", "")[:RANDOM_DIGITS]:
        value = value << 5 | _VALUE[digit]
    return value >> _MARKLESS_BITS


def first_with(mark: int) -> str:
    """The lowest number that a mark can stand for, but for its check character."""
    return _written(_digits_of(mark << _MARKLESS_BITS))[:-1]


def last_with(mark: int) -> str:
    """What no number that the mark can stand for is above."""
    return _written(_digits_of((mark + 1 << _MARKLESS_BITS) - 1))[:-1] + DIGITS[-1]


def _digits_of(value: int) -> list[int]:
    return [value >> 5 * place & 31 for place in range(RANDOM_DIGITS - 1, -1, -1)]


def _written(values: list[int]) -> str:
    check = 0
    for value in values:
        check = _doubled(check ^ value)
    digits = "".join(DIGITS[value] for value in [*values, check])
    return f"SL-{digits[:4]}-{digits[4:8]}-{digits[8:]}"


def _doubled(element: int) -> int:
    """Times 2 in GF(32)."""
    return element << 1 ^ (_MODULUS if element & 16 else 0)
