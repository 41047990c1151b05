from rest_framework import serializers

from app.serializers.base import BaseSerializer


class TagSerializer(BaseSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    usage_count = serializers.IntegerField()


class TagQuerySerializer(BaseSerializer):
    search = serializers.CharField(max_length=50, default="", allow_blank=True)
