"""The things of a picture, each in its place: in the sky, on the water, the ground, a table."""

from collections.abc import Sequence

from words import THINGS, Subject
from worker.engines.scene import still_life
from worker.engines.scene.middle import afloat, headland
from worker.engines.scene.packing import Item, Place, pack
from worker.engines.scene.roles import FAR, PORTRAITS, STANDING, at_sea
from worker.engines.scene.sprites import proportion_of, sprite_of
from worker.engines.scene.stage import Stage, glow

# A mouse beside a house is to be seen, so small things are larger than they are.
COMPRESSION = 0.32
# Animals that are in the water if there is any.
SWIMMERS = ("duck", "swan", "goose", "otter", "beaver", "seal", "crocodile")
# What shines by itself: the colour, and how far up the thing it is.
SHINING = {
    "fire": ((255, 170, 70), 0.4),
    "lantern": ((255, 120, 70), 0.5),
    "candle": ((255, 200, 110), 0.85),
    "lamp": ((255, 222, 150), 0.7),
    "oil lamp": ((255, 200, 110), 0.8),
    "light bulb": ((255, 230, 150), 0.6),
    "jack o lantern": ((255, 170, 60), 0.5),
    "fireworks": ((255, 170, 210), 0.5),
}


def height_of(subject: Subject) -> float:
    """How tall a thing is in a picture, beside other things. What is long is not so tall."""
    height: float = THINGS[subject.name].height ** COMPRESSION
    slender: float = max(1.0, proportion_of(subject.name)) ** 0.5
    return height / slender * subject.scale


def each_of(subjects: Sequence[Subject]) -> list[tuple[Subject, int]]:
    """Every single thing, with its number among its kind."""
    return [(subject, i) for subject in subjects for i in range(subject.count)]


def _kind(subject: Subject) -> str:
    return "flying" if subject.in_the_air else THINGS[subject.name].kind


def _of_kinds(stage: Stage, *kinds: str) -> list[Subject]:
    return [subject for subject in stage.brief.subjects if _kind(subject) in kinds]


def put_far(stage: Stage, side: float) -> None:
    """Buildings and trees on the other side of a lake, before the water mirrors them."""
    subjects = _of_kinds(stage, *FAR)
    if not at_sea(stage.brief):
        foot = stage.horizon + 3.0
        hidden = _of_kinds(stage, *PORTRAITS)
        edges = _half(-side) if hidden else (0.03, 0.97)
        _stand(stage, subjects, back=foot, front=foot, share=0.37, edges=edges, haze=0.1)


def put_subjects(stage: Stage, side: float, *, wet: bool) -> None:
    """Everything else outdoors; the main thing at ``side`` (-1 left, 1 right)."""
    portraits = _of_kinds(stage, *PORTRAITS)
    # What is in front has one half of the picture, so that it does not hide what is behind.
    whole, half, rest = (0.03, 0.97), _half(side), _half(-side)
    flying = _of_kinds(stage, "flying")
    _put_flying(stage, flying, rest if portraits else whole)
    ground = [kind for kind in STANDING if at_sea(stage.brief) or not wet or kind not in FAR]
    standing = _of_kinds(stage, *ground, *(() if wet else ("fish", "afloat")))
    if wet and stage.brief.has("lighthouse"):
        standing = [subject for subject in standing if subject.name != "lighthouse"]
        headland(stage, side)
    swimming = [s for s in standing if wet and s.name in SWIMMERS and not s.in_the_air]
    standing = [subject for subject in standing if subject not in swimming]
    floating = [*_of_kinds(stage, "afloat", "fish"), *swimming] if wet else []
    _put_afloat(stage, floating, rest if portraits or standing else whole)
    _stand(
        stage,
        standing,
        back=stage.row(0.84 if wet else 0.3),
        front=stage.row(0.95 if wet else 0.93),
        edges=rest if portraits else half if floating else whole,
        share=0.2 if portraits and floating else 0.4 if flying else 0.56,
        side=0 if floating or portraits else side,
    )
    others = standing or floating or flying or _of_kinds(stage, *FAR)
    put_portraits(stage, portraits, side, shared=bool(others))


