from collections.abc import Sequence
from typing import Any, ClassVar

import orjson
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from app.models import AspectRatio, TermsKey, TrainingStatus
from app.models.reads.row import Row
from app.models.reads.style import StyleCreated, StyleDetail
from app.models.reads.styles import OwnStyle, StyleRow
from app.models.style import MAX_PRICE, MAX_SUBJECTS, MIN_PRICE
from app.serializers.base import BaseSerializer, FormListField, RowSerializer
from app.serializers.generation import PromptTagField, PromptTagsField
from app.utils import tag_names
from protocol.engines import LONGEST_NAME
from protocol.samples import MOST_OWN_PROMPTS
from words import prompts


@extend_schema_field(
    {
        "anyOf": [
            {"type": "array", "items": {"type": "string", "maxLength": 50}, "maxItems": 20},
            {"type": "string"},
        ],
        "description": "A list, or one text with commas.",
    }
)
class TagListField(serializers.ListField):
    """Tags as a list, or as one comma-separated text; repeated form fields work as well."""

    child = serializers.CharField(max_length=1100, allow_blank=True)

    def to_internal_value(self, data: Any) -> list[str]:
        given = [data] if isinstance(data, str) else data
        parts = super().to_internal_value(given)
        try:
            return tag_names.normalise_all(tag for part in parts for tag in tag_names.split(part))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


@extend_schema_field({"type": "string", "description": "All of these tags, with commas."})
class TagsQueryField(TagListField):
    pass


PricesSerializer = inline_serializer(
    "Prices",
    {ratio: serializers.IntegerField(required=False) for ratio in AspectRatio.values},
    help_text="Tokens for each format that the style has.",
    read_only=True,
)


class StyleListSerializer(RowSerializer):
    row = StyleRow


class StyleDetailSerializer(RowSerializer):
    row: ClassVar[type[Row]] = StyleDetail
    prices = PricesSerializer


class OwnStyleSerializer(RowSerializer):
    row = OwnStyle


class StyleCreatedSerializer(StyleDetailSerializer):
    row = StyleCreated


class StyleQuerySerializer(BaseSerializer):
    q = serializers.CharField(max_length=100, default="", allow_blank=True)
    tags = TagsQueryField(default=list)
    artist_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, default=None)
    training_status = serializers.ChoiceField(
        choices=TrainingStatus.choices, default="", allow_blank=True
    )
    sort = serializers.ChoiceField(choices=["created_at", "popular"], default="created_at")


class TrainingReportedSerializer(BaseSerializer):
    id = serializers.IntegerField()
    training_status = serializers.ChoiceField(choices=TrainingStatus.choices)


OFFERS = (("when_trained", "as soon as it is trained"), ("by_hand", "when its artist says so"))


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "array", "items": {"type": "string", "maxLength": prompts.MAX_LENGTH}},
        "maxItems": MOST_OWN_PROMPTS,
        "description": "Tags of up to three pictures that are drawn after the training, besides"
        " those of every style. In a form: JSON.",
    }
)
class SamplePromptsField(FormListField):
    child = PromptTagsField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MOST_OWN_PROMPTS, **kwargs)


class WorksSerializer(BaseSerializer):
    """The works of an upload; what the images are is judged by ``image_service``."""

    images = serializers.ListField(child=serializers.FileField(allow_empty_file=True), default=list)
    image_keys = FormListField(
        child=serializers.CharField(max_length=200), default=list, max_length=200
    )
    image_tags = serializers.CharField(default="", allow_blank=True, max_length=200_000)

    def validate_image_tags(self, text: str) -> dict[int, list[str]]:
        """JSON: ``{"0": ["sea"], "3": "boat, sea"}`` or a list with one entry an image."""
        if not text.strip():
            return {}
        try:
            given = orjson.loads(text)
        except ValueError as error:
            raise serializers.ValidationError("This is not valid JSON.") from error
        entries = enumerate(given) if isinstance(given, list) else None
        if isinstance(given, dict):
            entries = given.items()  # type: ignore[assignment]
        if entries is None:
            raise serializers.ValidationError("Give an object: image index → list of tags.")
        return {_index(key): _tags(value) for key, value in entries}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["images"] and attrs["image_keys"]:
            raise serializers.ValidationError(
                {"image_keys": "Send the images, or name those that you uploaded; not both."}
            )
        count = len(attrs["images"] or attrs["image_keys"])
        by_index: dict[int, list[str]] = attrs["image_tags"] or {}
        if any(index >= count for index in by_index):
            raise serializers.ValidationError(
                {"image_tags": f"There are only {count} images, counted from 0."}
            )
        attrs["image_tags"] = [by_index.get(index, []) for index in range(count)]
        return attrs


