"""Readiness: whether every server answers, and nothing waits for too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from app.delivery import outbox
from app.delivery.broker import BrokerAway
from app.exceptions import ServiceUnavailable
from app.services import connection_service, storage
from app.services.connection_service import Connections
from app.services.rabbitmq_service import RabbitMQService
from app.services.uploads import check_service

log = structlog.get_logger(__name__)

CONNECTED, UNAVAILABLE, UNUSED = "connected", "unavailable", "unused"
CURRENT, LATE = "current", "late"
# More frequent calls get the last answer, so that nobody can overload the servers with them.
KEPT_SECONDS = 1.0
BROKER_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Readiness:
    """The state of each part. ``outbox`` is late if a message is overdue for too long,
    ``upload_checks`` if an artist waits for too long to be told whether their works are good."""

    database: str
    cache: str
    broker: str
    storage: str
    outbox: str
    outbox_age_seconds: float
    upload_checks: str
    upload_checks_age_seconds: float
    connections: Connections

    @property
    def is_ready(self) -> bool:
        states = (self.database, self.cache, self.broker, self.storage)
        return not {UNAVAILABLE, LATE} & {*states, self.outbox, self.upload_checks}


_lock = threading.Lock()
_last: tuple[float, Readiness] | None = None


def look() -> Readiness:
    """Ask every server, at most once a second in each process."""
    global _last
    with _lock:
        if _last is None or time.monotonic() - _last[0] > KEPT_SECONDS:
            _last = (time.monotonic(), _ask_all())
        return _last[1]


def forget() -> None:
    """Drop the stored answer; the next call asks again."""
    global _last
    _last = None


def _ask_all() -> Readiness:
    database = _state("database", _ask_database)
    is_connected = database == CONNECTED
    ages = (outbox.oldest_age, check_service.oldest_age)
    age, unchecked = (oldest() if is_connected else 0.0 for oldest in ages)
    # Without a broker the outbox is the queue itself, and a queue may be long.
    is_late = bool(settings.AMQP_URL) and age > settings.OUTBOX_MAX_AGE_SECONDS
    return Readiness(
        database=database,
        cache=_state("cache", _ask_cache) if settings.REDIS_URL else UNUSED,
        broker=_state("broker", _ask_broker) if settings.AMQP_URL else UNUSED,
        storage=_state("storage", storage.ping),
        outbox=LATE if is_late else CURRENT,
        outbox_age_seconds=round(age, 1),
        upload_checks=LATE if unchecked > check_service.LATE_SECONDS else CURRENT,
        upload_checks_age_seconds=round(unchecked, 1),
        connections=connection_service.used(is_connected=is_connected),
    )


def _state(name: str, ask: Callable[[], None]) -> str:
    try:
        ask()
    except (
        *(DatabaseError, RedisError, ConnectionInterrupted, BrokerAway),
        *(ServiceUnavailable, OSError),
    ) as error:
        log.warning("not_ready", part=name, error=repr(error))
        return UNAVAILABLE
    return CONNECTED


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_cache() -> None:
    cache.client.get_client(write=True).ping()  # type: ignore[attr-defined]


def _ask_broker() -> None:
    RabbitMQService.shared(settings.AMQP_URL).depths(patience=BROKER_PATIENCE_SECONDS)
