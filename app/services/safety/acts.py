"""What a decision does to a picture, a style, its works, or a comment, and how it is undone.

Each act is one transaction: the thing is changed, the decision recorded, its owner told. All raise
NotFound, and InvalidTransition where the thing is not in a state for it; nothing has changed then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import Model

from app.exceptions import InvalidTransition, NotFound
from app.models import (
    Action,
    Comment,
    Decision,
    Generation,
    GenerationStatus,
    Licence,
    ModerationCase,
    NotificationType,
    Rating,
    Style,
    ThingKind,
    Visibility,
)
from app.services import community_service, style_service, training_service
from app.services.checks import pictures
from app.services.generation_service import GENERATIONS
from app.services.notification_service import tell_of_staff
from app.services.safety.records import Act, Why, case_apart, record
from app.services.token_service import lock_users
from app.services.uploads import copy_service
from app.utils import clock

# Of a reply, for its author.
GONE_WITH = "It was a reply to a comment that was removed."


@transaction.atomic
def hide_picture(
    picture_id: int, why: Why, *, case: ModerationCase | None = None, strikes: bool | None = None
) -> Decision:
    """Let only its owner see it, who cannot publish it."""
    picture = GENERATIONS.lock(picture_id)
    if picture.hidden_reason:
        raise InvalidTransition("This picture is hidden already.")
    before = {"visibility": Decision.objects.visibility_of(picture)}
    picture.visibility, picture.hidden_reason = Visibility.PRIVATE, why.words
    picture.save(update_fields=["visibility", "hidden_reason"])
    after = {"visibility": picture.visibility, "hidden_reason": why.words}
    act = _act(Action.HIDE, picture, before=before, after=after)
    told = NotificationType.PICTURE_HIDDEN
    return _record(act, picture, why, "Hidden", told, case=case, strikes=strikes)


@transaction.atomic
def show_picture(
    picture_id: int, why: Why, *, case: ModerationCase | None = None, as_before: bool = False
) -> Decision:
    """Let its owner publish it again; ``as_before`` publishes it if it was public, and of a
    suspended account once that is over. Its place in the feed is the one that it had: it follows
    from its age and its likes."""
    picture = GENERATIONS.lock(picture_id)
    if not picture.hidden_reason:
        raise InvalidTransition("This picture is not hidden.")
    if Licence.objects.ended().filter(pk=picture.pk).exists():
        raise InvalidTransition("The licence of this picture has ended.")
    undone = Decision.objects.restriction(ThingKind.PICTURE, picture.pk)
    before = {"visibility": picture.visibility, "hidden_reason": picture.hidden_reason}
    picture.hidden_reason = ""
    pictures.unblock(picture, why.words)
    was_public = undone is not None and undone.before.get("visibility") == Visibility.PUBLIC
    is_whole = picture.status == GenerationStatus.COMPLETED and picture.deleted_at is None
    owner = lock_users(picture.user_id)[picture.user_id]
    is_due = as_before and was_public and is_whole and not owner.is_closed
    if is_due and not owner.is_suspended:
        picture.visibility = Visibility.PUBLIC
    picture.save(update_fields=["visibility", "hidden_reason", "rating"])
    after: dict[str, Any] = {"visibility": picture.visibility}
    after |= {"returns": True} if is_due and owner.is_suspended else {}
    act = _act(Action.RESTORE, picture, before=before, after=after)
    told = NotificationType.PICTURE_SHOWN
    return _record(act, picture, why, "May be published again", told, case=case)


@transaction.atomic
def rate_general(picture_id: int, why: Why) -> Decision:
    """Show to everybody what a check by machine took for nudity. What it has hidden besides is let
    be published again instead: ``show_picture``."""
    picture = GENERATIONS.lock(picture_id)
    before = {"rating": picture.rating}
    rated = Decision.objects.about(ThingKind.PICTURE, picture.pk).filter(action=Action.RATE).first()
    if picture.rating == Rating.MATURE:
        pictures.decide(picture, Rating.GENERAL, why.words)
    elif picture.rating == Rating.BLOCKED and rated is not None:
        # Our staff had hidden it before, for another reason.
        pictures.unblock(picture, why.words)
    else:
        raise InvalidTransition("This picture is not rated mature.")
    picture.save(update_fields=["rating"])
    act = _act(Action.PARDON, picture, before=before, after={"rating": picture.rating})
    # What people have reported of it is decided on by itself.
    case = case_apart(act) if rated is None else rated.case
    told = NotificationType.PICTURE_CLEARED
    return _record(act, picture, why, "Rated general", told, case=case, reverses=rated)


@transaction.atomic
def hold_style(style_id: int, why: Why, *, case: ModerationCase | None = None) -> Decision:
    """Sell nothing in it and pay nothing out that it earned until it is decided on. Nobody finds
    it. What is ordered already is made."""
    style = training_service.lock_style(style_id)
    if style.withdrawn_reason:
        raise InvalidTransition("This style is withdrawn or on hold already.")
    before = {"is_active": style.is_active}
    style_service.withdraw([style], reason=why.words)
    style.held_at = clock.now()
    style.save(update_fields=["held_at"])
    after = {"is_active": False, "withdrawn_reason": why.words, "is_on_hold": True}
    act = _act(Action.HOLD, style, before=before, after=after, money={"effect": "held"})
    told = NotificationType.STYLE_HELD
    return _record(act, style, why, "On hold", told, case=case, strikes=False)


@transaction.atomic
def withdraw_style(
    style_id: int, why: Why, *, case: ModerationCase | None = None, strikes: bool | None = None
) -> Decision:
    """Nobody finds it or orders from it, and its artist, who may have withdrawn it before, cannot
    offer it. Its pictures stay. What was on hold is not any more: earnings are payable, but for
    those of sales that are reversed."""
    style = training_service.lock_style(style_id)
    if style.withdrawn_reason and not style.is_on_hold:
        raise InvalidTransition("This style is withdrawn already.")
    before = {"is_active": style.is_active, "is_on_hold": style.is_on_hold}
    if style.is_on_hold:
        style.held_at, style.withdrawn_reason = None, why.words
        style.save(update_fields=["held_at", "withdrawn_reason", "updated_at"])
    else:
        style_service.withdraw([style], reason=why.words)
    after = {"is_active": False, "withdrawn_reason": why.words}
    act = _act(Action.WITHDRAW, style, before=before, after=after)
    told = NotificationType.STYLE_WITHDRAWN
    return _record(act, style, why, "Withdrawn", told, case=case, strikes=strikes)


@transaction.atomic
def restore_style(style_id: int, why: Why, *, case: ModerationCase | None = None) -> Decision:
    """Offer again what staff withdrew or held, unless its artist had withdrawn it, or has since.
    Its place among others is the one that it had, and what it earned is payable."""
    artist_id = subject_of(ThingKind.STYLE, style_id)
    # Locked before the style: nobody suspends them meanwhile.
    artist = lock_users(artist_id)[artist_id]
    style = training_service.lock_style(style_id)
    if not style.withdrawn_reason:
        raise InvalidTransition("Our staff has not withdrawn this style.")
    if artist.is_closed:
        raise InvalidTransition("The artist of this style has left.")
    if artist.is_suspended:
        raise InvalidTransition("The artist of this style is suspended: end that first.")
    before = {"withdrawn_reason": style.withdrawn_reason, "is_on_hold": style.is_on_hold}
    style.withdrawn_reason, style.held_at = "", None
    style.save(update_fields=["withdrawn_reason", "held_at"])
    if style.was_offered:
        style_service.update_style(user=artist, style_id=style.pk, is_active=True)
    act = _act(Action.RESTORE, style, before=before, after={"is_active": style.was_offered})
    return _record(act, style, why, "Restored", NotificationType.STYLE_RESTORED, case=case)


@transaction.atomic
def allow_works(style_id: int, why: Why, *, said: str = "") -> Decision:
    """Train a style on works that are like those of others. ``said`` is what was found."""
    return _decide_on_works(style_id, why, said, Action.ALLOW)


@transaction.atomic
def refuse_works(style_id: int, why: Why, *, said: str = "") -> Decision:
    """Do not train a style on works that are like those of others. Its artist may upload others."""
    return _decide_on_works(style_id, why, said, Action.REFUSE)


@transaction.atomic
def allow_refused_works(refusal: Decision, why: Why) -> bool:
    """Train a style on the works that a decision had refused. Returns False where they are not
    there any more."""
    if not Style.objects.filter(pk=refusal.thing_id).exists():
        return False
    style = training_service.lock_style(refusal.thing_id)
    if not copy_service.allow_refused(style, why.words):
        return False
    act = _act(Action.ALLOW, style, after={"review": style.review})
    told = NotificationType.WORKS_ALLOWED
    _record(act, style, why, "Works allowed", told, case=refusal.case, reverses=refusal)
    return True


def _decide_on_works(style_id: int, why: Why, said: str, action: Action) -> Decision:
    style = training_service.lock_style(style_id)
    if action == Action.ALLOW:
        copy_service.allow(style, why.words)
        done, told = f"Works may be trained on ({said})", NotificationType.WORKS_ALLOWED
    else:
        copy_service.refuse(style, why.words)
        done, told = f"Works refused ({said})", NotificationType.WORKS_REFUSED
    act = _act(action, style, after={"review": style.review})
    held = Decision.objects.review(style.pk)
    case = case_apart(act) if held is None else held.case
    reverses = held if action == Action.ALLOW else None
    return _record(act, style, why, done, told, case=case, strikes=False, reverses=reverses)


@transaction.atomic
def remove_comment(
    comment_id: int, why: Why, *, case: ModerationCase | None = None, strikes: bool | None = None
) -> Decision:
    """Show it to nobody any more, nor its replies, whose authors are told why. It is kept until
    nobody can appeal."""
    comment, hidden = community_service.hide_comment(comment_id)
    act = _act(Action.REMOVE, comment, before={"hidden": []}, after={"hidden": hidden})
    told = NotificationType.COMMENT_REMOVED
    decision = _record(
        act, comment, why, "Removed", told, flag=DELETION, case=case, strikes=strikes
    )
    _state_replies(comment, hidden, why)
    return decision


def _state_replies(comment: Comment, hidden: list[int], why: Why) -> None:
    """Replies go with the comment, whatever they say: that is no fault of their authors. Who wrote
    the comment, or removes it, knows already."""
    known = [comment.user_id, *([why.staff.pk] if why.staff is not None else [])]
    because = replace(why, words=GONE_WITH)
    for reply in Comment.objects.filter(pk__in=hidden).exclude(user_id__in=known).order_by("pk"):
        after = {"hidden": [reply.pk], "with": comment.pk}
        act = _act(Action.REMOVE, reply, before={"hidden": []}, after=after)
        decision = record(act, because, case=case_apart(act), strikes=False)
        _tell(reply, NotificationType.COMMENT_REMOVED, because, decision)


@transaction.atomic
def restore_comment(comment_id: int, why: Why, *, case: ModerationCase | None = None) -> Decision:
    """Show it again where it was, with the replies that went with it."""
    undone = Decision.objects.restriction(ThingKind.COMMENT, comment_id)
    if undone is None:
        raise InvalidTransition("This comment is not removed.")
    hidden = undone.after["hidden"]
    comment = community_service.show_comments(comment_id, hidden)
    act = _act(Action.RESTORE, comment, before={"hidden": hidden})
    told = NotificationType.COMMENT_RESTORED
    decision = _record(act, comment, why, "Restored", told, case=case)
    _state_replies_back(comment, hidden, why)
    return decision


def _state_replies_back(comment: Comment, hidden: list[int], why: Why) -> None:
    gone_with = Decision.objects.filter(kind=ThingKind.COMMENT, thing_id__in=hidden)
    gone_with = gone_with.filter(action=Action.REMOVE, after__with=comment.pk, reversed_by=None)
    gone = {each.thing_id: each for each in gone_with.select_related("case")}
    for reply in Comment.objects.filter(pk__in=gone).order_by("pk"):
        its = gone[reply.pk]
        back = record(_act(Action.RESTORE, reply), why, case=its.case, reverses=its)
        _tell(reply, NotificationType.COMMENT_RESTORED, why, back)


def subject_of(kind: str, thing_id: int) -> int:
    """Whose thing it is. Raises NotFound."""
    owners = {
        ThingKind.PICTURE: Generation.objects.filter(pk=thing_id).values_list("user_id"),
        ThingKind.STYLE: Style.objects.filter(pk=thing_id).values_list("artist_id"),
        ThingKind.COMMENT: Comment.objects.filter(pk=thing_id).values_list("user_id"),
    }
    if kind not in owners:
        return thing_id
    owner = owners[ThingKind(kind)].first()
    if owner is None:
        raise NotFound("There is no such thing.")
    return int(owner[0])


def log(why: Why, thing: Model, done: str, flag: int = CHANGE) -> None:
    """Write what our staff did to ``thing`` into the admin's log, too."""
    if why.staff is not None:
        message = f"{done}. Reason: {why.words}"
        LogEntry.objects.log_actions(why.staff.pk, [thing], flag, message, single_object=True)


def _act(action: Action, thing: Generation | Style | Comment, **more: Any) -> Act:
    """``more`` as in Act."""
    if isinstance(thing, Style):
        return Act(action, ThingKind.STYLE, thing.pk, thing.artist_id, **more)
    kind = ThingKind.COMMENT if isinstance(thing, Comment) else ThingKind.PICTURE
    return Act(action, kind, thing.pk, thing.user_id, **more)


def _record(
    act: Act,
    thing: Generation | Style | Comment,
    why: Why,
    done: str,
    told: NotificationType,
    *,
    flag: int = CHANGE,
    **more: Any,
) -> Decision:
    """Write what was done to a thing down, and tell its owner. ``more`` as in ``record``."""
    decision = record(act, why, **more)
    log(why, thing, done, flag)
    _tell(thing, told, why, decision)
    return decision


def _tell(
    thing: Generation | Style | Comment, kind: NotificationType, why: Why, decision: Decision
) -> None:
    tell_of_staff(thing, kind, why.words, statement_id=decision.statement_id)
