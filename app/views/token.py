from functools import partial
from typing import Any

from django.http import HttpResponse
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from app.models import Transaction
from app.serializers.token import (
    PurchasedSerializer,
    TokenBalanceSerializer,
    TokenPurchaseSerializer,
    TokenTransactionSerializer,
    TransactionQuerySerializer,
)
from app.services import payment_service
from app.views.base import BaseViewSet, parse_query


class TokenViewSet(BaseViewSet):
    """The wallet."""

    permission_classes = (IsAuthenticated,)
    output = {
        "list": TokenTransactionSerializer,
        "transactions": TokenTransactionSerializer,
        "balance": TokenBalanceSerializer,
        "purchase": PurchasedSerializer,
    }
    input = {"purchase": TokenPurchaseSerializer}

    def balance(self, request: Request) -> Response:
        answer: dict[str, Any] = {"balance": request.user.token_balance}
        if request.user.is_artist:
            answer["earned"] = Transaction.objects.earned_by(request.user.pk)
        return Response(answer)

    def purchase(self, request: Request) -> HttpResponse:
        order = self.parse()
        return self.run_once(
            prepare=partial(payment_service.take_payment, user=request.user, **order),
            act=lambda payment: payment_service.record_purchase(
                user=request.user, payment=payment, **order
            ),
            status=201,
        )

    def transactions(self, request: Request) -> Response:
        wanted = parse_query(request, TransactionQuerySerializer)
        return self.page_of(Transaction.objects.of(request.user).of_type(wanted["type"]))
