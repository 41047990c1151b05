"""Sites by which artists prove who they are, fetched by the sender of webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.delivery.webhook_deliverer import Deliverer
from app.delivery.webhook_sender import Sender
from app.models import ArtistSite, User
from app.services import site_service
from app.tests.webhooks.receiver import Receiver, answering

pytestmark = pytest.mark.django_db
Check = Callable[..., ArtistSite]


@pytest.fixture
def check(artist: User, database: ThreadPoolExecutor, settings: Any) -> Check:
    """Name an address as the artist's site, and let the deliverer look at it."""

    def run(url: str, *, loopback: bool = True) -> ArtistSite:
        settings.WEBHOOK_ALLOW_HTTP = settings.WEBHOOK_ALLOW_LOOPBACK = True
        site_service.name_site(user=artist, url=url)
        sender = Sender(allow_loopback=loopback, timeout=5)
        asyncio.run(Deliverer(sender, database=database).run_once())
        return ArtistSite.objects.get()

    return run


def link_to(user: User, settings: Any) -> str:
    return f'<a href="{settings.SITE_URL}/artists/{user.pk}" rel="me">I am there</a>'


def test_a_page_with_the_link_far_down(
    check: Check, artist: User, receiver: Receiver, settings: Any
) -> None:
    page = f"<html>{'x' * 100_000}{link_to(artist, settings)}".encode()
    receiver.answer = answering("200 OK", body=page)
    assert check(receiver.url).proven_at
    [asked] = receiver.received
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.body == b""


def test_a_page_without_end_is_not_read_to_it(
    check: Check, artist: User, receiver: Receiver, settings: Any
) -> None:
    page = b"y" * (site_service.MOST_BYTES + 10) + link_to(artist, settings).encode()
    receiver.answer = answering("200 OK", body=page)
    assert check(receiver.url).failure == site_service.NO_LINK


def test_a_redirect_is_not_followed(check: Check, receiver: Receiver) -> None:
    receiver.answer = answering("302 Found", f"Location: {receiver.url}")
    assert check(receiver.url).failure == "Redirects are not followed."
    assert len(receiver.received) == 1


def test_no_address_of_ours_is_asked(check: Check, receiver: Receiver) -> None:
    """A name that leads here is found out where the connection is made."""
    site = check(receiver.url, loopback=False)
    assert not site.proven_at
    assert site.failure == "The host is not at a public address."
    assert receiver.received == []
