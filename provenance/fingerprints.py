"""PDQ fingerprints: 256 bits that stay nearly the same when a picture is stored again, scaled or
recoloured.

After Facebook's description, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
Algorithm" (2019), without its C++ code. Two pictures are the same if few of the bits differ: of
unrelated ones, about 128 do.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

SAMPLES = 64  # on each side, of the picture made soft
FREQUENCIES = 16  # on each side
BITS = FREQUENCIES * FREQUENCIES
BYTES = BITS // 8
# Of a larger picture each side is reduced to this first. That changes no more bits than storing it
# as a JPEG does, and a photograph of 40 million pixels takes no second.
LONGEST_SIDE = 1024
# Levels of brightness by which a picture has to vary.
PLAIN = 2.0
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def pdq(image: Image.Image) -> bytes:
    """The fingerprint of ``image`` in 32 bytes, the bits in the order of PDQ's hexadecimal text."""
    return _bits(_frequencies(image))


def pdq_of_all_turns(image: Image.Image) -> list[bytes]:
    """The fingerprints of ``image`` turned by quarters and mirrored: eight, itself first.

    A turned picture has the same frequencies with other signs and in another order, so that this
    takes hardly longer than one.
    """
    upright = _frequencies(image)
    # What mirroring does to the frequencies 1 … 16 of an axis.
    signs = np.where(np.arange(FREQUENCIES) % 2, 1, -1).astype(np.float32)
    found = []
    for turned in (upright, upright.T):
        for across in (False, True):
            for down in (False, True):
                part = turned * signs if across else turned
                found.append(_bits(part * signs[:, None] if down else part))
    return found


def is_plain(image: Image.Image) -> bool:
    """Whether there is too little in ``image`` for a fingerprint to say which it is: a wall, a
    blank sheet. Theirs are of noise, or all the same."""
    small = image.convert("L").resize((SAMPLES, SAMPLES), Image.Resampling.BOX)
    return float(np.asarray(small, np.float32).std()) < PLAIN


def _frequencies(image: Image.Image) -> Floats:
    """The 16 × 16 lowest frequencies of the picture's brightness, without those that are 0."""
    if max(image.size) > LONGEST_SIDE:
        image = image.copy()
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    brightness = np.asarray(image.convert("RGB"), np.float32) @ LUMA
    height, width = brightness.shape
    return _reader(height) @ brightness @ _reader(width).T


@lru_cache(maxsize=64)
def _reader(length: int) -> Floats:
    """What takes ``length`` pixels to 16 frequencies: made soft twice, sampled, transformed.

    Each of these steps is linear and treats rows and columns alike, so one matrix does them all.
    """
    window = -(-length // (2 * SAMPLES))
    ahead = (window + 2) // 2
    places = np.arange(length)
    first = np.maximum(places + ahead - window, 0)[:, None]
    after = np.minimum(places + ahead, length)[:, None]
    soft = ((places >= first) & (places < after)) / (after - first)
    sampled = soft[((np.arange(SAMPLES) + 0.5) * length / SAMPLES).astype(int)] @ soft
    angles = np.outer(np.arange(1, FREQUENCIES + 1), 2 * np.arange(SAMPLES) + 1)
    cosines = np.sqrt(2 / SAMPLES) * np.cos(np.pi / 2 / SAMPLES * angles)
    reader: Floats = (cosines @ sampled).astype(np.float32)
    return reader


def _bits(frequencies: Floats) -> bytes:
    """A bit for each frequency: whether it is above the median, which is the lower of the two."""
    flat = frequencies.ravel()
    median = np.partition(flat, BITS // 2 - 1)[BITS // 2 - 1]
    return np.packbits((flat > median)[::-1]).tobytes()
