"""``/api/webhooks``: where a user's own programs are told of events."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from app.http.bodies import Answer
from app.models import WebhookDelivery, WebhookEndpoint
from app.permissions import IsOwner
from app.serializers.webhook import (
    DeliveriesQuerySerializer,
    DeliverySerializer,
    NewWebhookSerializer,
    SendAgainSerializer,
    SentAgainSerializer,
    WebhookChangeSerializer,
    WebhookCreateSerializer,
    WebhookSecretSerializer,
    WebhookSerializer,
)
from app.services.webhooks import deliveries, endpoints
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet


class WebhookViewSet(BaseViewSet):
    """Webhooks: my addresses that are told of events. docs/webhooks.md says what they get."""

    permission_classes = (IsOwner,)
    output = {
        "list": WebhookSerializer,
        "create": NewWebhookSerializer,
        "secret": WebhookSecretSerializer,
        "rotate": NewWebhookSerializer,
        "test": DeliverySerializer,
        "deliveries": DeliverySerializer,
        "send_again": DeliverySerializer,
        "send_range_again": SentAgainSerializer,
    }
    input = {
        "create": WebhookCreateSerializer,
        "update": WebhookChangeSerializer,
        "send_range_again": SendAgainSerializer,
    }
    query = {"deliveries": DeliveriesQuerySerializer}
    schema_tag = "webhooks"
    paged = ("list", "deliveries")
    success = {"create": 201, "destroy": 204, "test": 202, "send_again": 202}
    errors = {
        "create": ("CONFLICT", *IDEMPOTENCY_CODES),
        "test": ("CONFLICT",),
        "send_again": ("CONFLICT",),
        "send_range_again": ("CONFLICT",),
    }

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.of(self.user)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Have events sent to an address. The answer has the secret that signs them."""
        given = self.parse()
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: endpoints.create(user=self.user, **given),
            find=lambda pk: endpoints.find(self.user, pk),
            status=201,
        )

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One of my webhooks."""
        return self.show(endpoints.find(self.user, kwargs["pk"], may_change=self.may_change))

    def change(self, given: dict[str, Any]) -> WebhookEndpoint:
        """Change it, switch it off or on. What waits for one that is switched off is given up."""
        return endpoints.change(**self._this(self.kwargs["pk"]), **given)

    def remove(self, pk: Any) -> None:
        """Tell it of nothing any more, and forget its log."""
        endpoints.delete(**self._this(pk))

    def secret(self, request: Request, pk: int) -> Answer:
        """The secret that signs what is sent. A key needs the scope `manage`."""
        return self.show(endpoints.find(self.user, pk, may_change=self.may_change))

    def rotate(self, request: Request, pk: int) -> Answer:
        """Make a new secret. For 24 hours the former one signs as well."""
        return self.show(endpoints.rotate_secret(**self._this(pk)))

    def test(self, request: Request, pk: int) -> Answer:
        """Send an event of the type `webhook.test`."""
        return self.show(endpoints.send_test(**self._this(pk)), status=202)

    def deliveries(self, request: Request, pk: int) -> Answer:
        """What was sent in the last 30 days, and what was answered; newest first."""
        endpoint = endpoints.find(self.user, pk, may_change=self.may_change)
        state = self.parse_query()["state"]
        sent: QuerySet[WebhookDelivery] = deliveries.log_of(endpoint)
        return self.page_of(sent.filter(state=state) if state else sent)

    def send_again(self, request: Request, pk: int) -> Answer:
        """Send a message again, with its id."""
        sent = deliveries.send_again(user=self.user, delivery_id=pk, may_change=self.may_change)
        return self.show(sent, status=202)

    def send_range_again(self, request: Request, pk: int) -> Answer:
        """Send the messages of a time again, with their ids: those that failed, or all."""
        count = deliveries.send_range_again(**self._this(pk), **self.parse())
        return self.show({"count": count})

    def _this(self, pk: Any) -> dict[str, Any]:
        return {"user": self.user, "endpoint_id": pk, "may_change": self.may_change}
