from __future__ import annotations

from typing import Any

import pytest

from app.services.checks import pictures
from app.services.uploads import checkers
from app.tests.checks.looking import FakeCheck, put_in


@pytest.fixture
def check(settings: Any, media: Any, monkeypatch: pytest.MonkeyPatch) -> FakeCheck:
    """The check is on, and says what the test tells it."""
    fake = put_in(settings, monkeypatch)
    monkeypatch.setattr(pictures, "_unread", checkers.Unleased())
    return fake
