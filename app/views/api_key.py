from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from app.models import ApiKey
from app.permissions import IsOwner
from app.serializers.api_key import (
    ApiKeyCreateSerializer,
    ApiKeySerializer,
    NewApiKeySerializer,
)
from app.services import api_key_service
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet


class ApiKeyViewSet(BaseViewSet):
    """API keys. Only people manage them: a key cannot create or revoke keys."""

    permission_classes = (IsOwner,)
    output = {"list": ApiKeySerializer, "create": NewApiKeySerializer}
    input = {"create": ApiKeyCreateSerializer}
    schema_tag = "keys"
    success = {"create": 201, "destroy": 204}
    errors = {"create": ("CONFLICT", *IDEMPOTENCY_CODES)}

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.of(self.user)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Make a key. Its secret is in this answer, in those to the same Idempotency-Key, and never
        again."""
        given = self.parse()
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: api_key_service.create_key(user=self.user, **given),
            facts=lambda made: {"seed": made.seed},
            find=api_key_service.made_before,
            status=201,
        )

    def remove(self, pk: Any) -> None:
        """Revoke a key; it stops working at once."""
        api_key_service.revoke_key(user=self.user, key_id=pk, may_change=self.may_change)
