"""What the painter is asked for: a prompt as it was understood, and its streams of chance."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from words import THINGS, Color, Subject, understand

__all__ = ["Brief", "Color", "read_prompt"]


@dataclass(frozen=True)
class Brief:
    """A prompt for the painter.

    ``scene`` are parts of the scene in the order of the prompt, ``subjects`` the things in it.
    ``tints`` are colours for the whole picture, ``colors`` those of parts of it; ``without`` are
    things that must not be seen, not even as a part of the landscape.
    """

    scene: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    tints: tuple[Color, ...] = ()
    colors: dict[str, Color] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    key: str = ""

    def has(self, *names: str) -> bool:
        """Whether the scene, or a subject, is one of ``names``."""
        return any(name in self.scene for name in names) or any(
            subject.name in names for subject in self.subjects
        )

    def has_kind(self, *kinds: str) -> bool:
        """Whether a subject is of one of ``kinds`` of the vocabulary."""
        return any(THINGS[subject.name].kind in kinds for subject in self.subjects)

    def first(self, *names: str) -> str | None:
        """The first of ``names`` in the order of the prompt."""
        return next((part for part in self.scene if part in names), None)

    def lacks(self, *names: str) -> bool:
        """Whether the prompt says that there is none of one of ``names``."""
        return not self.without.isdisjoint(names)

    def stream(self, purpose: str) -> np.random.Generator:
        """A separate random stream for each purpose, so that another cloud does not move a tree."""
        digest = hashlib.sha256(f"{self.key}\x1e{purpose}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def read_prompt(prompt: Sequence[str], seed: int) -> Brief:
    """Understand tags such as "night sky", "two red boats" or "빨간 집".

    Unknown words are not painted, but they change every random stream.
    """
    understood = understand(prompt)
    tags = (" ".join(unicodedata.normalize("NFC", tag).casefold().split()) for tag in prompt)
    return Brief(
        scene=understood.scene,
        subjects=understood.subjects,
        tints=understood.tints,
        colors=understood.scene_colors,
        without=understood.without,
        key="\x1f".join((*tags, str(seed))),
    )
