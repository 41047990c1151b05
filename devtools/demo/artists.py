"""The demo artists: who they are, what they charge and what they have painted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from devtools.demo import impasto, landscapes, linocut, papercut, subjects, watercolour
from devtools.demo.canvas import Points, Rng, Size
from devtools.demo.elements import Layer
from devtools.demo.handwriting import Handwriting

Hand = Callable[[list[Layer], Size, Rng], Image.Image]
Composer = Callable[[Rng, float], list[Layer]]


@dataclass(frozen=True)
class Work:
    """One picture. ``paint`` draws it anew, the same pixels each time."""

    title: str
    tags: tuple[str, ...]
    paint: Callable[[], Image.Image]


@dataclass(frozen=True)
class DemoArtist:
    """An artist with one style; ``price`` is in tokens for one generated picture."""

    username: str
    artist_name: str
    bio: str
    style_name: str
    style_description: str
    price: int
    tags: tuple[str, ...]
    works: tuple[Work, ...]
    sample_prompts: tuple[tuple[str, ...], ...]
    handwriting: Handwriting


def _paint(hand: Hand, compose: Composer, size: Size, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    width = size[0] / size[1]
    scene = compose(rng, width)
    if seed % 2:
        scene = [
            Layer(part.role, tuple(_mirrored(outline, width) for outline in part.outlines))
            for part in scene
        ]
    return hand(scene, size, rng)


def _mirrored(outline: Points, width: float) -> Points:
    return np.stack([width - outline[:, 0], outline[:, 1]], axis=1)


def _works(
    hand: Hand, size: Size, first_seed: int, *painted: tuple[str, str, Composer]
) -> tuple[Work, ...]:
    return tuple(
        Work(title, tuple(tags.split(", ")), partial(_paint, hand, compose, size, first_seed + n))
        for n, (title, tags, compose) in enumerate(painted)
    )


MIRA = DemoArtist(
    username="mira",
    artist_name="Mira Halden",
    bio="I paint outdoors with too much water and let the paper decide the rest.",
    style_name="Wet Paper",
    style_description=(
        "Loose watercolour on rough paper: pale washes that bleed into each other, dark edges"
        " where they dried, drops of clean water in the sky."
    ),
    price=10,
    tags=("watercolour", "pastel", "landscape", "soft"),
    works=_works(
        watercolour.paint, (704, 608), 1100,
        ("The Oak at Noon", "tree, hills, sun", landscapes.lone_tree),
        ("Cold Lake", "mountain, lake, pine", landscapes.mountain_lake),
        ("Red Sail", "boat, sea, sun", landscapes.sailing),
        ("Keeper's Rock", "lighthouse, sea, boat", landscapes.lighthouse),
        ("Robin, Early", "bird, branch, spring, leaf", subjects.perched_bird),
        ("Asters in Blue", "flower, vase, still life", subjects.bouquet),
        ("The Great Aster", "flower, garden", subjects.great_bloom),
        ("Market Town", "village, house, church", landscapes.village),
        ("Going South", "bird, sky, field, autumn", landscapes.geese),
        ("Ida, Listening", "portrait, woman", subjects.portrait),
        ("Three Arches", "bridge, river, boat", landscapes.bridge),
        ("Reeds", "moon, lake, night", landscapes.moonrise),
    ),
    sample_prompts=(("boat", "sea"), ("mountain", "lake"), ("flower",), ("house", "tree")),
    handwriting=Handwriting(0.22, 1.15, 0.9, 0.17, ((0.1, 1.1), (0.6, 0.75), (1.12, 0.55))),
)  # fmt: skip

JUN = DemoArtist(
    username="jun",
    artist_name="Jun Okafor",
    bio="Printmaker. One block of lino, two colours, and whatever the gouge leaves standing.",
    style_name="Black Block",
    style_description=(
        "Bold linocut: black ink, carved white lines, flat vermilion with ochre or verdigris"
        " a little out of register."
    ),
    price=15,
    tags=("linocut", "ink", "bold", "print"),
    works=_works(
        linocut.print_block, (640, 640), 2101,
        ("Taiga", "pine, forest, mountain, sun", landscapes.pines),
        ("The Landlord", "cat, window, moon", subjects.cat),
        ("Carp", "fish, water", subjects.fish),
        ("Song", "bird, branch, sun", subjects.perched_bird),
        ("My Sister", "portrait, woman", subjects.portrait),
        ("Low Moon", "moon, lake, night", landscapes.moonrise),
        ("Saturday", "village, house, church, hills", landscapes.village),
        ("Wind from the Left", "tree, hills, sun", landscapes.lone_tree),
        ("The Miller", "windmill, field, sky", landscapes.windmill),
        ("Signal", "lighthouse, sea, storm", landscapes.lighthouse),
        ("Sun with Leaves", "flower, garden", subjects.great_bloom),
        ("Regatta", "boat, sea, sun", landscapes.sailing),
    ),
    sample_prompts=(("cat", "moon"), ("fish", "water"), ("forest", "mountain"), ("bird",)),
    handwriting=Handwriting(0.05, 0.95, 0.15, 0.24, ((0.45, 0.8), (0.8, 0.7), (1.1, 0.8))),
)  # fmt: skip

SOL = DemoArtist(
    username="sol",
    artist_name="Sol Ibarra",
    bio="Oil, straight from the tube. If it is dry by Friday there was not enough of it.",
    style_name="Loud Summer",
    style_description=(
        "Thick oil in short strokes that follow the light: saturated colours set against their"
        " opposites, ridges of paint you could climb."
    ),
    price=25,
    tags=("oil", "impasto", "colourful", "expressive"),
    works=_works(
        impasto.paint, (672, 640), 3100,
        ("Sunflower, Standing", "flower, sunflower, garden", subjects.great_bloom),
        ("Mill above the Wheat", "windmill, field, sky", landscapes.windmill),
        ("Noon Bells", "village, house, church", landscapes.village),
        ("Two Pears Too Many", "fruit, bowl, still life", subjects.fruit_bowl),
        ("For the Table", "flower, vase, still life", subjects.bouquet),
        ("Aunt Rosario", "portrait, woman", subjects.portrait),
        ("August Moon", "moon, sea, night, stars", landscapes.moonrise),
        ("Leaving Harbour", "boat, sea, sun", landscapes.sailing),
        ("Lemon Tree", "tree, field, sun", landscapes.lone_tree),
        ("The Old Crossing", "bridge, river, boat", landscapes.bridge),
        ("Before the Rain", "bird, sky, field", landscapes.geese),
        ("White Peak", "mountain, lake, pine", landscapes.mountain_lake),
    ),
    sample_prompts=(("sunflower", "field"), ("village", "sun"), ("moon", "sea"), ("fruit",)),
    handwriting=Handwriting(0.4, 1.5, 0.7, 0.2, ((1.2, 0.5), (0.3, 1.0), (0.2, 1.35), (1.0, 1.1))),
)  # fmt: skip

YUNA = DemoArtist(
    username="yuna",
    artist_name="Yuna Seo",
    bio="Scissors, paste and forty drawers of printed paper, mostly after dark.",
    style_name="Paper Night",
    style_description=(
        "Cut and torn paper in deep teal, plum and gold: printed dots and waves, white torn"
        " edges, a soft shadow under every sheet."
    ),
    price=20,
    tags=("collage", "paper", "night", "pattern"),
    works=_works(
        papercut.assemble, (608, 672), 4100,
        ("Waiting Up", "cat, window, moon, night", subjects.cat),
        ("Three Carp", "fish, water", subjects.fish),
        ("Pine Wood", "pine, forest, mountain", landscapes.pines),
        ("Tide Table", "moon, sea, night, stars", landscapes.moonrise),
        ("Kitchen, Late", "fruit, bowl, still life", subjects.fruit_bowl),
        ("Dawn Chorus", "bird, branch, leaf", subjects.perched_bird),
        ("The Lamp", "lighthouse, sea, boat", landscapes.lighthouse),
        ("Snow Line", "mountain, lake, snow", landscapes.mountain_lake),
        ("Under the Arch", "bridge, river, boat", landscapes.bridge),
        ("Dahlia", "flower, garden", subjects.great_bloom),
        ("Self, Eyes Closed", "portrait, woman", subjects.portrait),
        ("Night Bouquet", "flower, vase, still life", subjects.bouquet),
    ),
    sample_prompts=(("moon", "sea"), ("cat", "night"), ("forest", "mountain"), ("flower",)),
    handwriting=Handwriting(-0.05, 1.0, 1.0, 0.13, ((0.45, 0.8), (0.8, 0.6), (1.15, 0.75))),
)  # fmt: skip

DEMO_ARTISTS: tuple[DemoArtist, ...] = (MIRA, JUN, SOL, YUNA)
