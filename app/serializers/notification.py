from rest_framework import serializers

from app.models import NotificationType
from app.models.notification import TargetType
from app.models.reads.notifications import NotificationRow
from app.serializers.base import BaseSerializer, RowSerializer


class TargetSerializer(BaseSerializer):
    type = serializers.ChoiceField(choices=TargetType.choices)
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class NotificationSerializer(RowSerializer):
    row = NotificationRow
    parameters = serializers.DictField(
        allow_null=True,
        read_only=True,
        help_text="What the message is made of, for clients that have words of their own.",
    )
    target = TargetSerializer(
        allow_null=True,
        read_only=True,
        help_text="What the notification links to: a style, a picture, a user or an order.",
    )


class NotificationQuerySerializer(BaseSerializer):
    unread_only = serializers.BooleanField(default=False)


class NotificationCreateSerializer(BaseSerializer):
    recipient_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    type = serializers.ChoiceField(choices=NotificationType.choices)
    message = serializers.CharField(max_length=1000)
    target = TargetSerializer(required=False, allow_null=True, default=None)


class MarkedReadSerializer(BaseSerializer):
    updated_count = serializers.IntegerField()
