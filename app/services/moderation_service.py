"""What staff take down and bring back. Each act has a reason, which the person concerned is told
and the admin's log keeps. What each raises is a DomainError; nothing has changed then."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import Model

from app.exceptions import InvalidInput, InvalidTransition
from app.models import (
    Comment,
    CopyCheck,
    Generation,
    Licence,
    NotificationType,
    PictureCheck,
    Rating,
    Style,
    User,
    Visibility,
)
from app.models.ownership import MayChange, is_owner_or_staff
from app.services import community_service, style_service, training_service
from app.services.checks import pictures
from app.services.generation_service import GENERATIONS
from app.services.notification_service import tell_of_staff
from app.services.uploads import copy_service
from app.utils.names import is_seen, readable

MAX_REASON = 500
AGAINST_THE_RULES = "It is against the rules of this site."


@transaction.atomic
def hide_picture(picture: Generation, *, staff: User, reason: str) -> None:
    """Let only its owner see it, who cannot publish it."""
    reason, locked = required(reason), GENERATIONS.lock(picture.pk)
    if locked.hidden_reason:
        raise InvalidTransition("This picture is hidden already.")
    locked.visibility, locked.hidden_reason = Visibility.PRIVATE, reason
    locked.save(update_fields=["visibility", "hidden_reason"])
    _note_and_tell(staff, locked, "Hidden", NotificationType.PICTURE_HIDDEN, reason)


@transaction.atomic
def show_picture(picture: Generation, *, staff: User, reason: str) -> None:
    """Let its owner publish it again."""
    reason, locked = required(reason), GENERATIONS.lock(picture.pk)
    if not locked.hidden_reason:
        raise InvalidTransition("This picture is not hidden.")
    if Licence.objects.ended().filter(pk=locked.pk).exists():
        raise InvalidTransition("The licence of this picture has ended.")
    locked.hidden_reason = ""
    pictures.unblock(locked, reason)
    locked.save(update_fields=["hidden_reason", "rating"])
    _note_and_tell(staff, locked, "May be published again", NotificationType.PICTURE_SHOWN, reason)


@transaction.atomic
def rate_general(picture: Generation, *, staff: User, reason: str) -> None:
    """Show to everybody what a check by machine took for nudity."""
    reason, locked = required(reason), GENERATIONS.lock(picture.pk)
    if locked.rating != Rating.MATURE:
        raise InvalidTransition("This picture is not rated mature.")
    pictures.decide(locked, Rating.GENERAL, reason)
    locked.save(update_fields=["rating"])
    _note_and_tell(staff, locked, "Rated general", NotificationType.PICTURE_CLEARED, reason)


@transaction.atomic
def lift_check(check: PictureCheck, *, staff: User, reason: str) -> None:
    """Show again a profile picture or signature that a check took down."""
    reason = required(reason)
    pictures.lift(check, reason)
    note(staff, check, "Shown again", reason)


@transaction.atomic
def uphold_check(check: PictureCheck, *, staff: User, reason: str) -> None:
    """Do not show a profile picture or signature that a check took down, and delete the file."""
    reason = required(reason)
    pictures.uphold(check, reason)
    note(staff, check, "Refused", reason)


@transaction.atomic
def withdraw_style(style: Style, *, staff: User, reason: str) -> None:
    """Nobody finds it or orders from it, and its artist, who may have withdrawn it before, cannot
    offer it. Its pictures stay."""
    reason, locked = required(reason), training_service.lock_style(style.pk)
    if locked.withdrawn_reason:
        raise InvalidTransition("This style is withdrawn already.")
    style_service.withdraw([locked], reason=reason)
    _note_and_tell(staff, locked, "Withdrawn", NotificationType.STYLE_WITHDRAWN, reason)


@transaction.atomic
def restore_style(style: Style, *, staff: User, reason: str) -> None:
    """Offer again what staff withdrew, unless its artist had withdrawn it, or has since."""
    reason, locked = required(reason), training_service.lock_style(style.pk)
    artist = locked.artist.user
    if not locked.withdrawn_reason:
        raise InvalidTransition("Our staff has not withdrawn this style.")
    if artist.is_closed:
        raise InvalidTransition("The artist of this style has left.")
    locked.withdrawn_reason = ""
    locked.save(update_fields=["withdrawn_reason"])
    if locked.was_offered:
        style_service.update_style(user=artist, style_id=locked.pk, is_active=True)
    _note_and_tell(staff, locked, "Restored", NotificationType.STYLE_RESTORED, reason)


@transaction.atomic
def allow_works(check: CopyCheck, *, staff: User, reason: str) -> None:
    """Train a style on works that are like those of others."""
    reason, locked = required(reason), training_service.lock_style(check.style_id)
    copy_service.allow(locked, reason)
    done = f"Works may be trained on ({_said(check)})"
    _note_and_tell(staff, locked, done, NotificationType.WORKS_ALLOWED, reason)


@transaction.atomic
def refuse_works(check: CopyCheck, *, staff: User, reason: str) -> None:
    """Do not train a style on works that are like those of others. Its artist may upload others."""
    reason, locked = required(reason), training_service.lock_style(check.style_id)
    copy_service.refuse(locked, reason)
    done = f"Works refused ({_said(check)})"
    _note_and_tell(staff, locked, done, NotificationType.WORKS_REFUSED, reason)


@transaction.atomic
def delete_comment(
    *,
    user: User,
    comment_id: int,
    reason: str = AGAINST_THE_RULES,
    may_change: MayChange = is_owner_or_staff,
) -> None:
    """Delete a comment with its replies. If ``user`` is not its author, that is an act of staff."""
    reason = required(reason)
    comment = community_service.delete_comment(
        user=user, comment_id=comment_id, may_change=may_change
    )
    if comment.user_id != user.pk:
        done = f"Removed “{comment.content}”"
        _note_and_tell(user, comment, done, NotificationType.COMMENT_REMOVED, reason, DELETION)


def required(reason: str) -> str:
    """The reason of an act of staff. Raises InvalidInput."""
    reason = readable(reason).strip()
    if not is_seen(reason) or len(reason) > MAX_REASON:
        raise InvalidInput(f"Give a reason of at most {MAX_REASON} characters.")
    return reason


def note(staff: User, thing: Model, done: str, reason: str, flag: int = CHANGE) -> None:
    """Write what was done to ``thing`` into the admin's log."""
    message = f"{done}. Reason: {reason}"
    LogEntry.objects.log_actions(staff.pk, [thing], flag, message, single_object=True)


def _said(check: CopyCheck) -> str:
    """Which works were held, counted from 0, and for what: the row goes with the decision."""
    return "; ".join(f"{each['work']}: {each['kind']} {each['id']}" for each in check.found)


def _note_and_tell(
    staff: User,
    thing: Generation | Style | Comment,
    done: str,
    kind: NotificationType,
    reason: str,
    flag: int = CHANGE,
) -> None:
    note(staff, thing, done, reason, flag)
    tell_of_staff(thing, kind, reason)
