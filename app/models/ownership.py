"""Ownership: one rule for the API's permission classes, the site and the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Whether a user may change an object. If not, the service answers NotAllowed, or NotFound if the
# user may not see the object.
MayChange = Callable[[Any, Any], bool]
_OWNERS = ("user_id", "artist_id", "recipient_id")


def owner_id(thing: Any) -> int | None:
    """The id of the user who owns ``thing``; None if nobody does."""
    names = (name for name in _OWNERS if hasattr(thing, name))
    return next((getattr(thing, name) for name in names), None)


def is_owner(user: Any, thing: Any) -> bool:
    """Whether ``user`` owns ``thing``. Ownership never changes, so no lock is needed."""
    return user.pk is not None and owner_id(thing) == user.pk


def is_owner_or_staff(user: Any, thing: Any) -> bool:
    """The owner, or a member of the staff with the right to moderate."""
    return is_owner(user, thing) or (user.is_staff and user.has_perm("app.moderate"))
