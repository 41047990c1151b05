from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser

from app.models import Generation, Style, User

# What every test of the backend has, those of the site have too.
from app.tests.conftest import (  # noqa: F401
    _empty_cache,
    _no_rate_limits,
    _one_question_for_all_rows,
    artist,
    buyer,
    media,
)
from app.tests.factories import PublicPictureFactory, StyleFactory
from tests.browser import chromium


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A browser in which somebody has signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def style(artist: User) -> Style:  # noqa: F811
    return StyleFactory(artist=artist.artist, name="Wet Paper", tags=("sea", "soft"), works=12)


@pytest.fixture
def picture(buyer: User, style: Style) -> Generation:  # noqa: F811
    return PublicPictureFactory(user=buyer, style=style, description="For the kitchen.")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; Django takes that for asynchronous code.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with chromium() as running:
            yield running
