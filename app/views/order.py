"""``/api/quotes`` and ``/api/orders``: several pictures, priced and ordered at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.http.throttling import check
from app.models import Generation, Order
from app.models.notification import TargetType
from app.models.reads.picture import PictureDetail
from app.models.reads.session import SESSION_WITH_NEWS
from app.models.reads.status import SECONDS_A_PLACE, within_bounds
from app.serializers.order import (
    OrderCreateSerializer,
    OrderDetailSerializer,
    OrderPlacedSerializer,
    OrderSerializer,
    QuotedSerializer,
    QuoteSerializer,
)
from app.services import rate_limit_service
from app.services.orders import ending, placing, quotes
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet

# What the buyer has seen. Who sends an order again may have seen something else since.
CONDITIONS = ("expected_cost", "expected_terms", "quote_id")
REFUSED = ("WORDS_REFUSED", "STYLE_ON_HOLD")
OF_ORDER = (
    *("INSUFFICIENT_TOKENS", "PRICE_CHANGED", "TERMS_CHANGED", "STYLE_NOT_READY"),
    *("QUOTA_EXCEEDED", "PAYMENT_DISPUTED", "WORDS_REFUSED", "STYLE_ON_HOLD"),
)


class OrderViewSet(BaseViewSet):
    """Orders: several pictures at once, with one charge. docs/orders.md says how they run."""

    permission_classes = (IsAuthenticated,)
    output = {
        "list": OrderSerializer,
        "create": OrderPlacedSerializer,
        "retrieve": OrderDetailSerializer,
        "quote": QuotedSerializer,
        "cancel": OrderSerializer,
    }
    input = {"create": OrderCreateSerializer, "quote": QuoteSerializer}
    schema_tag = "orders"
    session_query = {"retrieve": SESSION_WITH_NEWS[TargetType.ORDER]}
    polled = ("retrieve",)
    success = {"create": 202}
    errors = {"create": (*OF_ORDER, *IDEMPOTENCY_CODES), "quote": REFUSED}

    def quote(self, request: Request) -> Answer:
        """What an order would cost, when it is expected, and the words that the engine does not
        know. Valid for ten minutes."""
        return self.show(quotes.quote(user=self.user, **self.parse()))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Order up to 500 pictures. All are paid at once, or nothing is ordered; each is made, and
        refunded if need be, by itself."""
        order, limited = self.parse(), ("orders", f"user-{self.user.pk}")
        return self.run_once(
            prepare=lambda: rate_limit_service.require(check(request._request, *limited)),
            act=lambda _: placing.place(user=self.user, **order),
            facts=lambda placed: {"balance": placed.user.token_balance},
            find=Order.objects.accepted,
            discard=lambda _: rate_limit_service.give_back(*limited),
            conditions=CONDITIONS,
            status=202,
        )

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """My orders of several pictures, newest first."""
        rows = self.paginate_queryset(Order.objects.of(self.user))
        return self.get_paginated_response(_told(rows or []))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One of my orders, with its pictures in pages (`cursor`, `limit`). As long as some are
        queued or being made, `Retry-After` says when to ask again."""
        order = Order.objects.one_of(self.user, kwargs["pk"])
        self.mark_seen(TargetType.ORDER, order.pk)
        pictures = Generation.objects.of_order(self.user, order.pk)
        rows = [PictureDetail.of(each) for each in self.paginate_queryset(pictures) or []]
        paginator: Any = self.paginator
        page = paginator.page_with(PictureDetail.to_json(rows))
        told = _told([order])[0]
        counts = told["counts"]
        answer = Answer({**told, "items": page})
        if left := counts["queued"] + counts["processing"]:
            answer.headers["Retry-After"] = str(within_bounds(left * SECONDS_A_PLACE))
        return answer

    def cancel(self, request: Request, pk: int) -> Answer:
        """Cancel and refund what of it is still queued. What is being made goes on."""
        return Answer(_told([placing.cancel(user=self.user, order_id=pk)])[0])


def _told(orders: Sequence[Order]) -> list[dict[str, Any]]:
    facts = ending.facts_of(orders)
    return [
        {
            **{name: getattr(order, name) for name in ("id", "item_count", "cost")},
            **facts[order.pk],
            **{name: getattr(order, name) for name in ("deadline", "created_at", "ended_at")},
            "url": ending.page_of(order),
        }
        for order in orders
    ]
