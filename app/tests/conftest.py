from functools import cache as cache_of_one
from pathlib import Path

import pytest
from django.core.cache import cache
from zeal.constants import initialize_app_registry
from zeal.patch import patch

from app.models import User
from app.services import fees, rate_limit_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory, UserFactory


@pytest.fixture(autouse=True)
def _no_rate_limits(settings, monkeypatch):
    """Tests ask faster than people may; those about limits set their own, and begin with none."""
    settings.RATE_LIMITS = {}
    monkeypatch.setattr(rate_limit_service, "_memory", rate_limit_service.MemoryWindows())


@cache_of_one
def watch_models() -> None:
    """Let models tell zeal who asked for what. Twice would make two questions of each."""
    initialize_app_registry()
    patch()


@pytest.fixture(autouse=True)
def _one_question_for_all_rows(settings):
    """A request that asks the database once more for each row (N+1) fails."""
    watch_models()
    settings.MIDDLEWARE = ["zeal.middleware.zeal_middleware", *settings.MIDDLEWARE]


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()
    # What a test before has announced is gone.
    fees.forget([])


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    """The folder of the file storage: every test has its own."""
    folder = tmp_path / "media"
    settings.MEDIA_ROOT = folder
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


@pytest.fixture
def buyer(db) -> User:
    return UserFactory(username="bo", tokens=1000)


@pytest.fixture
def artist(db) -> User:
    return ArtistFactory(user__username="mira", artist_name="Mira Halden").user


@pytest.fixture
def as_anyone(db) -> Api:
    """Somebody who has not signed in."""
    return Api()


@pytest.fixture
def as_buyer(buyer: User) -> Api:
    return Api(buyer)


@pytest.fixture
def as_artist(artist: User) -> Api:
    return Api(artist)


@pytest.fixture
def as_worker(db, settings) -> Api:
    """A worker, with an internal token."""
    settings.INTERNAL_API_TOKENS = ["worker-token", "former-worker-token"]
    return Api(authorization="Bearer worker-token")
