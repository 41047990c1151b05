from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from app.serializers.base import BaseSerializer


class HealthSerializer(BaseSerializer):
    status = serializers.ChoiceField(choices=["ok", "error"])
    database = serializers.ChoiceField(choices=["connected", "unavailable"])


class ConnectionsSerializer(BaseSerializer):
    """Database connections. ``in_use`` and ``idle`` count those of all programs, ``limit`` is the
    server's; they are null while it does not answer. ``waiting`` and ``timed_out`` count threads of
    this web server: those that wait for a connection, and those that did not get one."""

    in_use = serializers.IntegerField(allow_null=True)
    idle = serializers.IntegerField(allow_null=True)
    limit = serializers.IntegerField(allow_null=True)
    waiting = serializers.IntegerField()
    timed_out = serializers.IntegerField()


class ReadinessSerializer(BaseSerializer):
    """``unused``: this installation has no such server."""

    status = serializers.SerializerMethodField()
    database = serializers.ChoiceField(choices=["connected", "unavailable"])
    cache = serializers.ChoiceField(choices=["connected", "unavailable", "unused"])
    broker = serializers.ChoiceField(choices=["connected", "unavailable", "unused"])
    storage = serializers.ChoiceField(choices=["connected", "unavailable"])
    outbox = serializers.ChoiceField(choices=["current", "late"])
    outbox_age_seconds = serializers.FloatField()
    upload_checks = serializers.ChoiceField(choices=["current", "late"])
    upload_checks_age_seconds = serializers.FloatField()
    connections = ConnectionsSerializer()

    @extend_schema_field({"type": "string", "enum": ["ok", "error"]})
    def get_status(self, readiness: Any) -> str:
        return "ok" if readiness.is_ready else "error"


class WorkerSeenSerializer(BaseSerializer):
    """What a worker is told that has told of itself."""

    worker_id = serializers.UUIDField(source="pk")
