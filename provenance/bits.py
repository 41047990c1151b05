"""How fingerprints are stored, searched and compared. Without numpy, so that whoever only stores
them loads none."""

from __future__ import annotations

import struct

BANDS = 16
BAND_BITS = 16
# Bits of 256. Re-encoded, scaled and recoloured pictures stay below 45; pictures of the same words
# in the same style have not been nearer than 80, unrelated ones not nearer than 60.
SAME_BITS = 46
# Bits of 1280. A third cut away makes 383 of them differ; of pictures that have nothing to do with
# each other, about 640 do.
ALIKE_BITS = 440


def bands(fingerprint: bytes) -> list[int]:
    """16 numbers, one for each 16 bits, with the place of those bits: no two bands share one.

    Two fingerprints that differ in fewer than 16 bits have at least one number in common.
    """
    words = struct.unpack(f">{BANDS}H", fingerprint)
    return [(place << BAND_BITS) | word for place, word in enumerate(words)]


def distance(one: bytes, other: bytes) -> int:
    """How many bits differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
