"""Tokens that are bought for money: what they cost, what became of a purchase, and the way back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.models import Purchase
from app.serializers.purchase import (
    PacksSerializer,
    PurchaseSerializer,
    ReceivedSerializer,
    RefundSerializer,
)
from app.services import payment_service
from app.views.base import ApiViewSet, ReadOnlyViewSet


class PackViewSet(ApiViewSet):
    """``GET /api/tokens/packs``."""

    permission_classes = ()
    output = {"packs": PacksSerializer}
    schema_tag = "tokens"

    def packs(self, request: Request) -> Answer:
        """What tokens cost. Any other hundred can be bought too."""
        return self.show(
            {
                "gateway": settings.PAYMENT_GATEWAY,
                "is_test": payment_service.takes_no_money(),
                "currency": settings.CURRENCY,
                "packs": payment_service.packs(),
                "refund_days": settings.REFUND_DAYS,
            }
        )


class PurchaseViewSet(ReadOnlyViewSet):
    """My purchases."""

    permission_classes = (IsAuthenticated,)
    output = {"list": PurchaseSerializer, "refund": RefundSerializer}
    schema_tag = "tokens"
    schema_names = {
        "list": "purchases",
        "retrieve": "purchase_status",
        "refund": "refund_purchase",
    }
    errors = {"refund": ("NOT_REFUNDABLE", "PAYMENT_DISPUTED")}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """My purchases, newest first."""
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One of my purchases: whether it is paid."""
        return super().retrieve(request, *args, **kwargs)

    def refund(self, request: Request, pk: int) -> Answer:
        """Give back what I have not used of a purchase, for its price. The answer may be that the
        money is still on its way."""
        return self.show(payment_service.refund(user=self.user, purchase_id=pk))

    def get_queryset(self) -> QuerySet[Purchase]:
        return Purchase.objects.filter(user=self.user)

    def get_serializer_context(self) -> dict[str, Any]:
        offers = payment_service.refundable(self.user.pk)
        return {**super().get_serializer_context(), "refundable": offers}


class StripeWebhook(ApiViewSet):
    """``POST /api/payments/stripe/webhook``."""

    output = {"receive": ReceivedSerializer}
    schema_tag = "tokens"
    schema_names = {"receive": "stripe_webhook"}
    errors = {"receive": ("INVALID_SIGNATURE", "NOT_FOUND", "PAYLOAD_TOO_LARGE")}
    # No cookie and no key opens it, but Stripe's signature.
    internal = signed = ("receive",)
    permission_classes = ()

    def receive(self, request: Request) -> Answer:
        """What Stripe tells by itself, signed. Only Stripe calls this."""
        payment_service.take_in(request.body, request.headers.get("Stripe-Signature", ""))
        return self.show({"received": True})
