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
from app.services import notification_service
from app.utils.looking import is_look
from web import kept

THEME_COOKIE = "theme"
ZONE_COOKIE = "zone"
THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
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
        "unread_count": SimpleLazyObject(lambda: unread_count(request)),
    }


def zone_of(request: HttpRequest) -> tzinfo:
    """The visitor's time zone, as the site's script has put it into a cookie; else UTC."""
    name = request.COOKIES.get(ZONE_COOKIE, "")
    return ZoneInfo(name) if name in available_zones() else UTC


@cache
def available_zones() -> set[str]:
    return available_timezones()


def unread_count(request: Any) -> int:
    """How many notifications the visitor has not read; asked once a request."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return 0
    if not hasattr(request, "unread_count"):
        request.unread_count = Notification.objects.of(user).unread().count()
    count: int = request.unread_count
    return count


def mark_seen(request: Any, **about: object) -> None:
    """Mark as read what the visitor was told of what the page shows; ``about`` as for the service.
    Where nothing is unread this costs nothing, since the bell is asked anyway."""
    if is_look(request) and unread_count(request):
        request.unread_count -= notification_service.mark_seen(request.user, **about)
