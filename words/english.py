"""English: forms of a word, numbers, and the small words of a sentence."""

from collections.abc import Iterator
from typing import Final

from words.places import PREPOSITIONS
from words.vocabulary import listed

NUMBERS: Final[dict[str, int]] = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "single": 1,
    "couple": 2,
    "pair": 2,
    "both": 2,
    "few": 3,
    "several": 4,
    "many": 7,
}
# More than can be painted: nine are, and the word is named.
LARGE_NUMBERS: Final = listed(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty"
    " forty fifty hundred thousand million dozen dozens hundreds thousands"
)
SIZES: Final[dict[str, float]] = {
    **dict.fromkeys(("big", "large", "tall", "great"), 1.3),
    **dict.fromkeys(("huge", "giant", "enormous", "gigantic"), 1.6),
    **dict.fromkeys(("small", "little", "short"), 0.72),
    **dict.fromkeys(("tiny", "mini", "miniature"), 0.5),
}
IN_THE_AIR: Final = frozenset({"flying", "floating", "soaring"})

NEGATIONS: Final = listed(
    "no not without zero never neither excluding except minus exclude avoid don't dont"
    " isn't aren't doesn't ain't"
)
# A negation ends here: "no cars on the road", "without people but with birds".
NEGATION_ENDS: Final = listed("with but at beside near by only just instead yet from during") | {
    *PREPOSITIONS
} - {"like"}
ARTICLES: Final = frozenset({"a", "an", "the", "some", "one", "its", "his", "her", "their", "my"})
JOINS: Final = frozenset({"and", "or", "nor", "&", "plus"})
FUNCTION_WORDS: Final = (
    NEGATION_ENDS
    | ARTICLES
    | JOINS
    | listed(
        "of to for is are was were be being it this that these those there here as while"
        " who which where when next full"
        " lot lots very all any other another more so than then our your i we you he she they"
        " me us him them has have having show me please draw paint picture image painting of view"
        " scene scenery photo style color colour colored coloured kind type set group piece"
        " pieces bunch out off s one's let can could would want like"
    )
)
# "Two cups of tea" are two teas: these are drawn in what holds them. Of others ("a basket of
# apples") both are drawn.
MEASURES: Final = listed("cup glass mug bowl plate bottle pot jar slice")
HELD: Final = listed(
    "tea coffee wine cocktail beer champagne soda juice milk honey stew salad popcorn rice noodles"
    " spaghetti cake pizza bread pie watermelon cheese lemon orange"
)
# With a colour before it, one of these colours the picture: "golden light", "blue background".
LIGHT_WORDS: Final = listed(
    "light lights glow tone tones hue hues background backdrop atmosphere colors colours palette"
    " shade shades lighting"
)

IRREGULAR: Final[dict[str, str]] = {
    "women": "woman",
    "men": "man",
    "children": "child",
    "people": "person",
    "persons": "person",
    "mice": "mouse",
    "geese": "goose",
    "teeth": "tooth",
    "oxen": "ox",
    "wolves": "wolf",
    "leaves": "leaf",
    "loaves": "loaf",
    "sheaves": "sheaf",
    "knives": "knife",
    "wives": "wife",
    "elves": "elf",
    "calves": "calf",
    "cacti": "cactus",
    "fungi": "fungus",
    "octopi": "octopus",
    "hippopotami": "hippopotamus",
    "policemen": "policeman",
    "policewomen": "policewoman",
    "firemen": "fireman",
    "fishermen": "fisherman",
    "snowmen": "snowman",
    "gentlemen": "gentleman",
    "mermen": "merman",
    "supermen": "superman",
    "spacemen": "spaceman",
    "kitties": "kitty",
    "dice": "die",
    "pajamas": "pyjamas",
}


def singulars(word: str) -> Iterator[str]:
    """What the singular of ``word`` may be, if it is a plural; the likeliest first."""
    if word in IRREGULAR:
        yield IRREGULAR[word]
    if len(word) < 3 or not word.endswith("s") or word.endswith("ss"):
        return
    yield word[:-1]
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif word.endswith("ves"):
        yield word[:-3] + "f"
    if word.endswith("es"):
        yield word[:-2]
        if word.endswith("zzes"):
            yield word[:-3]


def without_ending(word: str) -> str | None:
    """``cloud`` for ``cloudless``."""
    return word[:-4] if word.endswith("less") and len(word) > 6 else None
