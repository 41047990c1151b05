from typing import Any

from rest_framework.request import Request

from app.http.authentication import require_internal_token
from app.http.pagination import NotificationPagination
from app.http.rendering import Answer
from app.models import Notification
from app.models.reads.hot import NOTIFICATION_COUNTS, NOTIFICATIONS, SESSION_WITH_COUNTS
from app.permissions import IsOwner
from app.serializers.base import fields_asked_for, narrowed
from app.serializers.notification import (
    MarkedReadSerializer,
    NotificationCreateSerializer,
    NotificationQuerySerializer,
    NotificationSerializer,
)
from app.services import notification_service
from app.utils.links import linker
from app.views.base import BaseViewSet
from speed.queries import Row


class _Mine:
    """A user's notifications as pages are cut from them: counted, then sliced."""

    def __init__(
        self, user_id: int, *, counts: tuple[int, int], unread_only: bool, page_size: int
    ) -> None:
        self._page_size = page_size
        self._values = {"viewer_id": user_id}
        self._unread_only = unread_only
        self.all, self.unread = counts

    def count(self) -> int:
        return self.unread if self._unread_only else self.all

    def __getitem__(self, wanted: slice) -> list[Row]:
        if wanted.start >= wanted.stop:
            return []
        # Not to where the last page ends: each length would be a statement of its own.
        shape = (self._unread_only, wanted.start, wanted.start + self._page_size)
        return NOTIFICATIONS.rows(shape, self._values, keep=wanted.start == 0)


class NotificationViewSet(BaseViewSet):
    """What happened that concerns me."""

    pagination_class = NotificationPagination
    permission_classes = (IsOwner,)
    action_permissions = {"create": ()}
    output = {"list": NotificationSerializer, "mark_all_read": MarkedReadSerializer}
    input = {"create": NotificationCreateSerializer}
    query = {"list": NotificationQuerySerializer}
    schema_tag = "notifications"
    success = {"create": 201}
    errors = {"create": ("INVALID_INTERNAL_TOKEN",)}
    internal = ("create",)
    session_query = {"list": SESSION_WITH_COUNTS}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """My notifications, newest first, by page number."""
        mine = _Mine(
            self.user.pk,
            counts=self._counts(),
            unread_only=self.parse_query()["unread_only"],
            page_size=self.paginator.get_page_size(request),  # type: ignore[union-attr]
        )
        link = linker()
        page: Any = self.paginate_queryset(mine)  # type: ignore[arg-type]
        rows = [NotificationSerializer.from_row(row, link) for row in page]
        return self.paginator.get_paginated_response(  # type: ignore[call-arg, union-attr]
            narrowed(rows, fields_asked_for(request)), unread_count=mine.unread
        )

    def _counts(self) -> tuple[int, int]:
        """How many I have, and how many of them are unread."""
        session: Any = self.session_of_user
        if hasattr(session, "notification_counts"):
            counts = session.notification_counts
        else:
            rows = NOTIFICATION_COUNTS.rows("any", {"viewer_id": self.user.pk})
            counts = rows[0][0] if rows else None
        return tuple(counts or (0, 0))

    @require_internal_token
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Tell a user something, on behalf of a worker or a service."""
        return super().create(request, *args, **kwargs)

    def make(self, given: dict[str, Any]) -> Notification:
        target = given["target"] or {"type": "", "id": None}
        return notification_service.tell(
            recipient_id=given["recipient_id"],
            kind=given["type"],
            message=given["message"],
            target_type=target["type"],
            target_id=target["id"],
        )

    def read(self, request: Request, pk: int) -> Answer:
        """Mark one as read."""
        read = notification_service.mark_read(self.user, pk, may_change=self.may_change)
        return self.show(read)

    def mark_all_read(self, request: Request) -> Answer:
        """Mark all as read."""
        return self.show({"updated_count": notification_service.mark_all_read(self.user)})
