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
from app.views.base import BaseViewSet, parse_query


class NotificationViewSet(BaseViewSet):
    """What happened that concerns me."""

    pagination_class = NotificationPagination
    permission_classes = (IsAuthenticated,)
    # Notifications are made by workers and services, which have no session.
    action_permissions = {"create": ()}
    output = {"list": NotificationSerializer, "mark_all_read": MarkedReadSerializer}
    input = {"create": NotificationCreateSerializer}

    def get_authenticators(self) -> list[Any]:
        if (
            self.request is not None
            and self.request.method == "POST"
            and (self.action_map.get("post") == "create")
        ):
            return []
        return super().get_authenticators()

    def get_throttles(self) -> list[Any]:
        return [] if self.action == "create" else super().get_throttles()

    def get_queryset(self) -> NotificationQuerySet:
        return Notification.objects.of(self.user)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        wanted = parse_query(request, NotificationQuerySerializer)
        mine = self.get_queryset()
        rows = self.paginate_queryset(mine.unread() if wanted["unread_only"] else mine)
        data = self.get_serializer(rows, many=True).data
        return self.paginator.get_paginated_response(  # type: ignore[call-arg, union-attr]
            data, unread_count=mine.unread().count()
        )

    @require_internal_token
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
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
        return self.show(notification_service.mark_read(self.user, pk))

    def mark_all_read(self, request: Request) -> Response:
        return self.show({"updated_count": notification_service.mark_all_read(self.user)})
