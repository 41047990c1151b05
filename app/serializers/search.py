from rest_framework import serializers

from app.models.reads.search import Found
from app.serializers.base import BaseSerializer, RowSerializer
from app.serializers.generation import PictureSerializer
from app.serializers.style import StyleListSerializer


class FoundSerializer(RowSerializer):
    row = Found

    styles = StyleListSerializer(many=True)
    images = PictureSerializer(many=True)


class SearchQuerySerializer(BaseSerializer):
    q = serializers.CharField(max_length=100)
    limit = serializers.IntegerField(min_value=1, max_value=20, default=6)
