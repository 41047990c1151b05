"""No byte of a licensed picture can be changed so that it still passes for authentic.

This is a sample; ``make rights`` changes every byte of the manifest (``every_byte.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.tests.licences.fuzzing import manifest_of, signed_picture, still_authentic
from provenance.tests.signing import keys

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def content(settings: Any) -> bytes:
    settings.CERTIFICATES_DIR = keys().parent
    return signed_picture(keys())


def test_a_changed_byte_is_never_authentic(content: bytes) -> None:
    chance = np.random.default_rng()
    anywhere = chance.integers(0, len(content), 25).tolist()
    in_manifest = chance.choice(list(manifest_of(content)), 25, replace=False).tolist()
    assert still_authentic(content, [*anywhere, *in_manifest]) == []
