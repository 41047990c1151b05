"""What steps ask for, as requests of httpx; the same for ``Client`` and ``AsyncClient``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from style_license.access import Access
from style_license.steps import Call, Fetch
from style_license.version import VERSION


def options(access: Access, timeout: float) -> dict[str, Any]:
    """For httpx's clients. No redirect is followed: the key goes to the site alone."""
    return {
        "base_url": access.url,
        "timeout": timeout,
        "headers": {"User-Agent": f"style-license-python/{VERSION}", "Accept": "application/json"},
    }


def arguments(access: Access, wanted: Call | Fetch) -> dict[str, Any]:
    """For ``request`` of httpx's clients."""
    if isinstance(wanted, Fetch):
        return {"method": "GET", "url": urljoin(f"{access.url}/", wanted.url)}
    headers = {}
    if access.key:
        headers["Authorization"] = f"Bearer {access.key}"
    if wanted.key:
        headers["Idempotency-Key"] = wanted.key
    given: dict[str, Any] = {"method": wanted.method, "url": wanted.path, "headers": headers}
    if wanted.query is not None:
        given["params"] = dict(wanted.query)
    if wanted.body is not None:
        given["json"] = dict(wanted.body)
    if wanted.file is not None:
        given["files"] = {"file": wanted.file}
    return given
