from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from app.models import Notification, NotificationType
from app.models.notification import TargetType
from app.serializers.base import BaseSerializer
from app.serializers.user import UserBriefSerializer
from app.utils.links import Link
from speed.queries import Row


class TargetSerializer(BaseSerializer):
    type = serializers.ChoiceField(choices=TargetType.choices)
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class NotificationSerializer(BaseSerializer):
    id = serializers.IntegerField()
    type = serializers.ChoiceField(choices=NotificationType.choices)
    message = serializers.CharField()
    actor = UserBriefSerializer(allow_null=True)
    target = serializers.SerializerMethodField()
    is_read = serializers.BooleanField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(TargetSerializer(allow_null=True))
    def get_target(self, notification: Notification) -> dict[str, Any] | None:
        """What the notification links to: a style, a picture or a user."""
        if not notification.target_type:
            return None
        return {"type": notification.target_type, "id": notification.target_id}

    @staticmethod
    def from_row(row: Row, link: Link) -> dict[str, Any]:
        """What the fields make of a notification, from a row of ``NOTIFICATION_COLUMNS``."""
        actor = {"id": row[7], "username": row[8], "profile_image": link(row[9] or "") or None}
        return {
            "id": row[1],
            "type": row[2],
            "message": row[3],
            "actor": None if row[7] is None else actor,
            "target": {"type": row[4], "id": row[5]} if row[4] else None,
            "is_read": row[6],
            "created_at": row[0],
        }


class NotificationQuerySerializer(BaseSerializer):
    unread_only = serializers.BooleanField(default=False)


class NotificationCreateSerializer(BaseSerializer):
    recipient_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    type = serializers.ChoiceField(choices=NotificationType.choices)
    message = serializers.CharField(max_length=1000)
    target = TargetSerializer(required=False, allow_null=True, default=None)


class MarkedReadSerializer(BaseSerializer):
    updated_count = serializers.IntegerField()
