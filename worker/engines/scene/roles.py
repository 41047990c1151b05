"""The roles of a prompt's concepts in a picture: ground, subject, weather …"""

from worker.engines.scene.words import Brief

STILL_LIFE = ("vase", "fruit", "book", "cup", "candle")
CREATURES = ("cat", "dog", "horse", "bird", "butterfly")
PEOPLE = ("person", "woman", "man")
BUILDINGS = ("castle", "lighthouse", "windmill", "church", "tower", "house")
FLYING = ("balloon", "kite")
WATERS = ("sea", "beach", "lake", "island", "waterfall", "bridge", "boat", "ship", "lighthouse")
# Places: what is under or behind the subject.
GROUNDS = (
    *(*WATERS, "river", "mountains", "volcano", "hills", "desert", "cactus", "rocks", "road"),
    *("forest", "tree", "blossom", "pine", "palm", "meadow", "field", "garden", "grass"),
    *("flowers", "rose", "sunflower", "village", "city", "snow", *BUILDINGS),
)
# With one of these, a still life stands before a landscape. Flowers do not count: they go in the
# vase.
OUTDOORS = (
    *(name for name in GROUNDS if name not in ("flowers", "rose", "sunflower", "lighthouse")),
    *("lighthouse", "sky", "clouds", "rainbow", "aurora", "stars", "moon", "sun", *FLYING),
)


def at_sea(brief: Brief) -> bool:
    return brief.has("sea", "beach", "island", "ship", "lighthouse")


def has_water(brief: Brief) -> bool:
    """Whether a sheet of water lies between the viewer and the far plane."""
    if brief.has("river", "desert"):
        return False
    # A city is at its best across the water.
    across = brief.has("city") and not brief.has("road", "garden", "meadow", "field", *CREATURES)
    return brief.has(*WATERS) or across
