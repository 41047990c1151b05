"""From prompt tags to a brief for the painter."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

Color = tuple[int, int, int]

# What can be painted: each concept with its everyday words. Plurals are found by rules.
CONCEPTS: Mapping[str, str] = {
    # time of day
    "dawn": "dawn sunrise morning daybreak",
    "day": "day daytime noon daylight midday",
    "sunset": "sunset afterglow",
    "dusk": "dusk evening twilight",
    "night": "night nighttime midnight nocturnal nightfall",
    # sky and weather
    "sky": "sky heaven",
    "sun": "sun sunny sunshine sunlight",
    "moon": "moon moonlight moonlit lunar crescent",
    "stars": "star starry starlight galaxy cosmos constellation space",
    "clouds": "cloud cloudy cloudscape",
    "rain": "rain rainy drizzle shower",
    "snow": "snow snowy snowfall snowflake",
    "storm": "storm stormy tempest thunderstorm",
    "lightning": "lightning thunder",
    "fog": "fog foggy mist misty haze hazy",
    "rainbow": "rainbow",
    "aurora": "aurora borealis",
    # water
    "sea": "sea ocean seascape coast coastline bay harbor harbour marine wave",
    "beach": "beach shore sand seaside",
    "lake": "lake pond lagoon reflection water",
    "river": "river stream creek brook canal",
    "waterfall": "waterfall cascade",
    "island": "island isle",
    "underwater": "underwater reef coral aquarium",
    # land
    "mountains": "mountain mountainous peak alps alpine summit cliff glacier",
    "volcano": "volcano",
    "hills": "hill hilly valley highland countryside landscape rolling",
    "desert": "desert dune sahara",
    "cactus": "cactus cacti",
    "rocks": "rock rocky stone boulder",
    "road": "road path street lane trail way",
    # plants
    "forest": "forest wood woodland jungle grove",
    "tree": "tree oak birch maple willow",
    "blossom": "blossom cherry sakura orchard",
    "pine": "pine fir spruce evergreen conifer",
    "palm": "palm tropical",
    "meadow": "meadow pasture prairie",
    "field": "field farm wheat farmland harvest crop",
    "flowers": "flower floral bouquet wildflower bloom poppy daisy tulip lavender",
    "rose": "rose",
    "sunflower": "sunflower",
    "garden": "garden park",
    "grass": "grass grassy lawn",
    # buildings
    "house": "house cottage home cabin hut farmhouse barn building architecture",
    "village": "village town hamlet",
    "city": "city cityscape skyline urban skyscraper downtown metropolis",
    "tower": "tower",
    "castle": "castle palace fortress",
    "church": "church chapel cathedral",
    "lighthouse": "lighthouse beacon",
    "windmill": "windmill mill",
    "bridge": "bridge viaduct aqueduct",
    # what moves
    "boat": "boat sail sailboat sailing yacht canoe",
    "ship": "ship galleon vessel frigate",
    "balloon": "balloon airship",
    "kite": "kite",
    # creatures
    "cat": "cat kitten kitty feline",
    "dog": "dog puppy hound canine",
    "horse": "horse pony stallion mare",
    "bird": "bird sparrow robin songbird raven crow seagull gull",
    "fish": "fish goldfish koi",
    "butterfly": "butterfly moth",
    # people
    "person": "portrait face person people human self child",
    "woman": "woman girl lady female",
    "man": "man boy gentleman male",
    # things on a table
    "vase": "vase pot pitcher still",
    "fruit": "fruit apple orange pear lemon",
    "book": "book novel library",
    "cup": "cup coffee tea mug",
    "candle": "candle candlelight",
    # season
    "spring": "spring springtime",
    "summer": "summer summertime",
    "autumn": "autumn fall autumnal",
    "winter": "winter wintry frost ice icy frozen",
    # mood
    "calm": "calm peaceful serene quiet tranquil",
    "dark": "dark gloomy moody mysterious shadow",
    "bright": "bright vivid vibrant colorful colourful cheerful",
    "dreamy": "dreamy soft pastel magical fantasy ethereal",
}

COLORS: Mapping[str, Color] = {
    "red": (196, 48, 44),
    "crimson": (164, 28, 52),
    "orange": (232, 128, 40),
    "golden": (226, 170, 56),
    "gold": (226, 170, 56),
    "yellow": (240, 206, 70),
    "green": (78, 150, 70),
    "turquoise": (52, 172, 168),
    "teal": (36, 124, 128),
    "blue": (58, 104, 190),
    "indigo": (66, 62, 150),
    "purple": (124, 74, 162),
    "violet": (140, 90, 180),
    "pink": (232, 138, 166),
    "brown": (126, 84, 54),
    "white": (240, 238, 232),
    "silver": (188, 196, 206),
    "grey": (132, 134, 138),
    "gray": (132, 134, 138),
    "black": (42, 40, 46),
}

# In a tag with one of these ("red boat"), a colour word colours that thing, not the picture.
PAINTABLE = frozenset(
    {
        *("house", "castle", "windmill", "lighthouse", "tower"),
        *("boat", "ship", "balloon", "kite"),
        *("cat", "dog", "horse", "bird", "fish", "butterfly", "person", "woman", "man"),
        *("vase", "fruit", "book", "cup", "candle", "flowers", "rose", "tree", "blossom"),
    }
)

_CONCEPT_OF = {word: name for name, words in CONCEPTS.items() for word in (name, *words.split())}
# Both a fruit and a colour; together with a thing it is the colour.
_COLOR_FIRST = "orange"

KNOWN_WORDS: frozenset[str] = frozenset(_CONCEPT_OF) | frozenset(COLORS)

_WORD = re.compile(r"[^\W\d_]+")
_IRREGULAR = {"women": "woman", "men": "man", "children": "child"}


@dataclass(frozen=True)
class Brief:
    """A prompt, parsed for the painter.

    ``concepts`` are keys of CONCEPTS in the order of the prompt; ``plural`` are those in the
    plural; ``tints`` are colours for the whole picture; ``colors`` are colours for one thing.
    """

    concepts: tuple[str, ...]
    plural: frozenset[str] = frozenset()
    tints: tuple[Color, ...] = ()
    colors: Mapping[str, Color] = field(default_factory=dict)
    key: str = ""

    def has(self, *names: str) -> bool:
        return any(name in self.concepts for name in names)

    def first(self, *names: str) -> str | None:
        """The first of ``names`` in the order of the prompt."""
        return next((concept for concept in self.concepts if concept in names), None)

    def stream(self, purpose: str) -> np.random.Generator:
        """A separate random stream for each purpose, so that another cloud does not move a tree."""
        digest = hashlib.sha256(f"{self.key}\x1e{purpose}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def read_prompt(prompt: Sequence[str], seed: int) -> Brief:
    """Parse tags such as "night sky", "Snowy Mountains" or "red boat".

    Unknown words are not painted, but they change every random stream.
    """
    tags = [" ".join(tag.lower().split()) for tag in prompt]
    concepts: dict[str, None] = {}
    plural: set[str] = set()
    tints: list[Color] = []
    colors: dict[str, Color] = {}
    for tag in tags:
        named, tag_colors = _read_tag(tag, plural)
        concepts.update(dict.fromkeys(named))
        things = [name for name in named if name in PAINTABLE]
        if tag_colors and things:
            colors.update(dict.fromkeys(things, tag_colors[0]))
        else:
            tints += tag_colors
    key = "\x1f".join((*tags, str(seed)))
    return Brief(tuple(concepts), frozenset(plural), tuple(tints), colors, key)


def _read_tag(tag: str, plural: set[str]) -> tuple[list[str], list[Color]]:
    named: list[str] = []
    colors: list[Color] = []
    words = _WORD.findall(tag)
    for word in words:
        if word in COLORS and not (word == _COLOR_FIRST and len(words) == 1):
            colors.append(COLORS[word])
            continue
        for form in _forms(word):
            if form in _CONCEPT_OF:
                named.append(_CONCEPT_OF[form])
                # "mountains" is the name of its own concept, and still a plural.
                if form != word or (word.removesuffix("s") in _CONCEPT_OF and word[-1] == "s"):
                    plural.add(_CONCEPT_OF[form])
                break
    return named, colors


def _forms(word: str) -> list[str]:
    """The word itself and what its singular may be."""
    forms = [word]
    if word in _IRREGULAR:
        forms.append(_IRREGULAR[word])
    if word.endswith("ies"):
        forms.append(word[:-3] + "y")
    if word.endswith("es"):
        forms.append(word[:-2])
    if word.endswith("s"):
        forms.append(word[:-1])
    return forms
