from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from app.serializers.base import BaseSerializer


class HealthSerializer(BaseSerializer):
    status = serializers.ChoiceField(choices=["ok", "error"])
    database = serializers.ChoiceField(choices=["connected", "unavailable"])


class ReadinessSerializer(BaseSerializer):
    """``unused``: this installation has no such server."""

    status = serializers.SerializerMethodField()
    database = serializers.ChoiceField(choices=["connected", "unavailable"])
    cache = serializers.ChoiceField(choices=["connected", "unavailable", "unused"])
    broker = serializers.ChoiceField(choices=["connected", "unavailable", "unused"])
    storage = serializers.ChoiceField(choices=["connected", "unavailable"])
    outbox = serializers.ChoiceField(choices=["current", "late"])
    outbox_age_seconds = serializers.FloatField()

    @extend_schema_field({"type": "string", "enum": ["ok", "error"]})
    def get_status(self, readiness: Any) -> str:
        return "ok" if readiness.is_ready else "error"
