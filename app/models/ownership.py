"""Whose a thing is: one rule for the API's permission classes, the site and the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Whether somebody may change a thing. What a service says when they may not depends on whether
# they may know of it.
MayChange = Callable[[Any, Any], bool]
_OWNERS = ("user_id", "artist_id", "recipient_id")


def owner_id(thing: Any) -> int | None:
    """The id of the user whom a thing belongs to; None when it is nobody's."""
    names = (name for name in _OWNERS if hasattr(thing, name))
    return next((getattr(thing, name) for name in names), None)


def is_owner(user: Any, thing: Any) -> bool:
    """Ownership never changes: what holds before a row is locked holds under the lock as well."""
    return user.pk is not None and owner_id(thing) == user.pk


def is_owner_or_staff(user: Any, thing: Any) -> bool:
    return is_owner(user, thing) or user.is_staff
