from typing import Any

from rest_framework import serializers

from app.models import DeliveryState, DisabledReason, WebhookEvent
from app.models.webhook import TEST_EVENT
from app.serializers.base import BaseSerializer, FormListField
from app.utils import clock
from app.utils.public_addresses import MAX_LENGTH


class WebhookSerializer(BaseSerializer):
    id = serializers.IntegerField()
    url = serializers.CharField()
    description = serializers.CharField()
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=WebhookEvent.choices),
        help_text="What it is told of. Empty: everything.",
    )
    is_for_orders = serializers.BooleanField(
        help_text="An order named it as its `webhook_url`. It is told of such orders alone."
    )
    is_enabled = serializers.BooleanField()
    disabled_reason = serializers.ChoiceField(choices=DisabledReason.choices, allow_blank=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class WebhookSecretSerializer(BaseSerializer):
    secret = serializers.CharField(help_text="What signs. What follows `whsec_` is base64.")


class NewWebhookSerializer(WebhookSecretSerializer, WebhookSerializer):
    pass


class WebhookCreateSerializer(BaseSerializer):
    url = serializers.CharField(max_length=MAX_LENGTH)
    description = serializers.CharField(max_length=100, allow_blank=True, required=False)
    events = FormListField(
        child=serializers.ChoiceField(choices=WebhookEvent.choices),
        max_length=len(WebhookEvent),
        required=False,
    )


class WebhookChangeSerializer(WebhookCreateSerializer):
    url = serializers.CharField(max_length=MAX_LENGTH, required=False)
    is_enabled = serializers.BooleanField(required=False)


class AttemptSerializer(BaseSerializer):
    at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="Null: there was no answer.")
    answer = serializers.CharField(help_text="How the answer begins.")
    error = serializers.CharField()


class DeliverySerializer(BaseSerializer):
    """A message, as it is sent, and the last attempts to send it."""

    id = serializers.IntegerField()
    webhook_id = serializers.CharField(help_text="The same in each attempt.")
    type = serializers.ChoiceField(choices=[*WebhookEvent.choices, (TEST_EVENT, "A test")])
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    attempt_count = serializers.IntegerField()
    due_at = serializers.SerializerMethodField(help_text="Of a pending one: the next attempt.")
    body = serializers.CharField()
    attempts = AttemptSerializer(many=True)
    created_at = serializers.DateTimeField()

    def get_due_at(self, delivery: Any) -> str | None:
        is_pending = delivery.state == DeliveryState.PENDING
        return clock.written(delivery.due_at) if is_pending else None


class DeliveriesQuerySerializer(BaseSerializer):
    state = serializers.ChoiceField(choices=DeliveryState.choices, default="", allow_blank=True)


class SendAgainSerializer(BaseSerializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(required=False, help_text="Not included.")
    only_failed = serializers.BooleanField(default=True)


class SentAgainSerializer(BaseSerializer):
    count = serializers.IntegerField(help_text="At most 10,000. Call again for the rest.")
