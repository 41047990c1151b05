"""Answers that are the same for everybody who is not signed in, kept for a moment.

A wall that a thousand people look at costs the database one read a second. Each process keeps its
own pages for ``PAGE_CACHE_SECONDS``, 0 for not at all; nothing is kept of or for anybody who sends
a session or a key. A view says which of its actions are ``shared``.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import ResolverMatch
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags

from app.http import throttling

MAX_PAGES = 200
MAX_BYTES = 256 * 1024


@dataclass(frozen=True)
class Page:
    body: bytes
    headers: dict[str, str]
    tag: str
    resolver_match: ResolverMatch | None
    dies_at: float

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The page, or 304 when the client has it already."""
        # For the metrics: nothing is resolved for a page that is kept.
        request.resolver_match = self.resolver_match
        asked = request.META.get("HTTP_IF_NONE_MATCH")
        if asked is not None and (asked == "*" or self.tag in parse_etags(asked)):
            response: HttpResponse = HttpResponseNotModified()
            for name in ("ETag", "Cache-Control", "Vary"):
                response[name] = self.headers[name]
            return response
        return HttpResponse(self.body, headers=self.headers)


class PageCacheMiddleware:
    """Stands where the headers of every answer have still to be added."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._lock = Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.PAGE_CACHE_SECONDS or not _is_anybodys(request):
            return self.get_response(request)
        # Not build_absolute_uri, for which /a/../b is /b.
        address = f"{request.scheme}://{request.get_host()}{request.get_full_path()}"
        page = self._pages.get(address)
        if page is not None and page.dies_at > time.monotonic():
            return throttling.limited("anonymous", page.answer)(request)
        response = self.get_response(request)
        if not getattr(response, "is_shared", False) or len(response.content) > MAX_BYTES:
            return response
        page = self._keep(address, request, response)
        return page.answer(request)

    def _keep(self, address: str, request: HttpRequest, response: HttpResponse) -> Page:
        tag = f'"{hashlib.blake2b(response.content, digest_size=16).hexdigest()}"'
        response["ETag"] = tag
        # Browsers may keep it, and ask each time whether it still holds.
        patch_cache_control(response, no_cache=True)
        page = Page(
            response.content,
            {"Vary": "Cookie, Authorization", **dict(response.items())},
            tag,
            request.resolver_match,
            time.monotonic() + settings.PAGE_CACHE_SECONDS,
        )
        with self._lock:
            self._pages[address] = page
            self._pages.move_to_end(address)
            while len(self._pages) > MAX_PAGES:
                self._pages.popitem(last=False)
        return page


def _is_anybodys(request: HttpRequest) -> bool:
    return (
        request.method == "GET"
        and request.path_info.startswith("/api/")
        and "HTTP_AUTHORIZATION" not in request.META
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
    )
