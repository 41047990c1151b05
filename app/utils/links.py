"""Signed links to private files, which expire within ``MEDIA_LINK_SECONDS``."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import content_disposition_header

Link = Callable[[str], str]


def link(key: str) -> str:
    """A signed link to ``key``, or "" if there is no file.

    A link stays the same for half its lifetime, so browsers can cache the file, and a page of
    pictures needs few new signatures. Every process makes the same link.
    """
    return linker()(key)


def page_url(folder: str, name: str) -> str:
    """The public address of one page of the site."""
    return f"{settings.SITE_URL}/{folder}/{name}"


def linker() -> Link:
    """``link`` for many keys of one answer: the common part is computed once."""
    seconds = settings.MEDIA_LINK_SECONDS
    signed_at = window_start(seconds)
    if bucket := settings.S3_BUCKET:

        def sign(key: str) -> str:
            return _s3_link(key, signed_at, bucket)
    else:
        expires, site_url, secret = signed_at + seconds, settings.SITE_URL, settings.SECRET_KEY

        def sign(key: str) -> str:
            return _local_link(key, expires, site_url, secret)

    def to(key: str) -> str:
        return key if not key or key.startswith(("https://", "http://")) else sign(key)

    return to


def window_start(seconds: int) -> int:
    """When a link made now counts as signed, so that it expires ``seconds`` later.

    Windows are half of ``seconds`` long. All processes make the same link within one, and a link
    of its last moment still lives for the other half.
    """
    now = int(time.time())
    return now - now % max(seconds // 2, 1)


def download_link(key: str, name: str) -> str:
    """A link with which a browser saves the file as ``name``."""
    seconds = settings.MEDIA_LINK_SECONDS
    if (bucket := settings.S3_BUCKET) and key:
        return _s3_link(key, window_start(seconds), bucket, name)
    if not key or key.startswith(("https://", "http://")):
        return key
    expires = window_start(seconds) + seconds
    signed = urlencode(
        {"expires": expires, "name": name, "signature": _sign(_download(name, key), expires)}
    )
    return f"{settings.SITE_URL}/media/{quote(key)}?{signed}"


def is_link_valid(key: str, expires: str, signature: str, name: str = "") -> bool:
    """Whether we signed this local link, with the ``name`` to save as, and it has not expired."""
    key = _download(name, key) if name else key
    if not expires.isdecimal() or len(expires) > 12:
        return False
    # Links signed with a former key stay valid until they expire.
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    is_ours = any(
        constant_time_compare(signature, _sign(key, int(expires), secret)) for secret in keys
    )
    return is_ours and time.time() < int(expires)


def upload_link(key: str, content_type: str, seconds: int) -> str:
    """A signed link for a PUT of a file of ``content_type``, valid for ``seconds``."""
    if settings.S3_BUCKET:
        sign = default_storage.upload_link  # type: ignore[attr-defined]
        return str(sign(key, content_type=content_type, seconds=seconds))
    expires = int(time.time()) + seconds
    signature = _sign(_upload(key, content_type), expires)
    return f"{settings.SITE_URL}/uploads/{quote(key)}?expires={expires}&signature={signature}"


def is_upload_link_valid(key: str, content_type: str, expires: str, signature: str) -> bool:
    """Whether we signed this local upload link, and it has not expired."""
    return is_link_valid(_upload(key, content_type), expires, signature)


def _download(name: str, key: str) -> str:
    """The text that is signed for a download; no file key looks like this either."""
    return f"as {name}: {key}"


def _upload(key: str, content_type: str) -> str:
    """The text that is signed for an upload. No file key looks like this, so a link for reading is
    never valid for writing."""
    return f"PUT {content_type} {key}"


# Those that many look at; signing one takes 12 microseconds, and keeping one half a kilobyte.
@lru_cache(maxsize=5_000)
def _local_link(key: str, expires: int, site_url: str, secret: str) -> str:
    signature = _sign(key, expires, secret)
    return f"{site_url}/media/{quote(key)}?expires={expires}&signature={signature}"


@lru_cache(maxsize=5_000)
def _s3_link(key: str, signed_at: int, bucket: str, save_as: str = "") -> str:
    """``signed_at`` and ``bucket`` are only part of the cache key."""
    disposition = content_disposition_header(as_attachment=True, filename=save_as)
    parameters = {"ResponseContentDisposition": disposition} if save_as else None
    return str(default_storage.url(key, parameters=parameters))  # type: ignore[call-arg]


def _sign(key: str, expires: int, secret: str | bytes | None = None) -> str:
    code = salted_hmac("app.links", f"{expires}:{key}", secret=secret, algorithm="sha256")
    return code.hexdigest()[:40]
