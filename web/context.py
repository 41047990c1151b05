"""Template context of every page."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from app.models import Notification, User
from web import kept

THEME_COOKIE = "theme"
ZONE_COOKIE = "zone"
THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "theme": theme if theme in THEMES else "",
        "language": get_language(),
        "languages": settings.LANGUAGES,
        "demo_sign_in": settings.DEMO_SIGN_IN,
        "google_sign_in": bool(settings.GOOGLE_CLIENT_ID),
        "site_url": settings.SITE_URL,
        "here": kept.here(request),
        "page_url": f"{settings.SITE_URL}{request.path}",
        # The entry of the main menu under which the page is: the start of its path.
        "section": request.path.split("/")[1],
        # Lazy: only pages that show it query the database.
        "unread_count": SimpleLazyObject(lambda: unread_count(user)),
    }


def zone_of(request: HttpRequest) -> tzinfo:
    """The visitor's time zone, as the site's script has put it into a cookie; else UTC."""
    name = request.COOKIES.get(ZONE_COOKIE, "")
    return ZoneInfo(name) if name in available_zones() else UTC


@cache
def available_zones() -> set[str]:
    return available_timezones()


def unread_count(user: object) -> int:
    if not isinstance(user, User):
        return 0
    return Notification.objects.of(user).unread().count()
