from rest_framework import serializers

from app.models.reads.people import UserBrief
from app.serializers.base import BaseSerializer, serializer_of


class LikeStateSerializer(BaseSerializer):
    is_liked = serializers.BooleanField()
    like_count = serializers.IntegerField()


class FollowStateSerializer(BaseSerializer):
    is_following = serializers.BooleanField()
    follower_count = serializers.IntegerField()


class CommentSerializer(BaseSerializer):
    id = serializers.IntegerField()
    user = serializer_of(UserBrief)()
    content = serializers.CharField()
    parent_id = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class CommentCreateSerializer(BaseSerializer):
    content = serializers.CharField(max_length=500)
    parent_id = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None
    )
