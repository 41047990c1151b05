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


class SessionSerializer(BaseSerializer):
    """A browser that I am signed in with. `began_at` is null for sign-ins from before it was
    noted."""

    id = serializers.CharField()
    began_at = serializers.DateTimeField(allow_null=True)
    browser = serializers.CharField(help_text="What it calls itself (User-Agent).")
    expires_at = serializers.DateTimeField()
    is_current = serializers.BooleanField()


class SessionsSerializer(BaseSerializer):
    sessions = SessionSerializer(many=True)


class EndSessionsQuerySerializer(BaseSerializer):
    keys = serializers.BooleanField(default=False, help_text="Revoke my API keys, too.")


class ProvenSiteSerializer(BaseSerializer):
    """The artist's own site, which links back to their page here with `rel="me"`."""

    url = serializers.CharField()
    proven_at = serializers.DateTimeField()


class PublicArtistSerializer(BaseSerializer):
    artist_name = serializers.CharField(source="artist.artist_name")
    follower_count = serializers.IntegerField(source="artist.follower_count")
    style_count = serializers.IntegerField()
    site = ProvenSiteSerializer(source="artist.proven_site", allow_null=True)


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
    is_blocked = serializers.BooleanField(help_text="I block them.")
    is_muted = serializers.BooleanField(help_text="I mute them.")
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


class DistanceSerializer(BaseSerializer):
    is_blocked = serializers.BooleanField()
    is_muted = serializers.BooleanField()


class HiddenPersonSerializer(BaseSerializer):
    """Somebody whom I block or mute."""

    id = serializers.IntegerField(source="person.pk")
    username = serializers.CharField(source="person.username")
    profile_image = LinkField(source="person.profile_image")
    is_blocked = serializers.BooleanField(source="blocks")
    is_muted = serializers.BooleanField(source="mutes")
    since = serializers.DateTimeField(source="created_at")


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


class ExportSerializer(BaseSerializer):
    """All that is kept of me, as a ZIP. `url` dies soon; ask again for another, until
    `expires_at`."""

    state = serializers.ChoiceField(["none", "preparing", "ready", "failed"])
    asked_at = serializers.DateTimeField(allow_null=True)
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    url = serializers.CharField(allow_null=True)


class SiteSerializer(BaseSerializer):
    """My own site. It is `proven_at` once it has a link to my page here with `rel="me"`; while
    `is_due` is true it is going to be looked at, and `failure` says what was wrong last."""

    url = serializers.CharField()
    proven_at = serializers.DateTimeField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    is_due = serializers.BooleanField()
    failure = serializers.CharField()


class SiteUpdateSerializer(BaseSerializer):
    url = serializers.CharField(max_length=500)


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
