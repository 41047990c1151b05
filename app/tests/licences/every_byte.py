"""``make rights`` runs this, and ``make test`` does not: it takes minutes."""

from __future__ import annotations

import numpy as np
import pytest

from app.tests.licences.fuzzing import SEED, manifest_of, still_authentic
from app.tests.licences.test_fuzz import content

__all__ = ["content"]

pytestmark = [pytest.mark.django_db, pytest.mark.time_limit(3600)]


def test_every_byte_of_the_manifest(content: bytes) -> None:
    assert still_authentic(content, manifest_of(content)) == []


def test_two_thousand_changes_anywhere(content: bytes) -> None:
    places = np.random.default_rng(SEED).integers(0, len(content), 2000)
    assert still_authentic(content, places.tolist()) == []
