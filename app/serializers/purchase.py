from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from app.models import MoveStatus, Purchase, PurchaseStatus
from app.serializers.base import BaseSerializer
from app.utils.money import written


class RefundableSerializer(BaseSerializer):
    amount = serializers.IntegerField(help_text="Tokens.")
    price = serializers.IntegerField(help_text="In the currency's smallest unit.")
    until = serializers.DateTimeField()


class ReceivedSerializer(BaseSerializer):
    """What a provider is answered."""

    received = serializers.BooleanField()


class PackSerializer(BaseSerializer):
    amount = serializers.IntegerField(help_text="Tokens.")
    price = serializers.IntegerField(help_text="In the currency's smallest unit.")
    price_text = serializers.CharField(source="written")


class PacksSerializer(BaseSerializer):
    gateway = serializers.CharField()
    is_test = serializers.BooleanField(help_text="Whether no money is taken here.")
    currency = serializers.CharField()
    packs = PackSerializer(many=True)
    refund_days = serializers.IntegerField()


class PurchaseSerializer(BaseSerializer):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=PurchaseStatus.choices)
    amount = serializers.IntegerField(help_text="Tokens.")
    price = serializers.IntegerField(
        allow_null=True, help_text="In the currency's smallest unit; null: no money was taken."
    )
    price_text = serializers.SerializerMethodField()
    currency = serializers.CharField()
    payment_method = serializers.CharField()
    gateway = serializers.CharField()
    checkout_url = serializers.SerializerMethodField()
    refunded_amount = serializers.IntegerField(help_text="Tokens whose money went back.")
    refundable = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)

    def get_price_text(self, purchase: Purchase) -> str | None:
        return None if purchase.price is None else written(purchase.price, purchase.currency)

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_checkout_url(self, purchase: Purchase) -> str | None:
        """Where a pending one is paid."""
        is_open = purchase.status == PurchaseStatus.PENDING
        return purchase.checkout_url or None if is_open else None

    @extend_schema_field(RefundableSerializer(allow_null=True))
    def get_refundable(self, purchase: Purchase) -> dict[str, Any] | None:
        """What of it can be given back, and until when."""
        offer = self.context.get("refundable", {}).get(purchase.pk)
        return RefundableSerializer(offer).data if offer else None


class RefundSerializer(BaseSerializer):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=MoveStatus.choices)
    amount = serializers.IntegerField(help_text="Tokens.")
    price = serializers.IntegerField(help_text="In the currency's smallest unit.")
    failure = serializers.CharField()
    purchase = PurchaseSerializer()
