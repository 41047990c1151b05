from typing import Any

from django.db.models import QuerySet

from app.models import ApiKey
from app.permissions import IsOwner
from app.serializers.api_key import (
    ApiKeyCreateSerializer,
    ApiKeySerializer,
    NewApiKeySerializer,
)
from app.services import api_key_service
from app.views.base import BaseViewSet


class ApiKeyViewSet(BaseViewSet):
    """API keys. Only people manage them: a key cannot create or revoke keys."""

    permission_classes = (IsOwner,)
    output = {"list": ApiKeySerializer, "create": NewApiKeySerializer}
    input = {"create": ApiKeyCreateSerializer}
    schema_tag = "keys"
    success = {"create": 201, "destroy": 204}
    errors = {"create": ("CONFLICT",)}

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.of(self.user)

    def make(self, given: dict[str, Any]) -> api_key_service.NewKey:
        """Make a key. Its secret is in this answer and never again."""
        return api_key_service.create_key(user=self.user, **given)

    def remove(self, pk: Any) -> None:
        """Revoke a key; it stops working at once."""
        api_key_service.revoke_key(user=self.user, key_id=pk, may_change=self.may_change)
