from rest_framework import serializers

from app.models.verdict import Layer, Verdict
from app.serializers.base import BaseSerializer
from app.serializers.licence import OwnLicenceSerializer


class VerifySerializer(BaseSerializer):
    """A picture to look at, or the number of a licence."""

    file = serializers.FileField(required=False, help_text="PNG, JPEG or WebP, at most 10 MB.")
    number = serializers.CharField(required=False, max_length=40)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if len(attrs) != 1:
            raise serializers.ValidationError({"file": ["Send either a file or a number."]})
        return attrs


class EvidenceSerializer(BaseSerializer):
    """One thing that was looked at, and what was found there."""

    layer = serializers.ChoiceField(choices=[each.value for each in Layer])
    says = serializers.CharField(
        help_text="Of a signature: authentic, altered, other_picture (ours, moved here from the "
        "picture of `number`), foreign, broken, none, unissued, unlogged. "
        "Of a mark: found, other_picture, unissued, none. Of a fingerprint: found, none, plain. "
        "Of a part: found, alike, none, unavailable."
    )
    facts = serializers.DictField(
        help_text="`false_alarm`: how often a picture without a mark seems to have this one, at "
        "most. `bits`: of 256, how many differ. `likeness`: at most 1. `box`: where the picture "
        "lies in the licensed one: left, top, right, bottom as shares of its sides."
    )


class VerificationSerializer(BaseSerializer):
    """`unknown` means that we do not know the picture, never that it is not licensed."""

    verdict = serializers.ChoiceField(choices=[each.value for each in Verdict])
    licence = OwnLicenceSerializer(allow_null=True)
    evidence = EvidenceSerializer(
        many=True, help_text="The best first. Empty if a number was asked about."
    )
    claims = serializers.DictField(
        allow_null=True, help_text="What a C2PA manifest in the file says, whoever signed it."
    )
