from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from app.authentication import require_internal_token
from app.models import Notification
from app.models.notification import NotificationQuerySet
from app.pagination import NotificationPagination
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
    permission_classes = (IsAuthenticated,)
    action_permissions = {"create": ()}
    output = {"list": NotificationSerializer, "mark_all_read": MarkedReadSerializer}
    input = {"create": NotificationCreateSerializer}
    query = {"list": NotificationQuerySerializer}
    schema_tag = "notifications"
    success = {"create": 201}
    errors = {"create": ("INVALID_INTERNAL_TOKEN",)}
    internal = ("create",)

    def get_queryset(self) -> NotificationQuerySet:
        return Notification.objects.of(self.user)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """My notifications, newest first, by page number."""
        wanted = self.parse_query()
        mine = self.get_queryset()
        rows = self.paginate_queryset(mine.unread() if wanted["unread_only"] else mine)
        data = self.get_serializer(rows, many=True).data
        return self.paginator.get_paginated_response(  # type: ignore[call-arg, union-attr]
            data, unread_count=mine.unread().count()
        )

    @require_internal_token
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Tell a user something, on behalf of a worker or a service."""
        given = self.parse()
        target = given["target"] or {"type": "", "id": None}
        notification = notification_service.tell(
            recipient_id=given["recipient_id"],
            kind=given["type"],
            message=given["message"],
            target_type=target["type"],
            target_id=target["id"],
        )
        return self.show(notification, status=201)

    def read(self, request: Request, pk: int) -> Response:
        """Mark one as read."""
        return self.show(notification_service.mark_read(self.user, pk))

    def mark_all_read(self, request: Request) -> Response:
        """Mark all as read."""
        return self.show({"updated_count": notification_service.mark_all_read(self.user)})
