"""Notifications. Each is written in the transaction of its event, so both commit or neither."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from app.exceptions import InvalidInput, NotFound
from app.models import (
    Comment,
    Follow,
    Generation,
    Like,
    Notification,
    NotificationType,
    Style,
    User,
)
from app.models.notification import TargetType
from app.models.ownership import MayChange, is_owner
from app.models.writes import NOTIFY, write
from app.utils import clock

# Of each picture, one of them is told, once.
OUTCOMES = (NotificationType.GENERATION_COMPLETE, NotificationType.GENERATION_FAILED)


def tell_of_like(like: Like) -> None:
    _tell_owner(
        like.generation,
        actor=like.user,
        kind=NotificationType.LIKE,
        message=f"{like.user.username} likes your picture.",
    )


def tell_of_comment(comment: Comment) -> None:
    _tell_owner(
        comment.generation,
        actor=comment.user,
        kind=NotificationType.COMMENT,
        message=f"{comment.user.username} commented on your picture: {comment.content}",
    )
    parent = comment.parent
    # The owner of the picture is already notified.
    if parent is not None and parent.user_id != comment.generation.user_id:
        _create(
            recipient_id=parent.user_id,
            actor=comment.user,
            type=NotificationType.COMMENT,
            message=f"{comment.user.username} replied to your comment: {comment.content}",
            target_type=TargetType.IMAGE,
            target_id=comment.generation_id,
        )


def tell_of_follow(follow: Follow) -> None:
    _create(
        recipient_id=follow.following_id,
        actor=follow.follower,
        type=NotificationType.FOLLOW,
        message=f"{follow.follower.username} follows you.",
        target_type=TargetType.USER,
        target_id=follow.follower_id,
    )


def tell_training_complete(style: Style) -> None:
    _tell_artist(
        style, NotificationType.TRAINING_COMPLETE, f"Your style model {style.name} is ready!"
    )


def tell_training_failed(style: Style) -> None:
    _tell_artist(
        style,
        NotificationType.TRAINING_FAILED,
        f"Training failed for {style.name}. {style.failure_reason}",
    )


def generation_complete(generation: Generation) -> dict[str, Any]:
    """The buyer's notification, as values of NOTIFY."""
    return _values(
        recipient_id=generation.user_id,
        type=NotificationType.GENERATION_COMPLETE,
        message=f"Your picture in the style {generation.style.name} is ready.",
        target_type=TargetType.IMAGE,
        target_id=generation.pk,
    )


def tell_generation_failed(generation: Generation) -> None:
    _tell_owner(
        generation,
        kind=NotificationType.GENERATION_FAILED,
        message=f"Your picture in the style {generation.style.name} could not be made; "
        f"{generation.cost} tokens were refunded. {generation.failure_reason}",
    )


def tell(
    *, recipient_id: int, kind: str, message: str, target_type: str = "", target_id: int | None
) -> Notification:
    """Notify a user on behalf of a worker or another service. Raises InvalidInput.

    The outcome of a picture is notified once: a second call returns the first notification.
    """
    if not User.objects.open().filter(pk=recipient_id).exists():
        raise InvalidInput.field("recipient_id", "There is no such user.")
    target = {"target_type": target_type, "target_id": target_id}
    try:
        with transaction.atomic():
            return Notification.objects.create(
                recipient_id=recipient_id, type=kind, message=message, **target
            )
    except IntegrityError as error:
        if "notification_outcome_once" not in str(error):
            raise
        return Notification.objects.get(
            recipient_id=recipient_id, target_id=target_id, type__in=OUTCOMES
        )


@transaction.atomic
def mark_read(
    user: User, notification_id: int, *, may_change: MayChange = is_owner
) -> Notification:
    """Raises NotFound for another user's notification."""
    found = Notification.objects.select_related("actor").filter(pk=notification_id)
    notification = found.first()
    if notification is None or not may_change(user, notification):
        raise NotFound("You have no such notification.")
    if not notification.is_read:
        notification.is_read = True
        notification.save(update_fields=["is_read"])
    return notification


def mark_all_read(user: User) -> int:
    """Returns how many were unread."""
    return Notification.objects.filter(recipient=user, is_read=False).update(is_read=True)


def _tell_owner(
    generation: Generation, *, kind: str, message: str, actor: User | None = None
) -> None:
    _create(
        recipient_id=generation.user_id,
        actor=actor,
        type=kind,
        message=message,
        target_type=TargetType.IMAGE,
        target_id=generation.pk,
    )


def _tell_artist(style: Style, kind: str, message: str) -> None:
    _create(
        recipient_id=style.artist_id,
        type=kind,
        message=message,
        target_type=TargetType.STYLE,
        target_id=style.pk,
    )


def _create(*, actor: User | None = None, **told: Any) -> None:
    """Never for one's own acts; what the constraints allow once is silently kept to once."""
    if actor is None or actor.pk != told["recipient_id"]:
        write(NOTIFY, **_values(actor_id=actor.pk if actor else None, **told))


def _values(
    *,
    recipient_id: int,
    actor_id: int | None = None,
    type: str,
    message: str,
    target_type: str,
    target_id: int,
) -> dict[str, Any]:
    """Those of NOTIFY."""
    return {
        "recipient_id": recipient_id,
        "actor_id": actor_id,
        "type": type,
        "message": message[:1200].strip(),
        "target_type": target_type,
        "target_id": target_id,
        "created_at": clock.now(),
    }
