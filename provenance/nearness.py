"""How near a made picture is to the works that its style was learned from.

Two measures, because each notices what the other does not: fingerprints, a work that is painted
over with its shapes in place; features, a work that is mirrored, cut or enlarged. Neither notices
that an idea was told again in other shapes, and nothing here says that they do.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from provenance.features import NUMBERS, features
from provenance.fingerprints import BITS, BYTES, is_plain, pdq, pdq_of_all_turns

Floats = NDArray[np.float32]

# A picture is a copy of a work from here on (docs/rights.md says how these were measured): at most
# so many bits of the fingerprints differ, or the features are more alike than that.
MOST_BITS = 70
MOST_LIKE = 0.73
# Works of one series may be more alike than that among themselves. Then so may pictures be, but
# only to here.
MOST_LIKE_IN_SERIES = 0.85
# Views of a work: position across and down (0 … 1), share of its sides, mirrored or not.
VIEWS = (
    (0.5, 0.5, 1.0, False),
    (0.5, 0.5, 1.0, True),
    (0.5, 0.5, 0.6, False),
    (0.0, 0.0, 0.7, False),
    (1.0, 0.0, 0.7, False),
    (0.0, 1.0, 0.7, False),
    (1.0, 1.0, 0.7, False),
)
FORMAT_VERSION = 1


class NotWorks(ValueError):
    """The bytes are not what ``Works.packed`` wrote."""


@dataclass(frozen=True)
class Nearness:
    """How near a picture is to ``work``, the nearest one, by its place in the list (from 0).

    ``bits`` differ in the fingerprints, of 256; ``likeness`` is that of the features, at most 1.
    Each is that of the work that is nearest by it. ``bound`` is how alike the style allows.
    """

    work: int
    bits: int
    likeness: float
    bound: float

    @property
    def is_copy(self) -> bool:
        return self.bits <= MOST_BITS or self.likeness > self.bound


@dataclass(frozen=True)
class Works:
    """What is kept of the works of a style: fingerprints, of shape (works, 8, 32), and features, of
    shape (works, 7, 1280)."""

    fingerprints: NDArray[np.uint8]
    features: Floats

    @property
    def bound(self) -> float:
        """How alike a picture may be to a work: as the two works are that are most alike, but
        within fixed limits."""
        whole = self.features[:, 0]
        likeness = whole @ whole.T - 2 * np.eye(len(whole))
        return min(max(MOST_LIKE, float(likeness.max())), MOST_LIKE_IN_SERIES)

    def packed(self) -> bytes:
        """The works in one file, 20 kB for each."""
        file = io.BytesIO()
        np.savez(
            file,
            version=np.array(FORMAT_VERSION),
            fingerprints=self.fingerprints,
            features=self.features.astype(np.float16),
        )
        return file.getvalue()

    @classmethod
    def read(cls, packed: bytes) -> Works:
        """Raises NotWorks."""
        try:
            with np.load(io.BytesIO(packed), allow_pickle=False) as file:
                version = int(file["version"])
                works = cls(file["fingerprints"], file["features"].astype(np.float32))
        except Exception as error:
            raise NotWorks(f"The file of works cannot be read: {error}") from error
        count = len(works.fingerprints)
        shapes = works.fingerprints.shape, works.features.shape
        if version != FORMAT_VERSION or shapes != (
            (count, 8, BYTES),
            (count, len(VIEWS), NUMBERS),
        ):
            raise NotWorks("The file of works is of another version.")
        return works


def remember(pictures: Iterable[Image.Image]) -> Works:
    """What is kept of ``pictures``, at least one, in their order. Raises FeaturesUnavailable."""
    fingerprints, seen = [], []
    for picture in pictures:
        turned = b"".join(pdq_of_all_turns(picture))
        fingerprints.append(np.frombuffer(turned, np.uint8))
        seen.append([features(_view(picture, *view)) for view in VIEWS])
    return Works(np.array(fingerprints).reshape(-1, 8, BYTES), np.array(seen, np.float32))


def nearest(picture: Image.Image, works: Works) -> Nearness:
    """The work that ``picture`` is nearest to. A plain one is near to none. Raises
    FeaturesUnavailable."""
    if is_plain(picture):
        return Nearness(0, BITS, 0.0, works.bound)
    own = np.frombuffer(pdq(picture), np.uint8)
    bits = np.bitwise_count(works.fingerprints ^ own).sum(2, dtype=int).min(1)
    likeness = (works.features @ features(picture)).max(1)
    # Which is nearest: the one that is nearer to what makes a copy, by either measure.
    work = int(np.argmax(np.maximum(likeness / works.bound, MOST_BITS / np.maximum(bits, 1))))
    return Nearness(work, int(bits.min()), float(likeness.max()), works.bound)


@dataclass(frozen=True)
class Report:
    """Of pictures made in a style: how near each is to its nearest work, and which is the nearest
    of all, by its place in the list. ``copies`` counts those that would not be delivered."""

    pictures: tuple[Nearness, ...]
    nearest_picture: int
    copies: int


def memorisation(pictures: Sequence[Image.Image], works: Works) -> Report:
    """Compare ``pictures``, at least one, made from a style's own tags, with its ``works``."""
    found = tuple(nearest(picture, works) for picture in pictures)
    closeness = [max(each.likeness / each.bound, MOST_BITS / max(each.bits, 1)) for each in found]
    return Report(found, int(np.argmax(closeness)), sum(each.is_copy for each in found))


def _view(
    picture: Image.Image, across: float, down: float, share: float, is_mirrored: bool
) -> Image.Image:
    width, height = (max(1, round(side * share)) for side in picture.size)
    left, top = round((picture.width - width) * across), round((picture.height - height) * down)
    view = picture.crop((left, top, left + width, top + height))
    return ImageOps.mirror(view) if is_mirrored else view
