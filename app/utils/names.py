"""Names that people choose: what one may consist of, and when two of them look alike."""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from django.http import QueryDict

# What nobody sees: characters that are ignored, fillers and the blank pattern of Braille.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Of these, some scripts and emoji need joiners and variants.
_JOINING = re.compile("[\u200c\u200d\ufe0e\ufe0f]")
# What texts keep besides: the blank that pictures in Braille need, variants of Mongolian letters,
# and the flags of England, Scotland and Wales.
_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
_IN_TEXTS = re.compile(f"[\u2800\u180b-\u180d\u180f]|{_FLAG}")
_UNSEEN_OR_FLAG = re.compile(f"{_FLAG}|{_UNSEEN.pattern}")
# Accents, and strokes through a letter. Other scripts have marks of their own, which stay: they are
# vowels, or make other letters.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_SMALL_CAPITAL = re.compile("LATIN LETTER SMALL CAPITAL ([A-Z])")
# What looks like a small capital, and is named otherwise.
_LIKE_SMALL_CAPITALS = {"\u028d": "m", "\u0138": "k"}
# Greek and Cyrillic capitals that look like Latin ones, whatever their small letters look like.
_CAPITALS = str.maketrans(
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425",
    "ABEZHIKMNOPTYXABESIJKMHOPCTYX",
)
SITE = "Style License"
# In any case, spelling or order, with numbers or without.
RESERVED = (
    *(SITE, "Closed account", "admin", "administrator", "moderator", "operator", "official"),
    *("staff", "system", "support", "security", "help", "helpdesk", "team", "root"),
    *("관리자", "운영자", "운영진", "운영팀", "고객센터", "고객지원"),
    *("공식", "직원", "시스템", "탈퇴한 계정", "스타일 라이선스"),
)
# On one letter. Tibetan has the highest piles; hundreds of marks cover the lines around them.
MOST_MARKS = 8


def composed(value: Any) -> Any:
    """What came in, with all its texts in NFC: one letter is written one way. Of the marks that are
    piled up on one, MOST_MARKS are left."""
    if isinstance(value, str):
        return _without_piles(unicodedata.normalize("NFC", value))
    if isinstance(value, QueryDict):
        form = QueryDict(mutable=True)
        for name, values in value.lists():
            form.setlist(name, composed(values))
        return form
    if isinstance(value, dict):
        return {name: composed(item) for name, item in value.items()}
    return [composed(item) for item in value] if isinstance(value, list) else value


def _without_piles(text: str) -> str:
    if text.isascii():
        return text
    left, marks = [], 0
    for each in text:
        is_mark = unicodedata.category(each) in {"Mn", "Me"}
        # A joiner between two marks is no letter of its own.
        if is_mark:
            marks += 1
        elif marks and not _UNSEEN.fullmatch(each):
            marks = 0
        if marks <= MOST_MARKS:
            left.append(each)
    return "".join(left)


def readable(text: str) -> str:
    """A text as it is kept: composed, and without what nobody sees or what turns the direction of
    the words around it."""
    if text.isascii():
        return text

    def kept(found: re.Match[str]) -> str:
        is_needed = _JOINING.match(found[0]) or _IN_TEXTS.match(found[0])
        return found[0] if is_needed else ""

    # Marks are counted last: what is taken out would begin the count anew.
    return str(composed(_UNSEEN_OR_FLAG.sub(kept, text)))


def is_seen(text: str) -> bool:
    """Whether there is anything to see in ``text``."""
    kinds = {unicodedata.category(each)[0] for each in _UNSEEN.sub("", text)}
    return not kinds <= {"Z", "C", "M"}


def clean(name: str) -> str:
    """``name`` in its compatibility form, with single spaces and without what nobody sees.

    Raises ValueError unless there is a letter or a digit to see.
    """
    text = _UNSEEN.sub(lambda found: found[0] if _JOINING.match(found[0]) else "", name)
    text = unicodedata.normalize("NFKC", " ".join(text.split()))
    text = "".join(each for each in text if unicodedata.category(each) not in {"Cc", "Co", "Cn"})
    if not any(unicodedata.category(each)[0] in "LN" for each in _UNSEEN.sub("", text)):
        raise ValueError("A name needs a letter that can be seen. Add one.")
    return text


def skeleton(name: str) -> str:
    """What ``name`` looks like (UTS #39, of the casefolded NFKC). Names that look alike have the
    same one."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = _UNSEEN.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFD", seen.translate(_look_alikes()))


def skeletons(name: str) -> tuple[str, ...]:
    """``skeleton``, for who compares with several."""
    return (skeleton(name),)


def public_skeletons(name: str) -> tuple[str, ...]:
    """The same of names that people trust: neither signs, spaces nor accents make another name.

    The first one is kept. Others find names that look so in capitals, and those that the version
    before this one kept.
    """
    return _public(name), _public(name.translate(_CAPITALS)), skeleton(name)


def seen_text(text: str) -> str:
    """``text`` in its compatibility form, without what nobody sees."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def is_reserved(name: str) -> bool:
    """Whether ``name`` sounds like those who run this site."""
    said = _public(name)
    words = {_public(word) for word in re.findall(r"[^\W\d_]+", name)}
    return said in _reserved() or _public(SITE) in said or (bool(words) and words <= _reserved())


def _public(name: str) -> str:
    looks = skeleton(name)
    seen = _ACCENTS.sub("", looks)
    text = "".join(_plain(each) for each in seen if unicodedata.category(each)[0] in "LNM")
    return text.replace("i", "l").replace("m", "rn") or looks


def _plain(letter: str) -> str:
    capital = _SMALL_CAPITAL.fullmatch(unicodedata.name(letter, ""))
    return capital[1].lower() if capital else _LIKE_SMALL_CAPITALS.get(letter, letter)


@cache
def _reserved() -> frozenset[str]:
    return frozenset(map(_public, RESERVED))


@cache
def _look_alikes() -> dict[int, str]:
    lines = Path(__file__).with_name("confusables.txt").read_text("utf-8").split("\n")
    pairs = (line.split("\t") for line in lines if line and not line.startswith("# "))
    return {ord(one): other for one, other in pairs}
