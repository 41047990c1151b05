from collections.abc import Sequence
from typing import Any

import orjson
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from app.models import AspectRatio, Style, TrainingStatus
from app.models.style import MAX_PRICE, MIN_PRICE
from app.serializers.base import BaseSerializer, LinkField
from app.serializers.tag import SequencedTagSerializer
from app.serializers.user import ArtistBriefSerializer
from app.utils import tag_names
from app.utils.links import Link
from speed.queries import Row


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


class ArtworkSerializer(BaseSerializer):
    id = serializers.IntegerField()
    position = serializers.IntegerField()
    image_url = LinkField(source="preview_path")
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class StyleListSerializer(BaseSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    artist = ArtistBriefSerializer()
    thumbnail = LinkField()
    price = serializers.IntegerField()
    usage_count = serializers.IntegerField()
    tags = SequencedTagSerializer(source="style_tags.all", many=True)
    training_status = serializers.ChoiceField(choices=TrainingStatus.choices)
    created_at = serializers.DateTimeField()

    @staticmethod
    def from_row(row: Row, link: Link) -> dict[str, Any]:
        """What the fields make of a style, from a row of ``STYLE_COLUMNS``."""
        return {
            "id": row[2],
            "name": row[3],
            "artist": {
                "id": row[7],
                "username": row[8],
                "profile_image": link(row[9]) or None,
                "artist_name": row[10],
            },
            "thumbnail": link(row[4]) or None,
            "price": row[5],
            "usage_count": row[0],
            # The database's JSON goes out as it came.
            "tags": orjson.Fragment(row[11]),
            "training_status": row[6],
            "created_at": row[1],
        }


class TrainingProgressSerializer(BaseSerializer):
    current_epoch = serializers.IntegerField()
    total_epochs = serializers.IntegerField()
    progress_percent = serializers.FloatField()
    estimated_seconds = serializers.FloatField(allow_null=True)


PricesSerializer = inline_serializer(
    "Prices", {ratio: serializers.IntegerField() for ratio in AspectRatio.values}
)


class StyleDetailSerializer(StyleListSerializer):
    description = serializers.CharField()
    artworks = ArtworkSerializer(source="artworks.all", many=True)
    is_ready = serializers.BooleanField()
    is_active = serializers.BooleanField()
    progress = TrainingProgressSerializer(allow_null=True)
    failure_reason = serializers.SerializerMethodField()
    prices = serializers.SerializerMethodField()
    updated_at = serializers.DateTimeField()

    def get_failure_reason(self, style: Style) -> str | None:
        """For the artist's eyes only."""
        return (
            style.failure_reason or None if self.context["viewer_id"] == style.artist_id else None
        )

    @extend_schema_field(PricesSerializer)
    def get_prices(self, style: Style) -> dict[str, int]:
        """Tokens for each format."""
        return {ratio: price_of(style.price) for ratio, price_of in self.context["costs"].items()}

    @staticmethod
    def from_rows(
        row: Row, artworks: list[Row], prices: dict[str, int], link: Link, *, viewer_id: int | None
    ) -> dict[str, Any]:
        """What the fields make of a style, from a row of ``STYLE_COLUMNS`` and
        ``STYLE_DETAIL_COLUMNS`` and rows of ``ARTWORK_COLUMNS``."""
        description, is_active, progress, failure_reason, updated_at = row[12:]
        return StyleListSerializer.from_row(row, link) | {
            "description": description,
            "artworks": [
                {
                    "id": work[0],
                    "position": work[1],
                    "image_url": link(work[2]) or None,
                    "width": work[3],
                    "height": work[4],
                }
                for work in artworks
            ],
            "is_ready": is_active and row[6] == TrainingStatus.COMPLETED,
            "is_active": is_active,
            "progress": None if progress is None else orjson.Fragment(progress),
            "failure_reason": failure_reason or None if viewer_id == row[7] else None,
            "prices": prices,
            "updated_at": updated_at,
        }


class OwnStyleSerializer(StyleListSerializer):
    is_active = serializers.BooleanField()
    progress = TrainingProgressSerializer(allow_null=True)
    failure_reason = serializers.CharField()
    earned = serializers.IntegerField()


class StyleCreatedSerializer(StyleDetailSerializer):
    task_id = serializers.UUIDField()


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


class StyleCreateSerializer(BaseSerializer):
    """The fields of an upload; what the images are is judged by ``image_service``."""

    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=2000, allow_blank=True, default="")
    price = serializers.IntegerField(min_value=MIN_PRICE, max_value=MAX_PRICE)
    tags = TagListField(default=list)
    images = serializers.ListField(child=serializers.FileField(allow_empty_file=True), default=list)
    image_keys = serializers.ListField(
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


class StyleUpdateSerializer(BaseSerializer):
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    price = serializers.IntegerField(min_value=MIN_PRICE, max_value=MAX_PRICE, required=False)
    tags = TagListField(required=False)
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
