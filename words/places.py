"""Where things are in relation to each other: which of it the painter does by itself.

Things stand beside one another in a landscape or a room. So "a boat on the sea" is painted as it is
said, and "a boat under a bridge" is not: that word is named as one that will not show.
"""

from dataclasses import dataclass
from typing import Final

from words.vocabulary import Thing, listed

ON: Final = "on"
IN: Final = "in"
OVER: Final = "over"
UNDER: Final = "under"
BEHIND: Final = "behind"
FRONT: Final = "front"
NOWHERE: Final = "nowhere"

# English: what a word says. Words of being near are not here, since things are near each other.
PREPOSITIONS: Final[dict[str, str]] = {
    **dict.fromkeys(("on", "onto", "atop", "upon", "across", "along", "up", "down", "against"), ON),
    **dict.fromkeys(("in", "inside", "into", "within", "through", "among", "around", "amid"), IN),
    **dict.fromkeys(("over", "above"), OVER),
    **dict.fromkeys(("under", "below", "beneath", "underneath"), UNDER),
    **dict.fromkeys(("behind", "beyond"), BEHIND),
    **dict.fromkeys(("between", "outside", "like"), NOWHERE),
}
# "In front of", "on top of", "on the left".
PLACES: Final[dict[str, str]] = {
    "front": FRONT,
    **dict.fromkeys(("top", "middle", "center", "centre"), ON),
    **dict.fromkeys(
        listed("left right back side edge bottom corner foreground background"), NOWHERE
    ),
}
# They begin such a phrase.
LEADS: Final = frozenset({"in", "on", "at", "to", "from"})

KOREAN: Final[dict[str, str]] = {
    "위": ON,
    "아래": UNDER,
    "밑": UNDER,
    "앞": FRONT,
    "뒤": BEHIND,
    "너머": BEHIND,
    "속": IN,
    "안": IN,
    "가운데": IN,
    "한가운데": IN,
    "밖": NOWHERE,
    "사이": NOWHERE,
}

# What nothing stands on or in.
_UNREACHABLE: Final = frozenset({"sun", "moon", "stars", "clouds", "rainbow", "aurora"})
_FAR: Final = frozenset({"land", "water", "sky", "hour"})
_IN_A_VASE: Final = frozenset({"flowers", "roses", "sunflowers", "rose", "sunflower", "tulip"})


@dataclass(frozen=True)
class Relation:
    """``word`` says where the thing ``what`` (a noun's number, or None: something else of the
    prompt) is in relation to the thing ``to``."""

    place: str
    word: str
    what: int | None
    to: int


def is_painted(place: str, what: Thing | None, to: Thing, *, flies: bool = False) -> bool:
    """Whether ``what`` is painted at this place of ``to``. ``flies``: it is in the air."""
    is_scene = what is not None and what.is_scene
    if to.name == "vase":
        return place in (IN, ON) and what is not None and what.name in _IN_A_VASE
    if place == OVER or (place == ON and flies):
        return is_scene or to.is_scene or flies or (what is not None and what.kind == "flying")
    if place == BEHIND:
        return what is not None and what.kind in _FAR
    if place == UNDER:
        return to.kind in ("sky", "hour")
    if place in (ON, IN, FRONT):
        return to.is_scene and (is_scene or to.name not in _UNREACHABLE)
    return False
