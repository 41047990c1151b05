"""What can be painted, and what it is called: ``vocabulary.txt``, read once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCENE_KINDS: Final = ("hour", "sky", "water", "land", "season", "mood", "room")


@dataclass(frozen=True)
class Thing:
    """Something that can be painted.

    ``kind`` is a section of the vocabulary; ``height`` is in metres, 0 for a part of the scene;
    ``drawing`` is the character whose outlines are used, or "" if the painter draws it itself.
    """

    name: str
    kind: str
    height: float
    drawing: str
    english: tuple[str, ...]
    korean: tuple[str, ...]

    @property
    def is_scene(self) -> bool:
        return self.kind in SCENE_KINDS


def listed(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


def _read(text: str) -> dict[str, Thing]:
    things: dict[str, Thing] = {}
    kind = ""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            kind = line.strip("[]")
            continue
        drawn, korean = line.split("|")
        scene = drawn.startswith("-")
        height, drawing, names = ("0", *drawn.split(None, 1)) if scene else drawn.split(None, 2)
        english = tuple(name.strip() for name in names.split(","))
        thing = Thing(
            name=english[0],
            kind=kind,
            height=float(height),
            drawing="" if drawing in "-*" else drawing,
            english=english,
            korean=tuple(name.strip() for name in korean.split(",")),
        )
        things[thing.name] = thing
    return things


THINGS: Final = _read((Path(__file__).parent / "vocabulary.txt").read_text("utf-8"))
