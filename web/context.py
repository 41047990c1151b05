"""Template context of every page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from app.models import Notification, User

THEME_COOKIE = "theme"
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
        "page_url": f"{settings.SITE_URL}{request.path}",
        # Lazy: only pages that show it query the database.
        "unread_count": SimpleLazyObject(lambda: unread_count(user)),
    }


def unread_count(user: object) -> int:
    if not isinstance(user, User):
        return 0
    return Notification.objects.of(user).unread().count()