class EngineField(serializers.CharField):
    """Which engine is to learn the style; only some sites offer a choice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, max_length=LONGEST_NAME, help_text=str(self.__doc__), **kwargs
        )


class TrainingField(serializers.JSONField):
    """Settings of the engine, such as `{"epochs": 5}`; each engine has its own. In a form: JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, help_text=str(self.__doc__), **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            try:
                # A form's value is of a class of its own, which orjson does not take.
                data = orjson.loads(str(data))
            except ValueError as error:
                raise serializers.ValidationError("This is not valid JSON.") from error
        if not isinstance(data, dict):
            raise serializers.ValidationError("Give an object: setting → value.")
        return data


class RetrainSerializer(BaseSerializer):
    engine = EngineField()
    training = TrainingField()


class ExcludedSubjectsField(FormListField):
    """What may not be ordered in this style: words and phrases, at most 20. A part of its terms."""

    child = PromptTagField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_SUBJECTS, help_text=str(self.__doc__), **kwargs)


class AllowsMatureField(serializers.BooleanField):
    """Whether pictures with nudity may be ordered. A part of its terms."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text=str(self.__doc__), **kwargs)


class StyleCreateSerializer(WorksSerializer):
    """The fields of a new style, and its works."""

    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=2000, allow_blank=True, default="")
    price = serializers.IntegerField(min_value=MIN_PRICE, max_value=MAX_PRICE)
    tags = TagListField(default=list)
    terms = serializers.ChoiceField(choices=TermsKey.choices, default=TermsKey.COMMERCIAL)
    engine = EngineField()
    training = TrainingField()
    offer = serializers.ChoiceField(
        choices=OFFERS,
        default="when_trained",
        help_text="When everybody can order from it. `by_hand`: after"
        " `POST /api/models/{id}/offer`; until then it is a draft that only its artist sees.",
    )
    sample_prompts = SamplePromptsField(default=list)
    allows_mature = AllowsMatureField(default=False)
    excluded_subjects = ExcludedSubjectsField(default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        is_draft = attrs.pop("offer") == "by_hand"
        return {**attrs, "is_draft": is_draft}


class StyleUpdateSerializer(BaseSerializer):
    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    price = serializers.IntegerField(min_value=MIN_PRICE, max_value=MAX_PRICE, required=False)
    tags = TagListField(required=False)
    cover = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        required=False,
        help_text="The id of the work that is shown for the style.",
    )
    cover_sample = serializers.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        help_text="The place of a sample (from 0) that is shown for the style.",
    )
    terms = serializers.ChoiceField(choices=TermsKey.choices, required=False)
    allows_mature = AllowsMatureField(required=False)
    excluded_subjects = ExcludedSubjectsField(required=False)
    is_active = serializers.BooleanField(required=False)


def _index(key: Any) -> int:
    try:
        index = int(key)
    except (TypeError, ValueError):
        index = -1
    if not 0 <= index < 1000:
        raise serializers.ValidationError("Images are counted from 0.")
    return index


def _tags(value: Any) -> list[str]:
    names: Sequence[Any] = tag_names.split(value) if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise serializers.ValidationError("The tags of an image are a list of words.")
    try:
        return tag_names.normalise_all(names)
    except ValueError as error:
        raise serializers.ValidationError(str(error)) from error
