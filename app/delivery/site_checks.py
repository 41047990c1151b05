"""Fetches the sites by which artists prove who they are, beside the deliveries of webhooks and by
the same sender: there is one door to addresses that others name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from app.delivery.webhook_sender import Sender
from app.models import ArtistSite
from app.services import site_service

log = structlog.get_logger(__name__)

# Runs what asks the database, on its thread. None if it broke.
InDatabase = Callable[[Callable[[], Any]], Awaitable[Any]]


class SiteChecks:
    def __init__(self, sender: Sender, in_database: InDatabase) -> None:
        self._sender, self._in_database = sender, in_database
        self._running: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look at what is due, unless that is going on."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self.check_due())

    def stop(self) -> None:
        """What was not looked at is due again after its lease."""
        if self._running is not None:
            self._running.cancel()

    async def check_due(self) -> None:
        while sites := await self._in_database(site_service.claim):
            await asyncio.gather(*(self._check(site) for site in sites))

    async def _check(self, site: ArtistSite) -> None:
        outcome = await self._sender.get(site.url, most=site_service.MOST_BYTES)
        await self._in_database(lambda: site_service.record(site, outcome))
        log.info("site_checked", artist=site.pk, status=outcome.status, error=outcome.error)
