"""The roles of a prompt's words in a picture: ground, subject, weather …"""

from words import THINGS
from worker.engines.scene.brief import Brief

WATERS = ("sea", "beach", "lake", "island", "waterfall", "bridge")
AT_SEA = ("sea", "beach", "island", "ship", "lighthouse", "cruise ship", "whale", "surfer")
# Places: what is under or behind the subject.
GROUNDS = (
    *(*WATERS, "river", "mountains", "volcano", "hills", "desert", "rocks", "road", "forest"),
    *("meadow", "field", "garden", "grass", "flowers", "roses", "sunflowers", "village", "city"),
    "snow",
)
FLOWERS = ("flowers", "roses", "sunflowers")
# Kinds of things. What stands on the ground; what belongs in a room.
STANDING = ("animal", "head", "building", "tree", "figure", "vehicle", "outdoors", "furniture")
PORTRAITS = ("face", "bust")
INDOORS = ("table", "furniture")
FAR = ("building", "tree")
ALIVE = ("animal", "head", "figure", *PORTRAITS)


def at_sea(brief: Brief) -> bool:
    return brief.has(*AT_SEA) or (brief.has_kind("afloat") and not brief.has("lake", "river"))


def has_water(brief: Brief) -> bool:
    """Whether a sheet of water lies between the viewer and the far plane."""
    if brief.has("desert"):
        return False
    if brief.has_kind("afloat") or brief.has("lighthouse", *WATERS):
        return True
    # A city is at its best across the water.
    busy = brief.has("road", "garden", "meadow", "field", "river") or brief.has_kind(*STANDING)
    return brief.has("city") and not busy


def is_outdoors(brief: Brief) -> bool:
    """Whether the prompt names anything that there is only under the sky."""
    flowers = FLOWERS if brief.has_kind("table") else ()
    places = any(
        THINGS[part].kind in ("sky", "water", "land") and part not in flowers
        for part in brief.scene
    )
    return places or brief.has_kind("building", "tree", "vehicle", "outdoors", "flying", "afloat")
