"""The browsers that a user is signed in with: seen, and signed out one by one or all at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver

from app.exceptions import NotFound
from app.models import ApiKey, Session, User
from app.utils import clock

# What a session remembers of its sign-in.
BEGAN_AT, AGENT = "began_at", "agent"
LONGEST_AGENT = 300
# Of a user; more browsers than anybody has.
MOST = 200


@dataclass(frozen=True)
class Seen:
    """A session as its user sees it. Its ``id`` is not the key, which would open it."""

    id: str
    began_at: datetime | None
    browser: str
    expires_at: datetime
    is_current: bool


@receiver(user_logged_in)
def remember_sign_in(sender: object, request: Any, **_: object) -> None:
    """Note when and with which browser somebody signs in."""
    request.session[BEGAN_AT] = clock.written(clock.now())
    request.session[AGENT] = request.META.get("HTTP_USER_AGENT", "")[:LONGEST_AGENT]


def sessions_of(user: User, current_key: str | None) -> list[Seen]:
    """Those that have not ended, the latest first. ``current_key`` is that of who asks."""
    alive = Session.objects.filter(user=user, expire_date__gt=clock.now())
    return [_seen(session, current_key) for session in alive.order_by("-expire_date", "pk")[:MOST]]


def end(user: User, session_id: str) -> str:
    """Sign a browser out. Returns the key of its session. Raises NotFound."""
    keys = Session.objects.filter(user=user).values_list("pk", flat=True)
    for key in keys:
        if _id_of(key) == session_id:
            Session.objects.filter(pk=key).delete()
            return str(key)
    raise NotFound("There is no such session.")


@transaction.atomic
def end_all(user: User, *, with_keys: bool = False) -> None:
    """Sign all browsers out, also that of who asks; and revoke the user's API keys, if wanted."""
    Session.objects.filter(user=user).delete()
    if with_keys:
        ApiKey.objects.of(user).update(revoked_at=clock.now())


def _seen(session: Session, current_key: str | None) -> Seen:
    known = session.get_decoded()
    began_at = known.get(BEGAN_AT)
    return Seen(
        id=_id_of(session.pk),
        began_at=datetime.fromisoformat(began_at) if began_at else None,
        browser=known.get(AGENT, ""),
        expires_at=session.expire_date,
        is_current=session.pk == current_key,
    )


def _id_of(key: str) -> str:
    return hashlib.sha256(f"session {key}".encode()).hexdigest()[:32]
