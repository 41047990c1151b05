"""How like an artist's works pictures in a style look.

The measure is the features of ``features``. They tell what a picture shows as well as how it is
painted, so a picture is compared with the same picture without the style: both show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from provenance.features import Floats, features
from provenance.nearness import Works


@dataclass(frozen=True)
class Score:
    """The mean likeness, at most 1, to works that were held out: of pictures in the style, of the
    same pictures without it, and of the works that were learned from."""

    samples: float
    plain: float
    works: float


def score(
    samples: Sequence[Image.Image],
    plain: Sequence[Image.Image],
    works: Works,
    held_out: Sequence[int],
) -> Score:
    """Compare pictures, at least one of each, with the ``works`` at the places ``held_out``, which
    are some of them, but not all. Raises FeaturesUnavailable."""
    whole = works.features[:, 0]
    compared = whole[list(held_out)]
    learned = np.delete(whole, list(held_out), axis=0)
    return Score(
        _mean_likeness(np.array([features(each) for each in samples]), compared),
        _mean_likeness(np.array([features(each) for each in plain]), compared),
        _mean_likeness(learned, compared),
    )


def _mean_likeness(some: Floats, others: Floats) -> float:
    return round(float((some @ others.T).mean()), 4)
