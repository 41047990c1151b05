from rest_framework import serializers

from app.models.api_key import Scope
from app.serializers.base import BaseSerializer, FormListField


class ApiKeySerializer(BaseSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewApiKeySerializer(ApiKeySerializer):
    id = serializers.IntegerField(source="key.pk")
    name = serializers.CharField(source="key.name")
    prefix = serializers.CharField(source="key.prefix")
    scopes = serializers.ListField(
        source="key.scopes", child=serializers.ChoiceField(choices=Scope.choices)
    )
    created_at = serializers.DateTimeField(source="key.created_at")
    last_used_at = serializers.DateTimeField(source="key.last_used_at", allow_null=True)
    secret = serializers.CharField(help_text="Shown this once. Keep it safe.")


class ApiKeyCreateSerializer(BaseSerializer):
    name = serializers.CharField(max_length=60)
    scopes = FormListField(
        child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=3
    )
