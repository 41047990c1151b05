"""Links to private files: signed, and dead within ``MEDIA_LINK_SECONDS``."""

from __future__ import annotations

import time
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.crypto import constant_time_compare, salted_hmac


def link(key: str) -> str:
    """A signed link to ``key``, or "" when there is no file.

    Local links change every half life time at most, so that browsers may cache what they fetched.
    """
    if not key:
        return ""
    if key.startswith(("https://", "http://")):
        return key
    if settings.S3_BUCKET:
        return str(default_storage.url(key))
    half = max(settings.MEDIA_LINK_SECONDS // 2, 1)
    expires = (int(time.time()) // half + 2) * half
    return (
        f"{settings.SITE_URL}/media/{quote(key)}?expires={expires}&signature={_sign(key, expires)}"
    )


def download_link(key: str, name: str) -> str:
    """A link under which a browser saves the file as ``name``, where the storage can say so."""
    if settings.S3_BUCKET and key:
        disposition = {"ResponseContentDisposition": f'attachment; filename="{name}"'}
        return str(default_storage.url(key, parameters=disposition))  # type: ignore[call-arg]
    return link(key)


def is_link_valid(key: str, expires: str, signature: str) -> bool:
    """Whether a local link was signed by us and has not died."""
    if not expires.isdecimal() or len(expires) > 12:
        return False
    # Links that a former key signed live on until they die by themselves.
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    is_ours = any(
        constant_time_compare(signature, _sign(key, int(expires), secret)) for secret in keys
    )
    return is_ours and time.time() < int(expires)


def _sign(key: str, expires: int, secret: str | bytes | None = None) -> str:
    code = salted_hmac("app.links", f"{expires}:{key}", secret=secret, algorithm="sha256")
    return code.hexdigest()[:40]
