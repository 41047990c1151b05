"""Sends to endpoints what ``webhooks.deliveries`` says is due.

Requests wait on one event loop; everything that asks the database is done by one thread, on one
connection. ``manage.py deliver_webhooks`` runs it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

from app.delivery.listener import Listener
from app.delivery.site_checks import SiteChecks
from app.delivery.webhook_sender import Sender
from app.models import WebhookDelivery
from app.services import guard
from app.services.webhooks import deliveries
from app.services.webhooks.deliveries import Outcome
from app.utils import clock
from app.utils import webhook_signing as signing

log = structlog.get_logger(__name__)

# Requests under way, of this process, and of them to one endpoint. One that fails gets one.
MOST = 400
PER_ENDPOINT = 4
RESOLVERS = 100
# How late a message is sent again at most, and how soon a lost database is asked again.
POLL_SECONDS = 1.0
# For the requests under way when the process is to end. What is not answered is sent again.
STOP_SECONDS = 3.0
HOUSEKEEPING_SECONDS = 30.0

Result = TypeVar("Result")


class Deliverer:
    """``database`` is the one thread that asks it; without one, the deliverer makes its own."""

    def __init__(
        self,
        sender: Sender,
        *,
        most: int = MOST,
        per_endpoint: int = PER_ENDPOINT,
        database: ThreadPoolExecutor | None = None,
    ) -> None:
        self._sender = sender
        self._most, self._per_endpoint = most, per_endpoint
        self._is_own_thread = database is None
        self._database = database or ThreadPoolExecutor(1, thread_name_prefix="database")
        self._under_way: dict[asyncio.Task[None], WebhookDelivery] = {}
        self._sites = SiteChecks(sender, self._in_database)

    async def run(self, stopping: threading.Event) -> None:
        """Deliver until ``stopping``; then wait a little for what is under way."""
        loop = asyncio.get_running_loop()
        # Names are resolved there. Those of a few slow name servers are not to hold up all others.
        loop.set_default_executor(ThreadPoolExecutor(RESOLVERS, thread_name_prefix="names"))
        woken = asyncio.Event()
        ear = threading.Thread(target=_listen, args=(loop, woken, stopping), daemon=True)
        ear.start()
        keep_house_at = 0.0
        await self._in_database(deliveries.reseal_secrets)
        try:
            while not stopping.is_set():
                woken.clear()
                if loop.time() >= keep_house_at:
                    keep_house_at = loop.time() + HOUSEKEEPING_SECONDS
                    await self._in_database(deliveries.keep_house)
                    self._sites.begin()
                await self._begin_due()
                await self._wait(woken)
        finally:
            self._sites.stop()
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=STOP_SECONDS)
            for task in self._under_way:
                task.cancel()
            await self._close()

    async def run_once(self) -> int:
        """Deliver all that is due now. Returns how many were sent."""
        count = 0
        try:
            while begun := await self._begin_due():
                count += begun
                await asyncio.wait(self._under_way)
            await self._sites.check_due()
        finally:
            await self._close()
        return count

    async def _close(self) -> None:
        if self._is_own_thread:
            await self._in_database(lambda: connection.close())
            self._database.shutdown()

    async def _begin_due(self) -> int:
        room = self._most - len(self._under_way)
        if room <= 0:
            return 0
        sent = [delivery.endpoint for delivery in self._under_way.values()]
        busy = Counter(endpoint.pk for endpoint in sent)
        users = Counter(endpoint.user_id for endpoint in sent)
        claimed = await self._in_database(
            lambda: deliveries.claim(room, busy, per_endpoint=self._per_endpoint, of_users=users)
        )
        for delivery in claimed or []:
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way[task] = delivery
            task.add_done_callback(self._under_way.pop)
        return len(claimed or [])

    async def _deliver(self, delivery: WebhookDelivery) -> None:
        try:
            outcome = await self._attempt(delivery)
        except Exception:
            # Counted as a failure: what is not recorded would be sent for ever.
            log.exception("webhook_attempt_failed", webhook_id=delivery.webhook_id)
            outcome = Outcome(clock.now(), 0, error="Our mistake. It is sent again.")
        kept = await self._in_database(lambda: deliveries.record(delivery, outcome) or True)
        if kept is None:
            await self._in_database(lambda: deliveries.record_lost(delivery))
        log.info(
            "webhook_sent" if outcome.is_accepted else "webhook_refused",
            webhook_id=delivery.webhook_id,
            endpoint=delivery.endpoint_id,
            attempt=delivery.attempt_count,
            status=outcome.status,
            error=outcome.error,
        )

    async def _attempt(self, delivery: WebhookDelivery) -> Outcome:
        endpoint, body = delivery.endpoint, delivery.body.encode()
        if not endpoint.is_enabled:
            # It was switched off in the moment in which this was written.
            return Outcome(clock.now(), 0, error="The webhook is switched off.")
        try:
            headers = signing.headers(endpoint.secrets, delivery.webhook_id, body)
        except signing.Unreadable:
            log.error("webhook_secret_unreadable", endpoint=endpoint.pk)
            return Outcome(clock.now(), 0, error="The secret cannot be read. Rotate it.")
        return await self._sender.post(endpoint.url, headers, body)

    async def _wait(self, woken: asyncio.Event) -> None:
        """Until there may be something to begin: a message, room, or the time of another try."""
        waker = asyncio.create_task(woken.wait())
        waiting = {waker, *self._under_way}
        await asyncio.wait(waiting, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waker.cancel()

    async def _in_database(self, act: Callable[[], Result]) -> Result | None:
        """What ``act`` returns; None if it broke, or while the database is away.

        What was claimed is due again when its time is over.
        """

        def safely() -> Result | None:
            try:
                return guard.attempt("webhooks", act)
            except (OperationalError, InterfaceError) as error:
                log.warning("database_unavailable", error=str(error))
                connection.close()
                return None

        return await asyncio.get_running_loop().run_in_executor(self._database, safely)


def _listen(
    loop: asyncio.AbstractEventLoop, woken: asyncio.Event, stopping: threading.Event
) -> None:
    listener = Listener(deliveries.CHANNEL)
    try:
        while not stopping.is_set():
            if listener.wait(POLL_SECONDS, stopping):
                loop.call_soon_threadsafe(woken.set)
    except RuntimeError:
        # The loop has ended.
        return
    finally:
        listener.close()
