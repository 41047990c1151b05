"""Notifications. Each is written in the transaction of its event, so both commit or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from psycopg.types.json import Jsonb

from app.exceptions import InvalidInput, NotFound
from app.models import (
    Artist,
    Comment,
    Follow,
    Generation,
    Like,
    MoveStatus,
    Notification,
    NotificationType,
    Order,
    Payout,
    Purchase,
    Style,
    User,
)
from app.models.notification import OTHER_WORDS, WORDS, TargetType
from app.models.ownership import MayChange, is_owner
from app.models.rating import Looked
from app.models.writes import (
    FORGET_ACTOR,
    NOTIFY,
    NOTIFY_OF_FOLLOW,
    NOTIFY_OF_LIKE,
    SEE_PICTURE,
    write,
)
from app.services import mail_service
from app.utils import clock

# Of each picture, one of them is told, once.
OUTCOMES = (NotificationType.GENERATION_COMPLETE, NotificationType.GENERATION_FAILED)


def tell_of_like(like: Like) -> None:
    picture = like.generation
    _create(
        *(picture.user_id, NotificationType.LIKE, {}, TargetType.IMAGE, picture.pk),
        actor=like.user,
        by=NOTIFY_OF_LIKE,
    )


def tell_of_comment(comment: Comment) -> None:
    picture, parent, said = comment.generation, comment.parent, {"said": comment.content}
    _tell_owner(picture, NotificationType.COMMENT, said, actor=comment.user)
    # The owner of the picture is already notified.
    if parent is not None and parent.user_id != picture.user_id:
        _create(
            *(parent.user_id, NotificationType.COMMENT, {**said, "is_reply": True}),
            *(TargetType.IMAGE, picture.pk),
            actor=comment.user,
        )


def forget_comment(comment: Comment) -> None:
    """Delete what quotes a comment that is deleted."""
    said = comment.content
    # The version that kept no parameters has worded it.
    quoted = Q(parameters__said=said) | Q(parameters__isnull=True, message__endswith=f": {said}")
    told = Notification.objects.filter(type=NotificationType.COMMENT, actor_id=comment.user_id)
    about = {"target_type": TargetType.IMAGE, "target_id": comment.generation_id}
    told.filter(quoted, **about).delete()


def fold_comments_by(user: User) -> None:
    """Show nobody what quotes the comments of a user who is suspended. They count as read."""
    _quoting(user, is_folded=False).update(is_folded=True, is_read=True)


def unfold_comments_by(user: User) -> None:
    _quoting(user, is_folded=True).update(is_folded=False)


def _quoting(user: User, **which: bool) -> QuerySet[Notification]:
    """Locked in order. Notices of comments are in no group, so nothing else folds them."""
    told = Notification.objects.filter(type=NotificationType.COMMENT, actor=user, **which)
    locked = told.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
    return Notification.objects.filter(pk__in=list(locked))


def tell_of_follow(follow: Follow) -> None:
    _create(
        *(follow.following_id, NotificationType.FOLLOW, {}, TargetType.USER, follow.follower_id),
        actor=follow.follower,
        by=NOTIFY_OF_FOLLOW,
    )


def tell_training_complete(style: Style) -> None:
    _tell_artist(style, NotificationType.TRAINING_COMPLETE, {"name": style.name})


def tell_training_failed(style: Style) -> None:
    said = {"name": style.name, "reason": style.failure_reason}
    _tell_artist(style, NotificationType.TRAINING_FAILED, said)


def tell_of_copy(style: Style, work: int) -> None:
    """Tell the artist that a picture was refused for being like the work at this place (from
    0)."""
    _tell_artist(style, NotificationType.COPY_REFUSED, {"name": style.name, "work": work + 1})


def tell_works_held(
    style: Style, works: Sequence[int], *, is_nude: bool, statement_id: int | None
) -> None:
    """Tell the artist that these works (from 0) are like those of others, or show nudity, and wait
    for staff."""
    numbers = ", ".join(str(work + 1) for work in works)
    said: dict[str, object] = {"name": style.name, "works": numbers, "statement": statement_id}
    said |= {"is_nude": True} if is_nude else {}
    _tell_artist(style, NotificationType.WORKS_HELD, said)


def tell_of_rating(picture: Generation, *, statement_id: int | None, is_hidden: bool) -> None:
    """Tell the owner of a picture that a check has found nudity, and what follows."""
    stated = {"statement": statement_id}
    if is_hidden:
        said = {"why": picture.hidden_reason, "is_check": True, **stated}
        _tell_owner(picture, NotificationType.PICTURE_HIDDEN, said)
    else:
        said = {"name": picture.style.name, **stated}
        _tell_owner(picture, NotificationType.PICTURE_RATED, said)


def tell_of_taken(
    user_id: int,
    kind: NotificationType,
    what: str,
    reason: str = "",
    *,
    statement_id: int | None = None,
) -> None:
    """Tell somebody what became of their profile picture or signature, in which a check found
    nudity."""
    said: dict[str, object] = {"why": reason}
    said |= {} if statement_id is None else {"statement": statement_id}
    if what == Looked.SIGNATURE:
        said[f"signature_{kind.removeprefix('image_')}"] = True
    _create(user_id, kind, said, "", None)


def generation_complete(generation: Generation) -> dict[str, object]:
    """The buyer's notification, as values of COMPLETE_GENERATION."""
    kind, said = NotificationType.GENERATION_COMPLETE, {"name": generation.style.name}
    return _values(generation.user_id, kind, said, TargetType.IMAGE, generation.pk)


