"""Orders, and what is asked about pictures; their fields are in ``models/reads/picture.py``."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from rest_framework import serializers
from rest_framework.fields import empty

from app.models import AspectRatio, Generation, GenerationStatus, Priority, Visibility
from app.models.generation import MAX_SEED, unknown_words
from app.models.reads.picture import DeletedPicture, FeedPicture, PictureDetail
from app.models.reads.row import Row
from app.models.reads.status import Status
from app.serializers.base import BaseSerializer, FormListField, RowSerializer
from app.utils import prompt_text
from app.utils.public_addresses import MAX_LENGTH as MAX_URL
from words import prompts

MAX_COST = 2**31 - 1
# A key and a version, as in commercial/1.
TERMS_ID = r"^[a-z-]+/[1-9][0-9]*\Z"


class PictureSerializer(RowSerializer):
    row = FeedPicture


class PictureDetailSerializer(RowSerializer):
    row: ClassVar[type[Row]] = PictureDetail
    settings = serializers.DictField(
        allow_null=True,
        read_only=True,
        help_text="What it was made with: engine and version, and what the engine tells besides.",
    )


class DeletedPictureSerializer(PictureDetailSerializer):
    row = DeletedPicture


class GenerationStatusSerializer(RowSerializer):
    row = Status


class UnknownWordsField(serializers.ListField):
    """Words of the prompt that the engine does not know: they will not show in the picture."""

    child = serializers.CharField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, help_text=str(self.__doc__), **kwargs)


class GenerationAcceptedSerializer(BaseSerializer):
    generation_id = serializers.IntegerField(source="pk")
    status = serializers.ChoiceField(choices=GenerationStatus.choices)
    cost = serializers.IntegerField()
    seed = serializers.IntegerField()
    balance = serializers.IntegerField(source="user.token_balance")
    unknown_words = UnknownWordsField()

    @staticmethod
    def plain(instance: Generation) -> dict[str, Any]:
        return {
            "generation_id": instance.pk,
            "status": instance.status,
            "cost": instance.cost,
            "seed": instance.seed,
            "balance": instance.user.token_balance,
            "unknown_words": list(unknown_words(instance.style.engine, instance.prompt_tags)),
        }


class GenerationReportedSerializer(BaseSerializer):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=GenerationStatus.choices)

    @staticmethod
    def plain(instance: Generation) -> dict[str, Any]:
        return {"id": instance.pk, "status": instance.status}


class SignatureSerializer(BaseSerializer):
    """What a worker gets that asks for a signature."""

    signature = serializers.CharField(help_text="r and s, 32 bytes each, in base64.")

    @staticmethod
    def plain(instance: bytes) -> dict[str, Any]:
        return {"signature": base64.b64encode(instance).decode()}


class PromptTagField(serializers.CharField):
    """A tag of a prompt: any printable text without commas, composed (NFC)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=prompts.MAX_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        try:
            return prompts.normalise(text) if text else text
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error


class PromptTagsField(FormListField):
    child = PromptTagField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=prompts.MAX_TAGS, **kwargs)


class PromptField(serializers.CharField):
    """A prompt in natural language instead of `prompt_tags`, for styles whose engine draws any
    words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=prompt_text.MAX_LENGTH, help_text=str(self.__doc__), **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        try:
            return prompt_text.cleaned(text) if text else text
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error


class OrderedPictureSerializer(BaseSerializer):
    """What every order says of a picture: with tags or with a text."""

    style_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    prompt_tags = PromptTagsField(required=False)
    prompt = PromptField(required=False, allow_null=True)
    aspect_ratio = serializers.ChoiceField(choices=AspectRatio.choices)
    seed = serializers.IntegerField(
        min_value=0, max_value=MAX_SEED, required=False, allow_null=True, default=None
    )

    def to_internal_value(self, data: Any) -> Any:
        has_text = isinstance(data, Mapping) and data.get("prompt") is not None
        self.fields["prompt_tags"].required = not has_text
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Versions before this one took fingerprints of orders without a text."""
        if attrs.get("prompt") is None:
            attrs.pop("prompt", None)
            if "prompt_tags" not in attrs:  # an empty text, in a form
                raise serializers.ValidationError({"prompt_tags": ["This field is required."]})
        elif "prompt_tags" in attrs:
            both = "Send `prompt_tags` or `prompt`, not both."
            raise serializers.ValidationError({"prompt": [both]})
        return attrs


class ExpectedCostField(serializers.IntegerField):
    """The cost that the buyer has seen. Nothing is charged at any other."""

    def __init__(self, **kwargs: Any) -> None:
        options = {"min_value": 1, "max_value": MAX_COST, "allow_null": True, "default": None}
        super().__init__(help_text=str(self.__doc__), **options | kwargs)


