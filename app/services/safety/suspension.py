"""Suspending an account, for a time or for good, and giving everything back.

While it is suspended, nobody acts with it and nobody sees it: its public pictures are private, its
styles are on hold, its comments and its profile are not shown. Its owner may look at all of it,
appeal, take the data along and leave.

Its orders end by rule. What nobody has begun is canceled and refunded, what is being made is
delivered. ``sweep`` does so again for what a worker gives back later. Orders of others in its
styles are made: they were paid for.

Locks: pictures, the account, styles, the case; as in ``user_service.close_account``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from app.exceptions import InvalidInput, InvalidTransition, NotFound
from app.models import (
    Action,
    Decision,
    Generation,
    GenerationStatus,
    Ground,
    ModerationCase,
    NotificationType,
    Rating,
    Style,
    ThingKind,
    User,
    Visibility,
)
from app.models.generation import GenerationQuerySet
from app.services import generation_service, guard, notification_service
from app.services.safety import acts
from app.services.safety.records import Act, Why, case_apart, record
from app.services.token_service import lock_users
from app.utils import clock

IS_OVER = "The time of the suspension is over."
BATCH = 500


@transaction.atomic
def suspend(
    user_id: int,
    why: Why,
    *,
    until: datetime | None = None,
    case: ModerationCase | None = None,
    strikes: bool | None = None,
) -> Decision:
    """Suspend an account until then, or for good. Raises InvalidTransition and InvalidInput."""
    if until is not None and until <= clock.now():
        raise InvalidInput.field("until", "This time is over.")
    is_public = Q(visibility=Visibility.PUBLIC, status=GenerationStatus.COMPLETED)
    concerned = Generation.objects.ordered_by(user_id).filter(
        is_public | Q(status=GenerationStatus.QUEUED)
    )
    locked, user = _lock(concerned.all, user_id)
    if user.is_closed or user.is_suspended:
        raise InvalidTransition("This account is closed, or suspended already.")
    if why.staff is not None and (user.is_staff or user.pk == why.staff.pk):
        raise InvalidTransition("Take away the account's rights as staff first.")
    mine = Generation.objects.filter(pk__in=locked)
    public = list(mine.filter(is_public).order_by("pk").values_list("pk", flat=True))
    Generation.objects.filter(pk__in=public).update(visibility=Visibility.PRIVATE)
    ended = generation_service.cancel_queued(locked, buyer=user)
    user.suspended_at, user.suspended_until = clock.now(), until
    user.save(update_fields=["suspended_at", "suspended_until"])
    offered = Style.objects.filter(artist_id=user_id, withdrawn_reason="", is_active=True)
    styles = list(offered.order_by("pk").values_list("pk", flat=True))
    for style_id in styles:
        hold = Act(Action.HOLD, ThingKind.STYLE, style_id, user_id)
        acts.hold_style(style_id, why, case=case_apart(hold))
    kept = {"public_pictures": public, "styles": styles, "refunded_pictures": ended}
    act = Act(
        Action.SUSPEND,
        ThingKind.PROFILE,
        user_id,
        user_id,
        before=kept,
        after={"suspended_until": until.isoformat() if until else None},
        money={"effect": "held"} if user.is_artist else {"effect": "none"},
    )
    decision = record(act, why, case=case, strikes=strikes)
    notification_service.fold_comments_by(user)
    acts.log(why, user, "Suspended")
    said: dict[str, object] = {"why": why.words, "statement": decision.statement_id}
    said |= {"until": until.date().isoformat()} if until else {}
    notification_service.tell_of_account(user_id, NotificationType.ACCOUNT_SUSPENDED, said)
    return decision


@transaction.atomic
def lift(user_id: int, why: Why, *, case: ModerationCase | None = None) -> Decision:
    """Give everything back: what was public is, and styles are on offer as before, unless another
    decision or their owner took them away meanwhile. Of whoever has closed the account nothing is
    there to give back, but they may sign up again. Raises InvalidTransition."""
    mine = Generation.objects.ordered_by(user_id)
    locked, user = _lock(lambda: mine.filter(pk__in=Decision.objects.returning(user_id)), user_id)
    if not user.is_suspended:
        raise InvalidTransition("This account is not suspended.")
    undone = Decision.objects.restriction(ThingKind.PROFILE, user_id)
    styles = undone.before.get("styles", []) if undone is not None else []
    was_until = user.suspended_until
    user.suspended_at = user.suspended_until = None
    user.save(update_fields=["suspended_at", "suspended_until"])
    if not user.is_closed:
        shown = Generation.objects.filter(pk__in=locked, hidden_reason="", deleted_at=None)
        shown = shown.filter(status=GenerationStatus.COMPLETED).exclude(rating=Rating.BLOCKED)
        shown.update(visibility=Visibility.PUBLIC)
        for style_id in styles:
            _release(style_id, why, since=undone)
        notification_service.unfold_comments_by(user)
    act = Act(
        Action.RESTORE,
        ThingKind.PROFILE,
        user_id,
        user_id,
        before={"suspended_until": was_until.isoformat() if was_until else None},
    )
    decision = record(act, why, case=case)
    acts.log(why, user, "No longer suspended")
    said = {"why": why.words}
    notification_service.tell_of_account(user_id, NotificationType.ACCOUNT_RESTORED, said)
    return decision


def _lock(concerned: Callable[[], GenerationQuerySet], user_id: int) -> tuple[list[int], User]:
    """The ids of the pictures, and their owner; all are locked, in this order. A picture that
    somebody publishes until the account is locked would be missed: all are locked anew, then."""
    while True:
        before = transaction.savepoint()
        locked = concerned().lock()
        user = lock_users(user_id)[user_id]
        if not concerned().exclude(pk__in=locked).exists():
            transaction.savepoint_commit(before)
            return locked, user
        # It gives the locks back.
        transaction.savepoint_rollback(before)


def _release(style_id: int, why: Why, *, since: Decision | None) -> None:
    """The hold that came with the suspension: not one that was decided by itself later."""
    hold = Decision.objects.restriction(ThingKind.STYLE, style_id)
    is_ours = hold is not None and since is not None and hold.pk < since.pk
    if is_ours and hold is not None and hold.action == Action.HOLD:
        back = Act(Action.RESTORE, ThingKind.STYLE, style_id, hold.subject_id)
        acts.restore_style(style_id, why, case=case_apart(back))


# --- By the relay ---------------------------------------------------------------------------------


def sweep() -> int:
    """End what the rule ends: suspensions whose time is over, and what waits of an order whose
    buyer is suspended. Returns how many."""
    done = 0
    over = User.objects.open().filter(suspended_at__isnull=False, suspended_until__lte=clock.now())
    for user_id in list(over.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        end = partial(_lift_in_time, user_id)
        done += guard.attempt("suspensions", end, user_id=user_id) or 0
    waiting = Generation.objects.filter(
        status=GenerationStatus.QUEUED, user__suspended_at__isnull=False
    )
    buyers = waiting.order_by("user_id").values_list("user_id", flat=True).distinct()
    for user_id in list(buyers[:BATCH]):
        cancel = partial(_cancel_waiting, user_id)
        done += guard.attempt("suspended orders", cancel, user_id=user_id) or 0
    return done


def _lift_in_time(user_id: int) -> int:
    try:
        lift(user_id, Why(Ground.NONE, IS_OVER))
    except InvalidTransition:
        # Somebody was faster.
        return 0
    return 1


@transaction.atomic
def _cancel_waiting(user_id: int) -> int:
    queued = Generation.objects.ordered_by(user_id).filter(status=GenerationStatus.QUEUED)
    locked = queued.order_by("pk")[:BATCH].values("pk")
    ids = Generation.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).lock()
    buyer = lock_users(user_id)[user_id]
    if not buyer.is_suspended:
        return 0
    return len(generation_service.cancel_queued(ids, buyer=buyer))


def warn(
    user_id: int, why: Why, *, case: ModerationCase | None = None, strikes: bool | None = None
) -> Decision:
    """Tell a user that it must not happen again. Raises NotFound."""
    with transaction.atomic():
        user = User.objects.filter(pk=user_id).first()
        if user is None or user.is_closed:
            raise NotFound("There is no such user.")
        act = Act(Action.WARN, ThingKind.PROFILE, user_id, user_id)
        decision = record(act, why, case=case, strikes=strikes)
        acts.log(why, user, "Warned")
        said = {"why": why.words, "statement": decision.statement_id}
        notification_service.tell_of_account(user_id, NotificationType.WARNED, said)
    return decision