def tell_generation_failed(generation: Generation) -> None:
    """Of an order of several pictures, its end alone is told."""
    order_id = generation.order_id
    if order_id is not None and Order.objects.of_several().filter(pk=order_id).exists():
        return
    said = {
        "name": generation.style.name,
        "cost": generation.cost,
        "reason": generation.failure_reason,
    }
    _tell_owner(generation, NotificationType.GENERATION_FAILED, said)


def tell_order_ended(order: Order, *, ready: int, refunded: int) -> None:
    """Tell the buyer how many pictures of several are ``ready``, and the tokens ``refunded``."""
    said = {"count": order.item_count, "ready": ready, "refunded": refunded}
    said |= {"is_short": True} if ready < order.item_count else {}
    if order.item_count > 1:
        _create(order.user_id, NotificationType.ORDER_ENDED, said, TargetType.ORDER, order.pk)


def tell_of_staff(
    thing: Generation | Style | Comment,
    kind: NotificationType,
    reason: str,
    *,
    statement_id: int | None = None,
) -> None:
    """Tell the owner of ``thing`` what staff did to it, and why. The site links to the statement of
    reasons."""
    said: dict[str, object] = {"why": reason}
    said |= {} if statement_id is None else {"statement": statement_id}
    if kind == NotificationType.PICTURE_SHOWN and isinstance(thing, Generation):
        said |= {"is_public": True} if thing.is_public else {}
    if isinstance(thing, Style):
        _tell_artist(thing, kind, {"name": thing.name, **said})
    else:
        picture_id = thing.generation_id if isinstance(thing, Comment) else thing.pk
        _create(thing.user_id, kind, said, TargetType.IMAGE, picture_id)


def tell_of_account(user_id: int, kind: NotificationType, said: Mapping[str, object]) -> None:
    """Tell a user, who may have left, what was decided about the account or an appeal of theirs."""
    if User.objects.open().filter(pk=user_id).exists():
        _create(user_id, kind, said, "", None)


def tell_reporters(user_ids: Sequence[int], case_id: int) -> None:
    """Tell those who reported one thing that it is decided on."""
    kind = NotificationType.REPORT_DECIDED
    rows = [_values(user_id, kind, {"case": case_id}, "", None) for user_id in sorted(user_ids)]
    for row in rows:
        row["parameters"] = {"case": case_id}
    Notification.objects.bulk_create(Notification(**row) for row in rows)
    mail_service.note(sorted(user_ids), kind)


def tell_of_sale(
    picture: Generation,
    to_buyer: str,
    to_artist: str,
    said: Mapping[str, object],
    *,
    statements: tuple[int | None, int | None] = (None, None),
) -> None:
    """Tell both sides what became of a sale, each in words of their own, with the statement of
    reasons that each was given."""
    told = [{**said, **({"statement": pk} if pk else {})} for pk in statements]
    sides = []
    if not picture.user.is_closed:
        sides.append((picture.user_id, partial(_tell_owner, picture, to_buyer, told[0])))
    if not picture.style.artist.user.is_closed:
        artist_id = picture.style.artist_id
        sides.append((artist_id, partial(_tell_artist, picture.style, to_artist, told[1])))
    # Who is due for an e-mail is locked in id order, as where all artists are told of a day.
    for _user_id, tell_side in sorted(sides, key=itemgetter(0)):
        tell_side()


def tell_of_payout(payout: Payout, money: str, *, is_test: bool) -> None:
    """Tell the artist that ``money`` has arrived, or came back."""
    said: dict[str, object] = {"money": money, "amount": payout.amount}
    if payout.status == MoveStatus.PAID:
        kind = NotificationType.PAYOUT_PAID
        said |= {"is_test": True} if is_test else {}
    else:
        kind = NotificationType.PAYOUT_FAILED
        said["reason"] = payout.failure
    _create(payout.artist_id, kind, said, "", None)


def tell_of_purchase(
    purchase: Purchase, kind: NotificationType, money: str, **said: object
) -> None:
    """Tell the buyer what became of a payment of theirs, or of a part of it."""
    if not purchase.user.is_closed:
        about = {"money": money, "purchase": purchase.pk, **said}
        _create(purchase.user_id, kind, about, "", None)


