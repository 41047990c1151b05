from typing import Any

from rest_framework import serializers

from app.models import Transaction, TransactionType
from app.models.token import PUBLIC_CHOICES
from app.serializers.base import BaseSerializer

PAYMENT_METHODS = ["card", "bank_transfer", "kakao_pay", "paypal"]


BALANCE_FIELDS = ("balance", "earned", "spending_frozen_at")


class TokenBalanceSerializer(BaseSerializer):
    balance = serializers.IntegerField()
    earned = serializers.IntegerField(required=False, help_text="Artists only.")
    spending_frozen_at = serializers.DateTimeField(
        required=False,
        help_text="Only while a bank disputes a payment: since when nothing can be spent.",
    )

    @staticmethod
    def plain(instance: dict[str, Any]) -> dict[str, Any]:
        return {name: instance[name] for name in BALANCE_FIELDS if name in instance}


class TokenPurchaseSerializer(BaseSerializer):
    amount = serializers.IntegerField(min_value=100, max_value=1_000_000)
    payment_method = serializers.ChoiceField(choices=PAYMENT_METHODS)

    def validate_amount(self, amount: int) -> int:
        if amount % 100:
            raise serializers.ValidationError("Buy tokens in multiples of 100.")
        return amount


class TransactionQuerySerializer(BaseSerializer):
    type = serializers.ChoiceField(choices=PUBLIC_CHOICES, default="", allow_blank=True)


class TokenTransactionSerializer(BaseSerializer):
    id = serializers.IntegerField()
    type = serializers.ChoiceField(choices=PUBLIC_CHOICES, source="public_type")
    amount = serializers.IntegerField()
    direction = serializers.SerializerMethodField()
    memo = serializers.CharField()
    generation_id = serializers.IntegerField(allow_null=True)
    order_id = serializers.IntegerField(
        allow_null=True, help_text="Of the one charge for all pictures of an order."
    )
    style_name = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_direction(self, transaction: Transaction) -> str:
        """``outgoing``: paid, or taken back; ``incoming``: earned or bought; ``system``: given by
        the platform."""
        if transaction.sender_id == self.context["viewer_id"]:
            return "outgoing"
        was_given = transaction.generation_id is None and transaction.purchase_id is None
        if transaction.type == TransactionType.REFUND or was_given:
            return "system"
        return "incoming"

    def get_style_name(self, transaction: Transaction) -> str | None:
        return transaction.generation.style.name if transaction.generation else None


class PurchasedSerializer(BaseSerializer):
    balance = serializers.IntegerField(source="receiver.token_balance")
    transaction = TokenTransactionSerializer(source="*")
