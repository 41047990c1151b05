from typing import Annotated, Any

import msgspec
import orjson
from rest_framework import serializers
from rest_framework.fields import empty

from app.models import AspectRatio, Generation, GenerationStatus, Visibility
from app.models.generation import MAX_SEED
from app.serializers.base import BaseSerializer, LinkField
from app.serializers.user import ArtistBriefSerializer, UserBriefSerializer
from app.utils.links import Link
from speed.queries import Row


class StyleBriefSerializer(BaseSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PictureSerializer(BaseSerializer):
    """A picture on the wall."""

    id = serializers.IntegerField()
    image_url = LinkField(source="image_path")
    preview_url = LinkField(source="preview_path")
    placeholder = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    aspect_ratio = serializers.ChoiceField(choices=AspectRatio.choices)
    prompt_tags = serializers.ListField(child=serializers.CharField())
    seed = serializers.IntegerField()
    description = serializers.CharField()
    like_count = serializers.IntegerField()
    comment_count = serializers.IntegerField()
    is_liked_by_current_user = serializers.BooleanField(source="is_liked")
    user = UserBriefSerializer()
    style = StyleBriefSerializer()  # type: ignore[assignment]
    artist = ArtistBriefSerializer(source="style.artist")
    created_at = serializers.DateTimeField()

    @staticmethod
    def from_row(row: Row, link: Link) -> dict[str, Any]:
        """What the fields make of a picture, from a row of ``PICTURE_COLUMNS``."""
        return {
            "id": row[1],
            "image_url": link(row[2]) or None,
            "preview_url": link(row[3]) or None,
            "placeholder": row[4],
            "width": row[5],
            "height": row[6],
            "aspect_ratio": row[7],
            "prompt_tags": row[8],
            "seed": row[9],
            "description": row[10],
            "like_count": row[11],
            "comment_count": row[12],
            "is_liked_by_current_user": row[22],
            "user": {"id": row[13], "username": row[14], "profile_image": link(row[15]) or None},
            "style": {"id": row[16], "name": row[17]},
            "artist": {
                "id": row[18],
                "username": row[19],
                "profile_image": link(row[20]) or None,
                "artist_name": row[21],
            },
            "created_at": row[0],
        }


class PictureDetailSerializer(PictureSerializer):
    """A picture by itself; its owner also sees what it cost and what became of it."""

    status = serializers.ChoiceField(choices=GenerationStatus.choices)
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    finished_at = serializers.DateTimeField(allow_null=True)
    cost = serializers.SerializerMethodField()
    failure_reason = serializers.SerializerMethodField()

    def get_cost(self, generation: Generation) -> int | None:
        return generation.cost if self._is_owner(generation) else None

    def get_failure_reason(self, generation: Generation) -> str | None:
        return generation.failure_reason or None if self._is_owner(generation) else None

    def _is_owner(self, generation: Generation) -> bool:
        return bool(self.context["viewer_id"] == generation.user_id)

    @staticmethod
    def detail_from_row(row: Row, link: Link, *, viewer_id: int | None) -> dict[str, Any]:
        """What the fields make of a picture, from a row of ``PICTURE_COLUMNS`` and
        ``PICTURE_DETAIL_COLUMNS``."""
        status, visibility, finished_at, cost, failure_reason = row[23:]
        is_owner = viewer_id == row[13]
        return PictureSerializer.from_row(row, link) | {
            "status": status,
            "visibility": visibility,
            "finished_at": finished_at,
            "cost": cost if is_owner else None,
            "failure_reason": failure_reason or None if is_owner else None,
        }


class GenerationProgressSerializer(BaseSerializer):
    current_step = serializers.IntegerField()
    total_steps = serializers.IntegerField()
    progress_percent = serializers.FloatField()
    estimated_seconds = serializers.FloatField(allow_null=True)


class GenerationStatusSerializer(BaseSerializer):
    """What a client polls for."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=GenerationStatus.choices)
    progress = GenerationProgressSerializer(allow_null=True)
    queue_position = serializers.IntegerField(allow_null=True)
    image_url = LinkField(source="image_path")
    preview_url = LinkField(source="preview_path")
    failure_reason = serializers.SerializerMethodField()

    def get_failure_reason(self, generation: Generation) -> str | None:
        return generation.failure_reason or None

    @staticmethod
    def from_row(row: Row, link: Link) -> dict[str, Any]:
        """What the fields make of a picture, from a row of ``STATUS_COLUMNS``."""
        return {
            "id": row[0],
            "status": row[1],
            # The database's JSON goes out as it came.
            "progress": None if row[2] is None else orjson.Fragment(row[2]),
            "queue_position": row[3],
            "image_url": link(row[4]) or None,
            "preview_url": link(row[5]) or None,
            "failure_reason": row[6] or None,
        }


class GenerationAcceptedSerializer(BaseSerializer):
    generation_id = serializers.IntegerField(source="pk")
    status = serializers.ChoiceField(choices=GenerationStatus.choices)
    cost = serializers.IntegerField()
    seed = serializers.IntegerField()
    balance = serializers.IntegerField(source="user.token_balance")

    @staticmethod
    def plain(instance: Generation) -> dict[str, Any]:
        return {
            "generation_id": instance.pk,
            "status": instance.status,
            "cost": instance.cost,
            "seed": instance.seed,
            "balance": instance.user.token_balance,
        }


class GenerationReportedSerializer(BaseSerializer):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=GenerationStatus.choices)

    @staticmethod
    def plain(instance: Generation) -> dict[str, Any]:
        return {"id": instance.pk, "status": instance.status}


class PromptTagsField(serializers.ListField):
    child = serializers.RegexField(
        r"^[ -+\--~]*$",
        max_length=50,
        error_messages={"invalid": "Use printable ASCII characters without commas."},
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=20, **kwargs)


class GenerateSerializer(BaseSerializer):
    style_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    prompt_tags = PromptTagsField()
    aspect_ratio = serializers.ChoiceField(choices=AspectRatio.choices)
    seed = serializers.IntegerField(
        min_value=0, max_value=MAX_SEED, required=False, allow_null=True, default=None
    )

    def run_validation(self, data: Any = empty) -> Any:
        """What nearly every order looks like is seen at a glance; all others, the wrong ones and
        the merely odd ones, are left to the fields."""
        try:
            return msgspec.structs.asdict(msgspec.convert(data, _PlainOrder))
        except msgspec.ValidationError:
            return super().run_validation(data)


# Printable ASCII without commas, and without the outer spaces that a field would take off.
_PlainTag = Annotated[
    str, msgspec.Meta(max_length=50, pattern=r"^[!-+\--~](?:[ -+\--~]*[!-+\--~])?\Z")
]
_KnownFormat = Annotated[str, msgspec.Meta(pattern=rf"^(?:{'|'.join(AspectRatio.values)})\Z")]


class _PlainOrder(msgspec.Struct):
    """Nothing that ``GenerateSerializer`` would refuse or change."""

    style_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    prompt_tags: Annotated[list[_PlainTag], msgspec.Meta(min_length=1, max_length=20)]
    aspect_ratio: _KnownFormat
    seed: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)] | None = None


# So that msgspec knows the type before two threads ask for it at once: see protocol/reports.py.
msgspec.json.Decoder(_PlainOrder)


class OwnPicturesQuerySerializer(BaseSerializer):
    status = serializers.ChoiceField(choices=GenerationStatus.choices, default="", allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices, default="", allow_blank=True)


class FeedQuerySerializer(BaseSerializer):
    following = serializers.BooleanField(default=False)


class PictureUpdateSerializer(BaseSerializer):
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)
    description = serializers.CharField(max_length=500, allow_blank=True, required=False)
