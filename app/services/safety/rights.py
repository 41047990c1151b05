"""What members of the staff may do: three rights, given in the admin, to people or to groups.

A superuser has all of them. Being ``is_staff`` alone opens the admin, where only what the other
permissions show can be looked at.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from app.exceptions import NotAllowed
from app.models import User


class Right(StrEnum):
    MODERATE = "moderate"
    MONEY = "money"
    OPERATE = "operate"


NEEDS = {
    Right.MODERATE: "This takes the right to moderate.",
    Right.MONEY: "This takes the right to move money.",
    Right.OPERATE: "This takes the right to operate jobs.",
}


def has(user: Any, right: Right) -> bool:
    """Whether the user is a member of the staff with this right."""
    return bool(user.is_staff and user.is_active and user.has_perm(f"app.{right}"))


def require(user: User, *rights: Right) -> None:
    """Raises NotAllowed unless the user has all of these rights."""
    for right in rights:
        if not has(user, right):
            raise NotAllowed(NEEDS[right])
