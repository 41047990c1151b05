from rest_framework import serializers

from app.models.token import PUBLIC_CHOICES
from app.serializers.base import BaseSerializer


class EntriesSerializer(BaseSerializer):
    type = serializers.ChoiceField(choices=PUBLIC_CHOICES)
    entries = serializers.IntegerField()
    tokens = serializers.IntegerField()


class AuditSerializer(BaseSerializer):
    findings = serializers.IntegerField(help_text="Rows that break a rule of the ledger.")
    audited_at = serializers.DateTimeField()


class LicenceCountsSerializer(BaseSerializer):
    issued = serializers.IntegerField()
    active = serializers.IntegerField()
    refunded = serializers.IntegerField()
    revoked = serializers.IntegerField()


class LicenceDaySerializer(BaseSerializer):
    """A day of UTC in the books. `digest` is the SHA-256 of the JSON of the other four, with sorted
    keys and without blanks; so it depends on all days before."""

    day = serializers.DateField()
    count = serializers.IntegerField(help_text="Licences.")
    root = serializers.CharField(  # type: ignore[assignment]
        help_text="Of their Merkle tree (RFC 9162)."
    )
    previous = serializers.CharField(
        help_text="`digest` of the day before; zeros for the first day."
    )
    digest = serializers.CharField()


class BooksSerializer(BaseSerializer):
    ledger = EntriesSerializer(many=True)
    tokens_held = serializers.IntegerField(help_text="By all accounts together.")
    audit = AuditSerializer(allow_null=True, help_text="The last one; null before the first.")
    licences = LicenceCountsSerializer()
    signatures = serializers.IntegerField(help_text="Given to workers for pictures and previews.")
    first_day = serializers.DateField(allow_null=True)
    latest = LicenceDaySerializer(allow_null=True)


class DaysQuerySerializer(BaseSerializer):
    first = serializers.DateField(required=False, help_text="Else 30 days before `last`.")
    last = serializers.DateField(required=False, help_text="Else the latest day in the books.")


class DaysSerializer(BaseSerializer):
    results = LicenceDaySerializer(many=True)


class LeafSerializer(BaseSerializer):
    """What never changes of a licence."""

    number = serializers.CharField()
    issued_at = serializers.CharField(help_text="UTC, to the microsecond.")
    picture_id = serializers.IntegerField()
    style_id = serializers.IntegerField()
    artist_id = serializers.IntegerField()
    price_tokens = serializers.IntegerField()
    terms = serializers.CharField(help_text="Key and version.")
    terms_sha256 = serializers.CharField()
    file_sha256 = serializers.CharField(allow_null=True)
    preview_sha256 = serializers.CharField(allow_null=True)


class ProofSerializer(BaseSerializer):
    """That a licence is in the books of a day: an inclusion proof of RFC 9162, 2.1.3."""

    day = LicenceDaySerializer()
    leaf = LeafSerializer()
    leaf_sha256 = serializers.CharField(
        help_text="Of a zero byte and the leaf as JSON, keys sorted, without blanks."
    )
    index = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())
