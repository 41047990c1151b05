"""Answers that may be slightly old, in Django's cache.

An invalidated answer is never returned, even if it was being computed at that moment: every area
has a version, each entry has the version in which its computation began, and ``forget`` changes the
version. While Redis is away, every answer is computed each time. Without Redis, each process has
a cache of its own.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

POPULAR_STYLES = "popular-styles"
TAGS = "tags"
POPULAR_STYLES_SECONDS = 300
TAGS_SECONDS = 600
EARNED_SECONDS = 60
# Longer than any entry lives.
VERSION_SECONDS = 86_400

Kept = TypeVar("Kept")
# For each key that is computed by one thread at a time.
_making: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)


def kept(key: str, make: Callable[[], Kept], *, seconds: int) -> Kept:
    """The value stored under ``key``, or the result of ``make``. ``key`` must contain a version."""
    found: Kept | None = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, seconds)
    return found


def renewed(key: str, make: Callable[[], Kept], *, seconds: int) -> Kept:
    """The value stored under ``key``, computed again every ``seconds`` by whoever asks next.

    The others get the one before meanwhile. While there is none, one thread of each process
    computes it. ``key`` is one of a few.
    """
    mark = f"{key}:new"
    found = cache.get_many([key, mark])
    if key in found and (mark in found or not cache.add(mark, True, seconds)):
        kept: Kept = found[key]
        return kept
    with _making[key]:
        made: Kept | None = None if key in found else cache.get(key)
        if made is not None:
            return made
        new = make()
        cache.set(key, new, 5 * seconds)
        cache.set(mark, True, seconds)
        return new


def remembered(area: str, name: str, make: Callable[[], bytes], *, seconds: int) -> bytes:
    """The value stored under ``name``, or the result of ``make``, which is then stored."""
    version_key = _version_key(area)
    key = f"{area}:{hashlib.sha256(name.encode()).hexdigest()[:32]}" if name else area
    # Both in one round trip.
    found = cache.get_many([version_key, key])
    version = found.get(version_key, "first")
    match found.get(key):
        case (kept_version, bytes(body)) if kept_version == version:
            return body
    made = make()
    cache.set(key, (version, made), seconds)
    return made


def with_links(seconds: int) -> int:
    """How many seconds an answer with links to files may be cached.

    Links live for at least half of MEDIA_LINK_SECONDS, and the last reader needs time to use them.
    """
    return max(1, min(seconds, settings.MEDIA_LINK_SECONDS // 4))


def forget(area: str) -> None:
    """Invalidate ``area`` after the current transaction has committed.

    Not earlier: the cache is another server, and rows are locked.
    """
    transaction.on_commit(lambda: _change_version(area))


def _change_version(area: str) -> None:
    cache.set(_version_key(area), uuid.uuid4().hex, VERSION_SECONDS)


def _version_key(area: str) -> str:
    return f"{area}:version"
