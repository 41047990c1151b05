from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from app.models import MailKind, MailRhythm, User
from app.serializers.base import BaseSerializer, LinkField


class OwnArtistSerializer(BaseSerializer):
    artist_name = serializers.CharField()
    signature_image = LinkField()
    follower_count = serializers.IntegerField()


class MeSerializer(BaseSerializer):
    """The signed-in user, as only they see themselves."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.CharField()
    role = serializers.CharField()
    token_balance = serializers.IntegerField()
    profile_image = LinkField()
    bio = serializers.CharField()
    shows_mature = serializers.BooleanField()
    artist = serializers.SerializerMethodField()

    @extend_schema_field(OwnArtistSerializer(allow_null=True))
    def get_artist(self, user: User) -> dict[str, Any] | None:
        return OwnArtistSerializer(user.artist).data if user.is_artist else None


class SignedOutSerializer(BaseSerializer):
    signed_out = serializers.BooleanField()


class PublicArtistSerializer(BaseSerializer):
    artist_name = serializers.CharField(source="artist.artist_name")
    follower_count = serializers.IntegerField(source="artist.follower_count")
    style_count = serializers.IntegerField()


class PublicProfileSerializer(BaseSerializer):
    """Somebody as everybody sees them: no e-mail, no balance."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    profile_image = LinkField()
    bio = serializers.CharField()
    role = serializers.CharField()
    image_count = serializers.IntegerField()
    following_count = serializers.IntegerField()
    is_following = serializers.BooleanField()
    artist = serializers.SerializerMethodField()

    @extend_schema_field(PublicArtistSerializer(allow_null=True))
    def get_artist(self, user: User) -> dict[str, Any] | None:
        return PublicArtistSerializer(user).data if user.is_artist else None


class FollowedArtistSerializer(BaseSerializer):
    id = serializers.IntegerField(source="following.pk")
    username = serializers.CharField(source="following.user.username")
    profile_image = LinkField(source="following.user.profile_image")
    artist_name = serializers.CharField(source="following.artist_name")
    follower_count = serializers.IntegerField(source="following.follower_count")
    followed_at = serializers.DateTimeField(source="created_at")


class DemoSignInSerializer(BaseSerializer):
    username = serializers.CharField(max_length=40)


class ProfileUpdateSerializer(BaseSerializer):
    username = serializers.RegexField(
        r"^[\w.-]{2,40}$",
        required=False,
        error_messages={"invalid": "Use 2–40 letters, digits, dots, dashes, underscores."},
    )
    bio = serializers.CharField(max_length=500, allow_blank=True, required=False)
    profile_image = serializers.FileField(required=False)
    shows_mature = serializers.BooleanField(
        required=False, help_text="Whether I want to see pictures that are rated `mature`."
    )


class WordingSerializer(BaseSerializer):
    en = serializers.CharField()
    ko = serializers.CharField()


class DeclarationSerializer(BaseSerializer):
    """What artists declare about the works that they upload, and since when I accept it."""

    version = serializers.IntegerField()
    text = WordingSerializer()
    accepted_at = serializers.DateTimeField(allow_null=True)


class AcceptDeclarationSerializer(BaseSerializer):
    version = serializers.IntegerField(min_value=1, max_value=2**15 - 1)


class BecameArtistSerializer(MeSerializer):
    declaration = DeclarationSerializer()


class BecomeArtistSerializer(BaseSerializer):
    artist_name = serializers.CharField(max_length=60)
    signature_image = serializers.FileField(required=False)


class LeaveQuerySerializer(BaseSerializer):
    forfeit_earnings = serializers.BooleanField(
        default=False, help_text="I give up what I have earned and was not paid."
    )


class ArtistUpdateSerializer(BaseSerializer):
    artist_name = serializers.CharField(max_length=60, required=False)
    signature_image = serializers.FileField(required=False)


class MailSerializer(BaseSerializer):
    """What I hear of by e-mail: `money` and `moderation` within minutes, the rest together, as
    often as `rhythm` says. `refused` is what my mail server said when it refused one."""

    kinds = serializers.ListField(child=serializers.ChoiceField(MailKind.choices))
    rhythm = serializers.ChoiceField(MailRhythm.choices)
    language = serializers.CharField()
    refused = serializers.CharField()


class MailChangeSerializer(BaseSerializer):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(MailKind.choices), required=False, max_length=20
    )
    rhythm = serializers.ChoiceField(MailRhythm.choices, required=False)
    language = serializers.ChoiceField(settings.LANGUAGES, required=False)
