"""The windows of rate limits: in Redis for many processes, in memory for one.

``app/http/throttling.py`` and ``web/middleware.py`` ask them.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.core.cache import cache as redis_cache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import NoScriptError, RedisError

from app.exceptions import RateLimited

log = structlog.get_logger(__name__)

# KEYS: the window. ARGV: now, length of the window, limit, a name for this request; times in ms.
# Returns whether the request is allowed, how many are in the window, and the time of the oldest.
SCRIPT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
local count = redis.call('ZCARD', KEYS[1])
local allowed = 0
if count < tonumber(ARGV[3]) then
    redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    count = count + 1
    allowed = 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {allowed, count, oldest[2] or ARGV[1]}
"""
SCRIPT_SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Limit:
    """At most ``count`` requests in any period of ``seconds``."""

    count: int
    seconds: int

    @staticmethod
    @cache
    def parse(text: str) -> Limit:
        """Parse ``"6/60"``: six requests in sixty seconds."""
        count, _, seconds = text.partition("/")
        return Limit(int(count), int(seconds))


@dataclass(frozen=True)
class Verdict:
    """Whether a request is allowed, how many more are, and the seconds until the next one is."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_seconds: int


class Windows(Protocol):
    def enter(self, key: str, limit: Limit, now: float) -> tuple[bool, int, float]:
        """Count a request unless the window is full: (allowed, count, time of the oldest)."""
        ...

    def leave(self, key: str) -> None:
        """Forget the latest request."""
        ...


class MemoryWindows:
    """Windows in the memory of one process; its threads share them."""

    MAX_KEYS = 50_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}

    def enter(self, key: str, limit: Limit, now: float) -> tuple[bool, int, float]:
        with self._lock:
            if len(self._times) > self.MAX_KEYS:
                self._forget(now)
            times = self._times.setdefault(key, deque())
            while times and times[0] <= now - limit.seconds:
                times.popleft()
            is_allowed = len(times) < limit.count
            if is_allowed:
                times.append(now)
            return is_allowed, len(times), times[0] if times else now

    def leave(self, key: str) -> None:
        with self._lock:
            if times := self._times.get(key):
                times.pop()

    def _forget(self, now: float) -> None:
        limits = [Limit.parse(text) for text in settings.RATE_LIMITS.values() if text]
        longest = max((limit.seconds for limit in limits), default=0)
        self._times = {
            key: times for key, times in self._times.items() if times and times[-1] > now - longest
        }


class RedisWindows:
    """Windows in Redis for any number of processes, with one atomic script for each request."""

    def enter(self, key: str, limit: Limit, now: float) -> tuple[bool, int, float]:
        client: Any = redis_cache.client.get_client(write=True)  # type: ignore[attr-defined]
        arguments = [int(now * 1000), limit.seconds * 1000, limit.count, uuid.uuid4().hex]
        try:
            found = client.evalsha(SCRIPT_SHA, 1, f"rate:{key}", *arguments)
        except NoScriptError:
            # The server was restarted. It keeps the script from now on.
            found = client.eval(SCRIPT, 1, f"rate:{key}", *arguments)
        allowed, count, oldest = found
        return bool(allowed), int(count), float(oldest) / 1000

    def leave(self, key: str) -> None:
        client: Any = redis_cache.client.get_client(write=True)  # type: ignore[attr-defined]
        client.zpopmax(f"rate:{key}")


_memory = MemoryWindows()
AWAY = (OSError, RedisError, ConnectionInterrupted)


def _windows() -> Windows:
    return RedisWindows() if settings.REDIS_URL else _memory


def check(scope: str, who: str) -> Verdict | None:
    """Count a request of ``who`` against the limit of ``scope``; None if it has no limit.

    Without Redis there are no limits: availability is more important.
    """
    text = settings.RATE_LIMITS.get(scope)
    if not text:
        return None
    limit = Limit.parse(text)
    now = time.time()
    try:
        is_allowed, count, oldest = _windows().enter(f"{scope}:{who}", limit, now)
    except AWAY as error:
        log.warning("rate_limit_unavailable", error=str(error))
        return None
    return Verdict(
        is_allowed=is_allowed,
        limit=limit.count,
        remaining=max(0, limit.count - count),
        reset_seconds=max(1, math.ceil(oldest + limit.seconds - now)),
    )


def require(verdict: Verdict | None) -> None:
    """Raise RateLimited unless the verdict lets the request pass."""
    if verdict is not None and not verdict.is_allowed:
        raise RateLimited(verdict.reset_seconds)


def give_back(scope: str, who: str) -> None:
    """What was counted came to nothing."""
    if settings.RATE_LIMITS.get(scope):
        with suppress(*AWAY):
            _windows().leave(f"{scope}:{who}")
