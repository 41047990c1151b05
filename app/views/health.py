from django.db import DatabaseError, connection
from rest_framework.request import Request
from rest_framework.response import Response

from app.serializers.system import HealthSerializer
from app.utils.rendering import JsonRenderer
from app.views.base import BaseViewSet


class HealthViewSet(BaseViewSet):
    """Whether the process lives and reaches its database."""

    schema_tag = "system"
    authentication_classes = ()
    throttle_classes = ()
    renderer_classes = (JsonRenderer,)
    output = {"health": HealthSerializer}

    def health(self, request: Request) -> Response:
        """Whether the process lives and reaches its database; 503 when it does not."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return Response({"status": "error", "database": "unavailable"}, status=503)
        return Response({"status": "ok", "database": "connected"})
