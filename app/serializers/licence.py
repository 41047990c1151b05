from rest_framework import serializers

from app.models import LicenceState
from app.serializers.base import BaseSerializer, LinkField


class LicenceTermsSerializer(BaseSerializer):
    key = serializers.CharField()
    version = serializers.IntegerField()
    url = serializers.CharField()
    sha256 = serializers.CharField(help_text="That of the text in both languages, `url` + `.txt`.")


class OwnLicenceSerializer(BaseSerializer):
    """A licence, as everybody sees it. Words of the prompt and the buyer's name are there if they
    are public; `preview_url` is there if you may see the picture."""

    number = serializers.CharField()
    url = serializers.CharField(help_text="The page to show to others.")
    verify_url = serializers.CharField()
    state = serializers.ChoiceField(choices=LicenceState.choices)
    state_reason = serializers.CharField(allow_null=True)
    state_changed_at = serializers.DateTimeField(allow_null=True)
    issued_at = serializers.DateTimeField()
    terms = LicenceTermsSerializer()
    artist = serializers.CharField()
    artist_id = serializers.IntegerField()
    style = serializers.CharField()  # type: ignore[assignment]
    style_id = serializers.IntegerField()
    prompt = serializers.CharField(default=None, allow_null=True)
    prompt_writer = serializers.CharField(default=None, allow_null=True)
    picture_id = serializers.IntegerField()
    preview_url = LinkField()
    picture_is_deleted = serializers.BooleanField(
        help_text="The buyer has deleted their copy. The licence is what its `state` says."
    )
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    price_tokens = serializers.IntegerField()
    file_sha256 = serializers.CharField(allow_null=True)
    preview_sha256 = serializers.CharField(allow_null=True)


class LicenceSerializer(OwnLicenceSerializer):
    """A licence with its certificate, a JWS that `/.well-known/jwks.json` proves."""

    training_manifest_sha256 = serializers.CharField(allow_null=True)
    certificate = serializers.CharField()


class LicenceUpdateSerializer(BaseSerializer):
    buyer_is_named = serializers.BooleanField()


class WordsOfTermsSerializer(BaseSerializer):
    title = serializers.CharField()
    summary = serializers.CharField()
    text = serializers.CharField()


class TermsSerializer(BaseSerializer):
    """A version of the terms, in English and Korean, and for machines."""

    key = serializers.CharField()
    version = serializers.IntegerField()
    url = serializers.CharField()
    sha256 = serializers.CharField()
    en = WordsOfTermsSerializer(source="words.en")
    ko = WordsOfTermsSerializer(source="words.ko")
    odrl = serializers.DictField()


class TermsListSerializer(BaseSerializer):
    results = TermsSerializer(many=True)
