from typing import Any

from rest_framework.request import Request

from app.http.authentication import require_internal_token
from app.http.bodies import Answer
from app.http.pagination import NotificationPagination
from app.models import Notification
from app.models.reads.notifications import NotificationList
from app.models.reads.session import SESSION_WITH_COUNTS, counts_in
from app.permissions import IsOwner
from app.serializers.notification import (
    MarkedReadSerializer,
    NotificationCreateSerializer,
    NotificationQuerySerializer,
    NotificationSerializer,
)
from app.services import notification_service
from app.views.base import BaseViewSet


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
        paginator: Any = self.paginator
        mine = NotificationList(
            self.user.pk,
            counts=counts_in(self.session_of_user),
            unread_only=self.parse_query()["unread_only"],
            page_size=paginator.get_page_size(request),
        )
        rows = paginator.paginate_queryset(mine, request)
        return paginator.get_paginated_response(
            self._render(rows, many=True), unread_count=mine.unread
        )

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
