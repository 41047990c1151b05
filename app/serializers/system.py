from rest_framework import serializers

from app.serializers.base import BaseSerializer


class HealthSerializer(BaseSerializer):
    status = serializers.ChoiceField(choices=["ok", "error"])
    database = serializers.ChoiceField(choices=["connected", "unavailable"])