def _half(side: float) -> tuple[float, float]:
    return (0.52, 0.98) if side > 0 else (0.02, 0.48)


def _stand(
    stage: Stage,
    subjects: Sequence[Subject],
    *,
    back: float,
    front: float,
    share: float,
    edges: tuple[float, float] = (0.03, 0.97),
    side: float = 0.0,
    haze: float = 0.0,
    outdoors: bool = True,
) -> None:
    """Stand ``subjects`` on the ground, with their shadows."""
    things = each_of(subjects)
    if not things:
        return
    heights = [height_of(subject) for subject, _ in things]
    items = [
        Item(height, proportion_of(subject.name))
        for height, (subject, _) in zip(heights, things, strict=True)
    ]
    largest = max(heights)
    # Out of doors, a mouse by itself is smaller than a house by itself.
    tallest = (min(share, 0.34 + 0.11 * largest) if outdoors else share) * stage.unit
    rng = stage.brief.stream("places " + " ".join(subject.name for subject in subjects))
    if len(things) == 1:
        edges = (edges[0] + max(0, side) * 0.22, edges[1] + min(0, side) * 0.22)
    # Small things come nearer, large ones stay away.
    alone = front - (front - back) * min(0.85, 0.34 * largest)
    places = pack(
        items,
        left=edges[0] * stage.width,
        right=edges[1] * stage.width,
        back=back,
        front=front,
        alone=alone,
        tallest=min(tallest, 0.94 * back),
        rng=rng,
    )
    for place in places:
        subject, index = things[place.index]
        wide = place.height * items[place.index].proportion
        if not haze:
            still_life.shadow(stage, place.x, place.foot - 0.02 * place.height, 0.52 * wide)
        flip = _flips(subject, index, side)
        sprite = sprite_of(stage, subject, place.height, index)
        stage.place(sprite, place.x, place.foot, flip=flip, haze=haze, volume=0.22, fill=0.3)
        _shine(stage, subject, place)


def _flips(subject: Subject, index: int, side: float) -> bool:
    """Whether a thing looks the other way; what has a front for reading never does."""
    turns = THINGS[subject.name].kind in ("animal", "head", "afloat", "fish", "tree", "flying")
    return turns and ((side > 0) != (index % 3 == 1))


def _shine(stage: Stage, subject: Subject, place: Place) -> None:
    if subject.name in SHINING:
        color, up = SHINING[subject.name]
        strength = 0.75 if stage.light.dark else 0.4
        glow(stage, place.x, place.foot - up * place.height, 1.1 * place.height, color, strength)


def _put_flying(stage: Stage, subjects: Sequence[Subject], edges: tuple[float, float]) -> None:
    things = each_of(subjects)
    items = [Item(height_of(s), proportion_of(s.name)) for s, _ in things]
    grounded = stage.brief.has_kind(*STANDING, *PORTRAITS)
    lowest = stage.horizon * (0.62 if grounded else 0.86)
    share = 0.24 if grounded else 0.36
    rng = stage.brief.stream("flying")
    high = min(share * stage.unit, 0.9 * lowest)
    places = pack(
        items,
        left=edges[0] * stage.width,
        right=edges[1] * stage.width,
        back=min(lowest, 0.36 * stage.horizon + 0.2 * high),
        front=lowest,
        tallest=high if len(items) == 1 else min(high, 0.55 * lowest),
        rng=rng,
    )
    for place in places:
        subject, index = things[place.index]
        foot = max(
            place.height + 0.03 * stage.height, place.foot + float(rng.normal(0, 0.02)) * stage.unit
        )
        sprite = sprite_of(stage, subject, place.height, index)
        flip = _flips(subject, index, 1 if place.x > stage.width / 2 else -1)
        stage.place(sprite, place.x, foot, flip=flip, volume=0.2, fill=0.45)
        _shine(stage, subject, place)


