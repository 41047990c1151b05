from django.db import DatabaseError, connection
from rest_framework.request import Request
from rest_framework.response import Response

from app.http.bodies import JsonRenderer
from app.serializers.system import HealthSerializer, ReadinessSerializer
from app.services import readiness_service
from app.views.base import ApiViewSet


class HealthCheckView(ApiViewSet):
    """Whether the process lives and reaches its database."""

    schema_tag = "system"
    authentication_classes = ()
    throttle_classes = ()
    renderer_classes = (JsonRenderer,)
    output = {"health": HealthSerializer, "ready": ReadinessSerializer}
    # Both say what is wrong in the shape of what is right.
    also = {"health": (503,), "ready": (503,)}

    def health(self, request: Request) -> Response:
        """Whether the process lives and reaches its database; 503 when it does not."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return Response({"status": "error", "database": "unavailable"}, status=503)
        return Response({"status": "ok", "database": "connected"})

    def ready(self, request: Request) -> Response:
        """Whether all that the work needs answers; 503 and which part does not, otherwise."""
        now = readiness_service.look()
        answer = self.get_serializer(now).data
        return Response(answer, status=200 if now.is_ready else 503)