def tell_webhook_disabled(user_id: int, url: str) -> None:
    _create(user_id, NotificationType.WEBHOOK_DISABLED, {"url": url}, "", None)


def tell_export_ready(user_id: int) -> None:
    _create(user_id, NotificationType.EXPORT_READY, {}, "", None)


def tell_signature_unseen(artist: Artist) -> bool:
    """Tell an artist, unless that was done before. Returns whether it was not."""
    kind = NotificationType.SIGNATURE_UNSEEN
    if Notification.objects.filter(recipient_id=artist.pk, type=kind).exists():
        return False
    _create(artist.pk, kind, {}, "", None)
    return True


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
            told = Notification.objects.create(
                recipient_id=recipient_id, type=kind, message=message, **target
            )
            mail_service.note([recipient_id], kind)
    except IntegrityError as error:
        if "notification_outcome_once" not in str(error):
            raise
        told = Notification.objects.get(
            recipient_id=recipient_id, target_id=target_id, type__in=OUTCOMES
        )
    return Notification.objects.with_subject().get(pk=told.pk)


def find(user: User, notification_id: int, *, may_change: MayChange = is_owner) -> Notification:
    """Raises NotFound for another user's notification."""
    found = Notification.objects.select_related("actor").with_subject()
    notification = found.filter(pk=notification_id).first()
    if notification is None or not may_change(user, notification):
        raise NotFound("You have no such notification.")
    return notification


@transaction.atomic
def mark_read(
    user: User, notification_id: int, *, may_change: MayChange = is_owner
) -> Notification:
    """Raises NotFound for another user's notification."""
    notification = find(user, notification_id, may_change=may_change)
    if not notification.is_read:
        notification.is_read = True
        notification.save(update_fields=["is_read"])
    return notification


def mark_seen(user: User, **about: Any) -> int:
    """Mark as read what was told ``about`` what the user looks at: a target, or those with these
    fields. Returns how many there were; a group that goes on without one picture is none."""
    if about.get("target_type") == TargetType.IMAGE:
        seen = write(SEE_PICTURE, user_id=user.pk, picture_id=about["target_id"])
        return sum(is_one_less for (is_one_less,) in seen)
    return Notification.objects.of(user).unread().filter(**about).update(is_read=True)


def mark_all_read(user: User) -> int:
    """Returns how many were unread."""
    return Notification.objects.filter(recipient=user, is_read=False).update(is_read=True)


def forget_user(user: User) -> None:
    """Delete what the user was told, and what others were told of the user: it has the name in it.
    Runs in the caller's transaction.
    """
    Notification.objects.filter(recipient=user).delete()
    mail_service.forget_user(user)
    write(FORGET_ACTOR, actor_id=user.pk, recipient_id=None)


def forget_between(recipient_id: int, actor_id: int) -> None:
    """Delete what one was told of the other. Runs in the caller's transaction."""
    write(FORGET_ACTOR, actor_id=actor_id, recipient_id=recipient_id)


def _tell_owner(
    generation: Generation,
    kind: str,
    parameters: Mapping[str, object] | None = None,
    actor: User | None = None,
) -> None:
    told = (generation.user_id, kind, parameters or {}, TargetType.IMAGE, generation.pk)
    _create(*told, actor=actor)


def _tell_artist(style: Style, kind: str, parameters: Mapping[str, object]) -> None:
    _create(style.artist_id, kind, parameters, TargetType.STYLE, style.pk)


def _create(recipient_id: int, *told: Any, actor: User | None = None, by: str = NOTIFY) -> None:
    """Never for one's own acts; what the constraints allow once is silently kept to once."""
    if actor is None or actor.pk != recipient_id:
        write(by, **_values(recipient_id, *told, actor=actor))
        mail_service.note([recipient_id], told[0])


def _values(
    recipient_id: int,
    kind: str,
    parameters: Mapping[str, object],
    target_type: str,
    target_id: int | None,
    *,
    actor: User | None = None,
) -> dict[str, object]:
    """Those of NOTIFY. The version before this one reads the message, not the parameters."""
    # As ``words_of`` would say it; a picture passes a module less this way.
    other = next((words for name, words in OTHER_WORDS.items() if parameters.get(name)), kind)
    sentence = WORDS[other.format(kind=kind)]
    said = {**parameters, "who": actor.username if actor else ""}
    return {
        "recipient_id": recipient_id,
        "actor_id": actor.pk if actor else None,
        "type": kind,
        "message": (sentence % said)[:1200].strip(),
        "parameters": Jsonb(parameters),
        "target_type": target_type,
        "target_id": target_id,
        "created_at": clock.now(),
    }
