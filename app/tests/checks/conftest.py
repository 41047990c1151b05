from __future__ import annotations

from typing import Any

import pytest

from app.services.checks import nudity, pictures
from app.services.uploads import checkers
from app.tests.checks.looking import FakeCheck


@pytest.fixture
def check(settings: Any, media: Any, monkeypatch: pytest.MonkeyPatch) -> FakeCheck:
    """The check is on, and says what the test tells it."""
    settings.PICTURE_CHECK = "opennsfw"
    fake = FakeCheck()
    monkeypatch.setattr(nudity, "checker", lambda: fake)
    monkeypatch.setattr(pictures, "_unread", checkers.Unleased())
    return fake
