"""Who may refuse a picture before it leaves the engine."""

from typing import Protocol

from PIL import Image


class SafetyCheck(Protocol):
    """Looks at each finished picture, before anybody else does. ``name`` is kept with it."""

    name: str

    def objection(self, picture: Image.Image) -> str | None:
        """Why the picture may not be stored, as a sentence for the buyer; None if it may."""
        ...


class AllowAll:
    """The default. It looks at nothing and allows everything: it is no protection at all."""

    name = "none"

    def objection(self, picture: Image.Image) -> str | None:
        return None