def _put_afloat(stage: Stage, subjects: Sequence[Subject], edges: tuple[float, float]) -> None:
    things = each_of(subjects)
    if not things:
        return
    items = [Item(height_of(s), proportion_of(s.name)) for s, _ in things]
    others = (s for s in stage.brief.subjects if s not in subjects and _kind(s) != "flying")
    shared = any(others) or stage.brief.has("island", "bridge")
    back = stage.row(0.1 if len(things) > 1 else 0.3)
    largest = max(item.height for item in items)
    places = pack(
        items,
        left=edges[0] * stage.width,
        right=edges[1] * stage.width,
        back=back,
        front=stage.row(0.56 if shared or not at_sea(stage.brief) else 0.8),
        tallest=min((0.3 if shared else 0.5), 0.2 + 0.12 * largest) * stage.unit,
        rng=stage.brief.stream("afloat"),
    )
    for place in places:
        subject, index = things[place.index]
        sprite = sprite_of(stage, subject, place.height, index)
        flip = _flips(subject, index, 1 if place.x > stage.width / 2 else -1)
        afloat(stage, sprite, place.x, place.foot, flip=flip)


def put_portraits(
    stage: Stage, subjects: Sequence[Subject], side: float, *, shared: bool, foot: float = 0.0
) -> None:
    """Heads and shoulders at the lower edge, or at row ``foot``: a portrait, or a group."""
    things = each_of(subjects)
    if not things:
        return
    foot = foot or stage.height + 2.0
    left, right = (0.02, 0.98)
    if shared:
        left, right = (0.46, 1.0) if side > 0 else (0.0, 0.54)
    room = (right - left) * stage.width
    tallest = max(height_of(subject) for subject, _ in things)
    behind = len(things) // 2 if len(things) > 4 else 0
    rows = [things[:behind], things[behind:]]
    for back, row in ((True, rows[0]), (False, rows[1])):
        if not row:
            continue
        wide = max(proportion_of(subject.name) for subject, _ in row)
        high = min(0.84 * stage.unit, 0.8 * foot, 1.0 * room / len(rows[1]) / wide)
        base = foot - (0.62 * high if back else 0)
        step = room / len(rows[1])
        start = left * stage.width + (room - step * (len(row) - 1)) / 2
        for i, (subject, index) in enumerate(row):
            size = high * height_of(subject) / tallest
            sprite = sprite_of(stage, subject, size, index)
            x = start + i * step + (side * 0.05 * stage.width if len(things) == 1 else 0)
            flip = not stage.lit_from_left and THINGS[subject.name].kind == "face"
            stage.place(sprite, x, base, flip=flip, volume=0.2, fill=0.6)


def put_underwater(stage: Stage) -> None:
    """Fish and all else under water, from the surface to the sand."""
    things = each_of(stage.brief.subjects)
    items = [Item(height_of(s), proportion_of(s.name)) for s, _ in things]
    places = pack(
        items,
        left=0.04 * stage.width,
        right=0.96 * stage.width,
        back=0.44 * stage.height,
        front=0.88 * stage.height,
        tallest=0.4 * stage.unit,
        rng=stage.brief.stream("fish"),
    )
    for place in places:
        subject, index = things[place.index]
        sprite = sprite_of(stage, subject, place.height, index)
        flip = _flips(subject, index, 1 if place.x > stage.width / 2 else -1)
        stage.place(sprite, place.x, place.foot, flip=flip, volume=0.2, fill=0.3)


def put_on_table(stage: Stage, side: float, back: float, front: float, *, share: float) -> None:
    """A still life between the pixel rows ``back`` and ``front``."""
    things = _of_kinds(stage, "table", "fish")
    _stand(stage, things, back=back, front=front, share=share, side=side * 0.3, outdoors=False)


def put_on_floor(stage: Stage, side: float) -> None:
    """Everything that stands in a room, beside those whose portrait is painted there."""
    _stand(
        stage,
        _of_kinds(stage, "table", "fish", *STANDING),
        edges=_half(-side) if _of_kinds(stage, *PORTRAITS) else (0.03, 0.97),
        back=stage.row(0.3),
        front=stage.row(0.86),
        share=0.62,
        side=side * 0.3,
        outdoors=False,
    )
