"""Licence numbers: what people type is understood, and what they mistype is noticed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.licences import numbers
from app.services.licences.numbers import DIGITS, PATTERN, WrongNumber, draw, mark_id, parse

NUMBERS = st.builds(draw)


@given(NUMBERS)
def test_a_number_is_read_however_it_is_typed(number: str) -> None:
    assert re.fullmatch(PATTERN, number)
    bare = number.replace("-", "")
    alike = number.lower().replace("0", "o").replace("1", "l")
    for typed in (number, bare, number.lower(), bare[2:], f" {alike} ", number.replace("-", "–")):
        assert parse(typed) == number


@given(NUMBERS, st.sampled_from("\u2010\u2011\u2015−－_\u3000\u00ad\u200b\t"))
def test_a_number_is_read_however_it_is_printed(number: str, sign: str) -> None:
    """Copied from a text that was set, or typed with a Korean or Japanese keyboard."""
    assert parse(number.replace("-", sign)) == number
    wide = "".join(chr(ord(each) + 0xFEE0) for each in number)
    assert parse(f"\ufeff{wide}\n") == number


@given(NUMBERS, st.integers(0, 11), st.sampled_from(DIGITS))
def test_one_wrong_character_is_noticed(number: str, place: int, digit: str) -> None:
    digits = list(number.replace("-", "")[2:])
    if digits[place] != digit:
        digits[place] = digit
        with pytest.raises(WrongNumber, match="is wrong"):
            parse("SL" + "".join(digits))


@given(NUMBERS, st.integers(0, 11), st.integers(0, 11))
def test_two_characters_that_changed_places_are_noticed(number: str, a: int, b: int) -> None:
    digits = list(number.replace("-", "")[2:])
    if digits[a] != digits[b]:
        digits[a], digits[b] = digits[b], digits[a]
        with pytest.raises(WrongNumber, match="changed places"):
            parse("SL" + "".join(digits))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "12 characters"),
        ("SL-7Q2M", "12 characters"),
        ("SL-7Q2M-0XKD-4T9S-AAAA", "12 characters"),
        ("SL-7U2M-0XK!-4T9R", "no U"),
        ("SL-7Q2M-0XKD-4T9é", "no U"),
    ],
)
def test_what_is_wrong_is_said(typed: str, why: str) -> None:
    with pytest.raises(WrongNumber, match=why):
        parse(typed)


def test_numbers_are_drawn_at_random() -> None:
    drawn = {draw() for _ in range(2000)}
    assert len(drawn) == 2000
    for place in range(numbers.RANDOM_DIGITS):
        assert {number.replace("-", "")[2 + place] for number in drawn} == set(DIGITS)


@given(NUMBERS)
def test_a_mark_has_the_first_bits_of_the_number(number: str) -> None:
    bits = "".join(f"{DIGITS.index(digit):05b}" for digit in number.replace("-", "")[2:13])
    assert f"{mark_id(number):032b}" == bits[:32]