class ExpectedTermsField(serializers.RegexField):
    """The `terms_id` that the buyer has seen. Nothing is sold under any other terms."""

    def __init__(self, **kwargs: Any) -> None:
        wrong = {"invalid": "Send the `terms_id` of a style or a quote."}
        options: dict[str, Any] = {"max_length": 60, "allow_null": True, "default": None}
        options |= {"error_messages": wrong, "help_text": str(self.__doc__)}
        super().__init__(TERMS_ID, **options | kwargs)


class AgainField(serializers.IntegerField):
    """The id of a picture of mine, of the same style: draw with its `settings`. With its prompt,
    format and seed, that is the same picture."""

    def __init__(self, **kwargs: Any) -> None:
        options = {"min_value": 1, "max_value": 2**63 - 1, "allow_null": True, "default": None}
        super().__init__(help_text=" ".join(str(self.__doc__).split()), **options | kwargs)


class PriorityField(serializers.ChoiceField):
    """`high` costs more and goes earlier; a quote says how much, and when. Else it is `normal`."""

    def __init__(self, **kwargs: Any) -> None:
        options: dict[str, Any] = {"choices": Priority.choices, "default": Priority.NORMAL}
        super().__init__(help_text=str(self.__doc__), **options | kwargs)


def without_usual(attrs: dict[str, Any]) -> dict[str, Any]:
    """Versions before this one took fingerprints of orders without a priority."""
    if attrs["priority"] == Priority.NORMAL:
        del attrs["priority"]
    return attrs


class GenerateSerializer(OrderedPictureSerializer):
    priority = PriorityField()
    again = AgainField()
    expected_cost = ExpectedCostField()
    expected_terms = ExpectedTermsField()
    webhook_url = serializers.CharField(
        max_length=MAX_URL,
        allow_null=True,
        default=None,
        help_text="Where to send what becomes of this picture; see `/api/webhooks`.",
    )

    def run_validation(self, data: Any = empty) -> Any:
        """What nearly every order looks like is seen at a glance; all others, the wrong ones and
        the merely odd ones, are left to the fields."""
        try:
            return self.validate(msgspec.structs.asdict(msgspec.convert(data, _PlainOrder)))
        except msgspec.ValidationError:
            return super().run_validation(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Versions before this one took fingerprints of orders without these."""
        for name in ("again", "expected_terms", "webhook_url"):
            if attrs[name] is None:
                del attrs[name]
        return super().validate(without_usual(attrs))


# Printable ASCII without commas, and without the outer spaces that a field would take off.
_PlainTag = Annotated[
    str, msgspec.Meta(max_length=50, pattern=r"^[!-+\--~](?:[ -+\--~]*[!-+\--~])?\Z")
]
_KnownFormat = Annotated[str, msgspec.Meta(pattern=rf"^(?:{'|'.join(AspectRatio.values)})\Z")]


PlainId = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class PlainPicture(msgspec.Struct):
    """Nothing that ``OrderedPictureSerializer`` would refuse or change."""

    style_id: PlainId
    prompt_tags: Annotated[list[_PlainTag], msgspec.Meta(min_length=1, max_length=20)]
    aspect_ratio: _KnownFormat
    seed: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)] | None = None
    # A text is left to its field.
    prompt: None = None


class _PlainOrder(PlainPicture):
    """Nothing that ``GenerateSerializer`` would refuse or change."""

    priority: Literal["normal", "high"] = "normal"
    again: PlainId | None = None
    expected_cost: Annotated[int, msgspec.Meta(ge=1, le=MAX_COST)] | None = None
    expected_terms: Annotated[str, msgspec.Meta(max_length=60, pattern=TERMS_ID)] | None = None
    webhook_url: Annotated[str, msgspec.Meta(max_length=MAX_URL, pattern=r"^[!-~]+\Z")] | None = (
        None
    )


# So that msgspec knows the type before two threads ask for it at once: see protocol/messages.py.
msgspec.json.Decoder(_PlainOrder)


class OwnPicturesQuerySerializer(BaseSerializer):
    status = serializers.ChoiceField(choices=GenerationStatus.choices, default="", allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, default="", allow_blank=True)
    collection = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="Those in this one of mine."
    )


class FeedQuerySerializer(BaseSerializer):
    following = serializers.BooleanField(default=False)
    sort = serializers.ChoiceField(choices=["created_at", "popular"], default="created_at")
    style_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    artist_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    aspect_ratio = serializers.ChoiceField(choices=AspectRatio.choices, required=False)
    tag = serializers.CharField(max_length=50, required=False)
    q = serializers.CharField(max_length=100, required=False)


class PictureUpdateSerializer(BaseSerializer):
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)
    description = serializers.CharField(max_length=500, allow_blank=True, required=False)
    allows_comments = serializers.BooleanField(
        required=False, help_text="If not, nobody comments, and what was said is not shown."
    )
