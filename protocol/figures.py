"""Figures of a new model in a training's report, and of how near a picture is to works."""

from typing import Annotated

import msgspec

Pixels = Annotated[int, msgspec.Meta(ge=64, le=4096)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Uri = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
# The product of two pictures' features.
Likeness = Annotated[float, msgspec.Meta(ge=-1.01, le=1.01)]


class WorkNearness(msgspec.Struct, frozen=True):
    """``work`` is the nearest one, by its place among those of the training (from 0). ``bits``
    differ in the fingerprints, of 256; ``likeness`` is that of the features, at most 1. A picture
    above ``bound`` is not delivered."""

    work: Count
    bits: Annotated[int, msgspec.Meta(ge=0, le=256)]
    likeness: Likeness
    bound: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Memorisation(msgspec.Struct, frozen=True):
    """How near pictures of a new model, made from the tags of its own works, are to those works.

    ``pictures`` has each of them, ``nearest`` is the place of the nearest one (from 0), and
    ``image_path`` a small WebP of that one under the task's output path. ``copies`` counts those
    that would not be delivered.
    """

    pictures: Annotated[list[WorkNearness], msgspec.Meta(min_length=1, max_length=100)]
    nearest: Count
    copies: Count
    image_path: Uri


class Sample(msgspec.Struct, frozen=True):
    """A small WebP under the task's output path, drawn with the new model. ``prompt`` is the place
    of its prompt in the task's ``sample_prompts`` (from 0)."""

    prompt: Count
    seed: Seed
    width: Pixels
    height: Pixels
    image_path: Uri


class StyleScore(msgspec.Struct, frozen=True):
    """How like the artist's works pictures of a new model look: the mean likeness, at most 1, to
    ``held_out`` works that it was not learned from.

    ``samples`` is that of pictures in the style, ``plain`` that of the same pictures without it,
    and ``works`` that of the works that it was learned from.
    """

    held_out: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    samples: Likeness
    plain: Likeness
    works: Likeness
