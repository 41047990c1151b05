"""What happened that concerns somebody, newest first, by page number."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, Func, IntegerField, Q, QuerySet

from app.models.notification import (
    Notification,
    NotificationType,
    TargetType,
    subject_of,
    words_or,
)
from app.models.reads.compiled import Read
from app.models.reads.people import UserBrief
from app.models.reads.row import FILLED_IN, IS_JSON, Column, FileLink, Row
from app.utils.links import Link, linker
from speed.queries import CompiledQuery, Values

_decode = msgspec.json.Decoder().decode


class Target(Row):
    """What a notification links to."""

    type: Annotated[TargetType, Column("target_type")]
    id: Annotated[int, Column("target_id")]


class NotificationRow(Row):
    """Something that happened."""

    id: Annotated[int, Column("pk")]
    type: NotificationType
    message: str
    parameters: Annotated[dict[str, Any] | None, IS_JSON]
    actor: UserBrief | None
    other_count: int
    target: Annotated[Target | None, Column("")]
    thumbnail_url: Annotated[FileLink, FILLED_IN]
    subject: Annotated[str | None, FILLED_IN]
    is_read: bool
    created_at: datetime

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return (*super().columns(), "subject")

    @classmethod
    def from_tuples(cls, found: Any, link: Link | None = None) -> list[Self]:
        """The words are made of the parameters, where there are any."""
        link = link or linker()
        rows = super().from_tuples(found, link)
        for row, columns in zip(rows, found, strict=True):
            if row.parameters is not None or row.other_count:
                who = row.actor.username if row.actor else ""
                told: Any = row.parameters or "{}"  # as the database has it
                told = _decode(told)
                row.message = words_or(row.message, row.type, told, who, row.other_count)
            if subject := columns[-1]:
                thumbnail, row.subject = subject_of(subject)
                row.thumbnail_url = link(thumbnail) or None
        return rows


def _build(shape: tuple[bool, int, int], values: Values) -> Any:
    unread_only, start, stop = shape
    mine = Notification.objects.of_range(values["viewer_id"]).with_subject()
    return (mine.unread() if unread_only else mine)[start:stop]


# Its shape is whether only the unread are wanted, and from which to which. The first page has one
# plan for everybody, in the order of the index.
NOTIFICATIONS = Read(NotificationRow, _build, is_uneven=lambda shape: shape[1] > 0)


def counts_of_recipient(recipient: Any) -> QuerySet[Any, Any]:
    """One row, a list of how many there are and how many are unread; none where there are none."""
    counted = Notification.objects.of(recipient).select_related(None).order_by()
    unread = Count("pk", filter=Q(is_read=False))
    numbers = ArrayField(IntegerField())
    counts = Func(Count("pk"), unread, template="ARRAY[%(expressions)s]", output_field=numbers)
    return counted.values("recipient_id").annotate(counts=counts).values_list("counts")


NOTIFICATION_COUNTS = CompiledQuery(lambda shape, values: counts_of_recipient(values["viewer_id"]))


def notification_counts(user_id: int) -> tuple[int, int]:
    """All and unread."""
    for ((all_of_them, unread),) in NOTIFICATION_COUNTS.rows("any", {"viewer_id": user_id}):
        return all_of_them, unread
    return 0, 0


class NotificationList:
    """A user's notifications as pages are cut from them: counted, then sliced."""

    def __init__(
        self, user_id: int, *, counts: tuple[int, int] | None, unread_only: bool, page_size: int
    ) -> None:
        """``counts`` as ``notification_counts`` gives them, where they are known already."""
        self._user_id, self._page_size, self._unread_only = user_id, page_size, unread_only
        self.all, self.unread = counts or notification_counts(user_id)

    def count(self) -> int:
        return self.unread if self._unread_only else self.all

    def __getitem__(self, wanted: slice) -> list[NotificationRow]:
        if wanted.start >= wanted.stop:
            return []
        # Not to where the last page ends: each length would be a statement of its own.
        shape = (self._unread_only, wanted.start, wanted.start + self._page_size)
        return NOTIFICATIONS.rows(shape, {"viewer_id": self._user_id}, keep=wanted.start == 0)
