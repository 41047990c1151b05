"""Who does not want to see whom: blocks and mutes.

A block hides two people from each other; a mute hides a person from one, and the person notices
nothing. Styles stay on offer, and licences stay as they are: what is sold does not depend on who
likes whom.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from app.exceptions import Conflict, NotFound
from app.models import HiddenPerson, User
from app.services import community_service, notification_service
from app.services.token_service import lock_users

# Each read looks through them.
MOST_HIDDEN = 5000


@dataclass(frozen=True)
class Distance:
    """Whether a user blocks or mutes a person."""

    is_blocked: bool
    is_muted: bool


@transaction.atomic
def set_block(*, user: User, person_id: int, is_blocked: bool) -> Distance:
    """Block a person, or do so no more. Raises NotFound, and Conflict for oneself.

    A block ends that they follow each other, and deletes what one was told of the other; that does
    not come back with its end.
    """
    person = _lock_pair(user, person_id, is_more=is_blocked)
    mine = _change(user, person, blocks=is_blocked)
    _change(person, user, is_blocked=is_blocked)
    if is_blocked:
        community_service.unfollow_each_other(user, person)
        notification_service.forget_between(user.pk, person.pk)
        notification_service.forget_between(person.pk, user.pk)
    return mine


@transaction.atomic
def set_mute(*, user: User, person_id: int, is_muted: bool) -> Distance:
    """Mute a person, or do so no more. Raises NotFound, and Conflict for oneself."""
    person = _lock_pair(user, person_id, is_more=is_muted)
    mine = _change(user, person, mutes=is_muted)
    if is_muted:
        notification_service.forget_between(user.pk, person.pk)
    return mine


def forget_user(user: User) -> None:
    """Nobody hides a closed account, nor does it hide anybody. Runs in the caller's
    transaction."""
    HiddenPerson.objects.filter(viewer=user).delete()
    HiddenPerson.objects.filter(person=user).delete()


def _lock_pair(user: User, person_id: int, *, is_more: bool) -> User:
    """Both, so that a like, comment or follow under way has ended or sees what is decided here.
    ``is_more``: the user hides one more, perhaps."""
    if person_id == user.pk:
        raise Conflict("You cannot block or mute yourself.")
    both = lock_users(user.pk, person_id)
    if any(each.is_closed for each in both.values()):
        raise NotFound("There is no such user.")
    if is_more and HiddenPerson.objects.chosen_by(user).count() >= MOST_HIDDEN:
        raise Conflict(f"You hide {MOST_HIDDEN} people. Show one of them again first.")
    return both[person_id]


def _change(viewer: User, person: User, **flags: bool) -> Distance:
    """Set ``flags`` of what the one hides of the other; no row is left without any."""
    found = HiddenPerson.objects.filter(viewer=viewer, person=person).first()
    row = found or HiddenPerson(viewer=viewer, person=person)
    for name, value in flags.items():
        setattr(row, name, value)
    if row.blocks or row.is_blocked or row.mutes:
        row.save()
    elif found is not None:
        found.delete()
    return Distance(is_blocked=row.blocks, is_muted=row.mutes)
