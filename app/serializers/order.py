"""Quotes, and orders of several pictures."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from rest_framework import serializers
from rest_framework.fields import empty

from app.models import Generation, GenerationStatus, Order, Priority
from app.models.generation import unknown_words
from app.models.order import MAX_COUNT, MAX_PICTURES, MAX_QUOTE_LENGTH
from app.serializers.base import BaseSerializer
from app.serializers.generation import (
    AgainField,
    ExpectedCostField,
    ExpectedTermsField,
    OrderedPictureSerializer,
    PictureDetailSerializer,
    PlainId,
    PlainPicture,
    PriorityField,
    UnknownWordsField,
    without_usual,
)
from app.utils.public_addresses import MAX_LENGTH as MAX_URL


class ItemSerializer(OrderedPictureSerializer):
    """Some pictures of the same words: one with a seed, or as many as `count` with seeds that are
    drawn."""

    count = serializers.IntegerField(min_value=1, max_value=MAX_COUNT, default=1)
    again = AgainField()

    def run_validation(self, data: Any = empty) -> Any:
        """What nearly every item looks like is seen at a glance; the rest is left to the fields."""
        try:
            return self.validate(msgspec.structs.asdict(msgspec.convert(data, _PlainItem)))
        except msgspec.ValidationError:
            return super().run_validation(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["seed"] is not None and attrs["count"] > 1:
            wrong = "With a seed it is one picture: the same seed gives the same picture."
            raise serializers.ValidationError({"count": [wrong]})
        # Versions before this one made quotes without it.
        if attrs["again"] is None:
            del attrs["again"]
        return super().validate(attrs)


class _PlainItem(PlainPicture):
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)] = 1
    again: PlainId | None = None


# So that msgspec knows the type before two threads ask for it at once: see protocol/messages.py.
msgspec.json.Decoder(_PlainItem)


class ItemsField(serializers.ListField):
    child = ItemSerializer()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=MAX_PICTURES, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        found: list[dict[str, Any]] = super().run_validation(data)
        if (pictures := sum(item["count"] for item in found)) > MAX_PICTURES:
            raise serializers.ValidationError(
                f"These are {pictures} pictures. An order has at most {MAX_PICTURES}."
            )
        return found


class DeadlineField(serializers.DateTimeField):
    """What is not made by then is refunded. Null: there is no deadline."""

    def __init__(self, **kwargs: Any) -> None:
        options: dict[str, Any] = {"allow_null": True, "default": None}
        super().__init__(help_text=str(self.__doc__), **options | kwargs)


class QuoteSerializer(BaseSerializer):
    items = ItemsField()
    priority = PriorityField()
    deadline = DeadlineField()


class QuotedItemSerializer(BaseSerializer):
    cost = serializers.IntegerField(help_text="Of all its pictures.")
    terms_id = serializers.CharField()
    unknown_words = UnknownWordsField()


class QuotedSerializer(BaseSerializer):
    id = serializers.CharField(help_text="For `quote_id` of an order of the same items.")
    priority = serializers.ChoiceField(choices=Priority.choices)
    cost = serializers.IntegerField()
    balance_after = serializers.IntegerField(
        help_text="What would be left. Below 0, tokens have to be bought first."
    )
    items = QuotedItemSerializer(many=True)
    place = serializers.IntegerField(help_text="Of its first picture, among all that are queued.")
    expected_seconds = serializers.IntegerField(help_text="Until all its pictures are made.")
    is_realistic = serializers.BooleanField(
        allow_null=True, help_text="Whether that is before the deadline; null without one."
    )
    expires_at = serializers.DateTimeField()


class OrderCreateSerializer(BaseSerializer):
    items = ItemsField()
    expected_cost = ExpectedCostField()
    expected_terms = ExpectedTermsField()
    quote_id = serializers.CharField(
        max_length=MAX_QUOTE_LENGTH,
        allow_null=True,
        default=None,
        help_text="The `id` of a quote for these items. Nothing is charged at another price, nor"
        " sold under other terms.",
    )
    priority = PriorityField()
    deadline = DeadlineField()
    webhook_url = serializers.CharField(
        max_length=MAX_URL,
        allow_null=True,
        default=None,
        help_text="Where to send what becomes of the order; see `/api/webhooks`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return without_usual(attrs)


class PlacedItemSerializer(BaseSerializer):
    generation_id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=GenerationStatus.choices)
    cost = serializers.IntegerField()
    seed = serializers.IntegerField()
    unknown_words = UnknownWordsField()


class OrderPlacedSerializer(BaseSerializer):
    id = serializers.IntegerField()
    cost = serializers.IntegerField()
    balance = serializers.IntegerField()
    item_count = serializers.IntegerField()
    deadline = serializers.DateTimeField(allow_null=True)
    items = PlacedItemSerializer(many=True)

    @staticmethod
    def plain(instance: Order) -> dict[str, Any]:
        """As it was when it was placed."""
        return {
            "id": instance.pk,
            "cost": instance.cost,
            "balance": instance.user.token_balance,
            "item_count": instance.item_count,
            "deadline": instance.deadline,
            "items": [
                _placed(picture)
                for picture in instance.items.select_related("style").order_by("pk")
            ],
        }


class CountsSerializer(BaseSerializer):
    """How many of its pictures are in which state."""

    queued = serializers.IntegerField()
    processing = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    canceled = serializers.IntegerField()


class OrderSerializer(BaseSerializer):
    id = serializers.IntegerField()
    item_count = serializers.IntegerField()
    cost = serializers.IntegerField(help_text="What was charged.")
    refunded = serializers.IntegerField()
    counts = CountsSerializer()
    deadline = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was seen that no picture is under way any more."
    )
    url = serializers.CharField(help_text="Its page.")


class ItemsPageSerializer(BaseSerializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PictureDetailSerializer(many=True)


class OrderDetailSerializer(OrderSerializer):
    items = ItemsPageSerializer(help_text="Its pictures in their order, in pages.")


def _placed(picture: Generation) -> dict[str, Any]:
    return {
        "generation_id": picture.pk,
        "status": GenerationStatus.QUEUED,
        "cost": picture.cost,
        "seed": picture.seed,
        "unknown_words": list(unknown_words(picture.style.engine, picture.prompt_tags)),
    }
