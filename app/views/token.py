from functools import partial
from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.models import Transaction, User
from app.models.token import TransactionQuerySet
from app.serializers.purchase import PurchaseSerializer
from app.serializers.token import (
    PurchasedSerializer,
    TokenBalanceSerializer,
    TokenPurchaseSerializer,
    TokenTransactionSerializer,
    TransactionQuerySerializer,
)
from app.services import payment_service
from app.utils import caches
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import ApiViewSet, Serializer


class TokenViewSet(ApiViewSet):
    """The wallet."""

    permission_classes = (IsAuthenticated,)
    output = {
        "list": TokenTransactionSerializer,
        "transactions": TokenTransactionSerializer,
        "balance": TokenBalanceSerializer,
        "purchase": PurchasedSerializer,
    }
    input = {"purchase": TokenPurchaseSerializer}
    query = {"transactions": TransactionQuerySerializer}
    related = {"transactions": ("with_style",)}
    schema_tag = "tokens"
    paged = ("transactions",)
    success = {"purchase": 201}
    other_success = {"purchase": {202: PurchaseSerializer}}
    errors = {"purchase": ("PAYMENT_REFUSED", "PAYMENT_DISPUTED", *IDEMPOTENCY_CODES)}
    # Where the body of an answer is another one than its action's.
    shown_by: Serializer | None = None

    def balance(self, request: Request) -> Answer:
        """My tokens; for artists also what their styles have earned. While a bank disputes a
        payment of mine, since when I can't spend any."""
        # The account was read with the session, by this very request.
        frozen_at = self.user.spending_frozen_at
        frozen = {"spending_frozen_at": frozen_at} if frozen_at else {}
        if not self.user.is_artist:
            return self.show({"balance": self.user.token_balance, **frozen})
        balance, version = User.objects.balance_of(self.user.pk)
        earned = caches.kept(
            f"earned:{self.user.pk}:{version}",
            lambda: Transaction.objects.earned_by(self.user.pk),
            seconds=caches.EARNED_SECONDS,
        )
        return self.show({"balance": balance, "earned": earned, **frozen})

    def purchase(self, request: Request) -> Answer:
        """Buy tokens, in multiples of 100. Where money is taken, the answer is 202 and says where
        to pay; ``/api/tokens/purchases/{id}`` says what became of it."""
        order = self.parse()
        if not payment_service.takes_no_money():
            return self._begin(order)
        return self.run_once(
            prepare=partial(payment_service.take_payment, user=self.user, **order),
            act=lambda payment: payment_service.record_purchase(
                user=self.user, payment=payment, **order
            ),
            facts=lambda bought: {"balance": bought.receiver.token_balance},
            find=Transaction.objects.bought,
            status=201,
        )

    def _begin(self, order: dict[str, Any]) -> Answer:
        """A purchase that waits until it is paid at the address that the answer names."""
        self.shown_by = PurchaseSerializer
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: payment_service.begin(user=self.user, **order),
            finish=payment_service.open_checkout,
            find=partial(payment_service.purchase_of, self.user),
            status=202,
        )

    def get_serializer_class(self) -> Serializer:
        return self.shown_by or super().get_serializer_class()

    def transactions(self, request: Request) -> Answer:
        """My history, newest first."""
        return self.page_of(self.get_queryset())

    def get_queryset(self) -> TransactionQuerySet:
        return Transaction.objects.of(self.user).of_type(self.parse_query()["type"])
