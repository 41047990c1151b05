from typing import Any

from rest_framework import serializers

from app.serializers.base import BaseSerializer, FormListField


class UploadRequestSerializer(BaseSerializer):
    """One entry for each file."""

    content_types = FormListField(
        child=serializers.ChoiceField(choices=["image/jpeg", "image/png"]),
        min_length=1,
        max_length=100,
    )


class UploadHeadersSerializer(BaseSerializer):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"Content-Type": serializers.CharField()}


class UploadPlaceSerializer(BaseSerializer):
    """PUT the file to ``url`` with these headers, then name ``key`` in the style's upload."""

    key = serializers.CharField()
    method = serializers.ChoiceField(choices=["PUT"])
    url = serializers.URLField()
    headers = UploadHeadersSerializer()
    expires_at = serializers.DateTimeField()


class UploadPlacesSerializer(BaseSerializer):
    uploads = UploadPlaceSerializer(many=True)
