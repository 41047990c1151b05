"""A checker that says what it is told, for tests of what follows from a score."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from app.models import Generation
from app.services import storage
from app.services.checks import nudity
from app.tests.factories import GenerationFactory


class FakeCheck:
    """``says`` is the score of every picture; ``seen`` are the sizes of those it looked at."""

    name = "fake/1"

    def __init__(self) -> None:
        self.says = 0.0
        self.seen: list[tuple[int, int]] = []

    def score(self, picture: Image.Image) -> float:
        self.seen.append(picture.size)
        return self.says


def put_in(settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeCheck:
    """Have this process look at pictures by one that finds nothing so far."""
    settings.PICTURE_CHECK = "opennsfw"
    fake = FakeCheck()
    monkeypatch.setattr(nudity, "checker", lambda: fake)
    return fake


def drawn(**about: object) -> Generation:
    """A completed picture whose file is one."""
    picture = GenerationFactory(**about)
    file = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "PNG")
    storage.delete([picture.image_path])
    storage.save(picture.image_path, file)
    return picture
