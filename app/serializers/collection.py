from django.conf import settings
from rest_framework import serializers

from app.models import Collection
from app.models.collection import MAX_NAME
from app.models.order import MAX_PICTURES
from app.serializers.base import BaseSerializer, FormListField


class CollectionSerializer(BaseSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    picture_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    url = serializers.SerializerMethodField(help_text="Its page.")

    def get_url(self, collection: Collection) -> str:
        return f"{settings.SITE_URL}/mine?collection={collection.pk}"


class CollectionNameSerializer(BaseSerializer):
    name = serializers.CharField(
        max_length=MAX_NAME, help_text="No other collection of mine may have one that looks so."
    )


class CollectedSerializer(BaseSerializer):
    image_ids = FormListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MAX_PICTURES,
        help_text="Pictures of mine. If one is not, nothing is done, and the error names it.",
    )
