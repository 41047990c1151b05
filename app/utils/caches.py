"""Answers that may be a little old, kept in Django's cache.

What is forgotten is never given again, even when it was being made at that moment: every area has
a version, what is kept says in which version its making began, and forgetting changes the version.
Without Redis everything is made anew each time.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

POPULAR_STYLES = "popular-styles"
TAGS = "tags"
POPULAR_STYLES_SECONDS = 300
TAGS_SECONDS = 600
EARNED_SECONDS = 60
# Longer than anything is kept.
VERSION_SECONDS = 86_400


def kept(key: str, make: Callable[[], Any], *, seconds: int) -> Any:
    """What was kept under ``key``, which says which version of the truth it is of."""
    found = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, seconds)
    return found


def remembered(area: str, name: str, make: Callable[[], bytes], *, seconds: int) -> bytes:
    """What was kept under ``name``, or what ``make`` returns, which is then kept."""
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
    """For how long an answer with links to files may be kept: they live for half of
    MEDIA_LINK_SECONDS at least, and whoever gets them last needs time to follow them."""
    return max(1, min(seconds, settings.MEDIA_LINK_SECONDS // 4))


def forget(area: str) -> None:
    """Never give again what is kept in ``area``, once the transaction under way is committed.

    Not before: the cache is a server elsewhere, and rows are locked.
    """
    transaction.on_commit(lambda: _change_version(area))


def _change_version(area: str) -> None:
    cache.set(_version_key(area), uuid.uuid4().hex, VERSION_SECONDS)


def _version_key(area: str) -> str:
    return f"{area}:version"
