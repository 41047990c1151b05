"""Changed bytes of a licensed picture, as ``POST /api/verify`` judges them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from app.exceptions import InvalidInput
from app.models.verdict import Verdict
from app.services.licences.verification import verify
from app.tests.licences.verifying import licensed, packed, signed
from provenance import containers
from provenance.tests.signing import drawn

SEED = 15


def signed_picture(folder: Path) -> bytes:
    licence, image = licensed(drawn(side=64), is_marked=False)
    content = signed(packed(image), licence.number, folder)
    assert verify(content).verdict is Verdict.AUTHENTIC  # the control
    return content


def manifest_of(content: bytes) -> range:
    """Where the manifest is."""
    place = containers.find_store(content)
    return range(place.start, place.end)


def still_authentic(content: bytes, places: Iterable[int]) -> list[int]:
    """At which of ``places`` a byte may be changed, into any other, without that being noticed."""
    chance = np.random.default_rng(SEED)
    found = []
    for at in places:
        changed = bytearray(content)
        changed[at] ^= int(chance.integers(1, 256))
        try:
            if verify(bytes(changed)).verdict is Verdict.AUTHENTIC:
                found.append(at)
        except InvalidInput:
            pass  # no picture any more
    return found
