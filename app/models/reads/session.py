"""A session with the account behind it, and what some requests want to know besides."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from app.models.generation import queue_position
from app.models.notification import Notification, TargetType
from app.models.reads.notifications import counts_of_recipient
from app.models.reads.status import Status
from app.models.session import Session
from speed.queries import CompiledInstances, Values

# Takes the values ``session_key`` and ``now``, and those of the address.
SessionQuery = CompiledInstances


def _build(shape: Any, values: Values) -> QuerySet[Any, Any]:
    sessions = Session.objects.select_related("user")
    return sessions.filter(session_key=values["session_key"], expire_date__gt=values["now"])


SESSION = SessionQuery(_build)


def _build_with_status(shape: Any, values: Values) -> QuerySet[Any, Any]:
    of_user = Q(user__generations__pk=values["pk"], user__generations__deleted_at__isnull=True)
    columns: dict[str, Any] = {
        f"picture_{name}": F(f"picture__{name}") for name in Status.columns()
    }
    columns["picture_queue_position"] = queue_position("picture__")
    # JSON that is to go out as it came.
    columns["picture_progress"] = Cast("picture__progress", TextField())
    picture = FilteredRelation("user__generations", condition=of_user)
    return _build(shape, values).alias(picture=picture).annotate(**columns)


# With the ``Status`` of the account's own picture ``pk``: a poll asks for both, and a second
# statement is a fifth of what it costs.
SESSION_WITH_STATUS = SessionQuery(_build_with_status)


def status_in(session: Session | None) -> Status | None:
    """What ``SESSION_WITH_STATUS`` found of the picture; None when it isn't of this account."""
    if getattr(session, "picture_pk", None) is None:
        return None
    found = [getattr(session, f"picture_{name}") for name in Status.columns()]
    return Status.from_tuples([found])[0]


def _build_with_counts(shape: Any, values: Values) -> QuerySet[Any, Any]:
    counts = Subquery(counts_of_recipient(OuterRef("user_id")))
    return _build(shape, values).annotate(notification_counts=counts)


# With the counts of the account's notifications.
SESSION_WITH_COUNTS = SessionQuery(_build_with_counts)


def counts_in(session: Session | None) -> tuple[int, int] | None:
    """What ``SESSION_WITH_COUNTS`` found: all and unread. None where it was not asked."""
    if not hasattr(session, "notification_counts"):
        return None
    all_and_unread: Any = session.notification_counts or (0, 0)  # type: ignore[union-attr]
    return tuple(all_and_unread)


def _with_news(target_type: TargetType) -> SessionQuery:
    def build(shape: Any, values: Values) -> QuerySet[Any, Any]:
        mine = Notification.objects.unread().filter(recipient=OuterRef("user_id"))
        has_news: Any = Exists(mine.about(target_type, values["pk"]))
        if target_type == TargetType.IMAGE:
            has_news |= Exists(mine.about_order_of(values["pk"]))
            in_group = Notification.objects.folded_as_ready(values["pk"])
            has_news |= Exists(in_group.filter(recipient=OuterRef("user_id")))
        return _build(shape, values).annotate(has_news=has_news)

    return SessionQuery(build)


# With whether the account has unread notifications about the thing ``pk``, which the answer shows.
SESSION_WITH_NEWS = {target_type: _with_news(target_type) for target_type in TargetType}


def has_news(session: Session | None) -> bool:
    """What ``SESSION_WITH_NEWS`` found. False where it was not asked."""
    return getattr(session, "has_news", False)
