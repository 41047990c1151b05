"""What other systems are told: where to, and each message with the log of its attempts."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from app.models.generation import Generation
from app.models.user import User
from app.utils import webhook_signing


class WebhookEvent(models.TextChoices):
    """All that endpoints can be told. docs/webhooks.md says what each has in its ``data``."""

    GENERATION_COMPLETED = "generation.completed", _("A picture is ready")
    GENERATION_FAILED = "generation.failed", _("A picture failed and was refunded")
    GENERATION_CANCELED = "generation.canceled", _("A picture was canceled and refunded")
    ORDER_COMPLETED = "order.completed", _("All pictures of an order have ended")
    STYLE_TRAINED = "style.trained", _("A style is trained")
    STYLE_FAILED = "style.failed", _("The training of a style failed")
    LICENCE_ISSUED = "licence.issued", _("A picture got its licence")
    LICENCE_REFUNDED = "licence.refunded", _("A licence ended because its picture was refunded")
    LICENCE_REVOKED = "licence.revoked", _("A licence was revoked")
    LICENCE_RESTORED = "licence.restored", _("A licence that was revoked is valid again")
    PAYOUT_SENT = "payout.sent", _("A payout is on its way to the bank")
    PAYOUT_PAID = "payout.paid", _("A payout has arrived")
    PAYOUT_FAILED = "payout.failed", _("A payout came back")


# Sent to one endpoint, when its owner asks for it.
TEST_EVENT = "webhook.test"


class DisabledReason(models.TextChoices):
    OWNER = "owner", "Its owner switched it off"
    GONE = "gone", "It answered 410"
    FAILING = "failing", "It failed for five days"


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def of(self, user: User) -> WebhookEndpointQuerySet:
        """The user's endpoints, newest first, with those of orders."""
        return self.filter(user=user, deleted_at=None).order_by("-created_at", "-pk")


class WebhookEndpoint(models.Model):
    """An address that is told of a user's events.

    Its secrets are sealed, newest first: ``[{"sealed": …, "until": null}]``. A former one signs as
    well until its time is over.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="webhook_endpoints")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=100, blank=True)
    events = ArrayField(
        models.CharField(max_length=30, choices=WebhookEvent.choices),
        default=list,
        blank=True,
        help_text="Empty: all of them.",
    )
    is_for_orders = models.BooleanField(
        default=False, help_text="It is told of the orders that name it, and of nothing else."
    )
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason.choices, blank=True)
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="The first failure after the last success."
    )
    secrets = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="webhook_endpoint_disabled_has_reason",
                condition=Q(is_enabled=True, disabled_reason="")
                | Q(is_enabled=False) & ~Q(disabled_reason=""),
            ),
            models.UniqueConstraint(
                name="webhook_endpoint_of_orders_once",
                fields=["user", "url"],
                condition=Q(is_for_orders=True, deleted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        """What signs, as the receiver is given it."""
        return webhook_signing.current(self.secrets)


class OrderWebhook(models.Model):
    """Which endpoint an order named."""

    generation = models.OneToOneField(
        Generation, models.CASCADE, primary_key=True, related_name="webhook"
    )
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="orders")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.generation_id} → {self.endpoint_id}"


class DeliveryState(models.TextChoices):
    PENDING = "pending", "To be sent, or sent again"
    DELIVERED = "delivered", "Accepted"
    FAILED = "failed", "Given up"


# Which messages to send next: of each endpoint that has some waiting the first few that are due,
# and of those the longest due, but of no user more than ``per_user``. ``endpoints`` and ``users``
# are those that are being sent something, ``of_…`` how much. From one endpoint to the next by the
# index, so it costs the same however many wait behind the first.
DUE_DELIVERIES = """
    WITH RECURSIVE waiting(endpoint_id) AS (
        (
            SELECT endpoint_id FROM app_webhookdelivery WHERE state = 'pending'
            ORDER BY endpoint_id LIMIT 1
        )
        UNION ALL
        SELECT next.endpoint_id FROM waiting CROSS JOIN LATERAL (
            SELECT endpoint_id FROM app_webhookdelivery
            WHERE state = 'pending' AND endpoint_id > waiting.endpoint_id
            ORDER BY endpoint_id LIMIT 1
        ) next
    ), ranked AS (
        SELECT
            due.id, due.due_at,
            row_number() OVER (PARTITION BY endpoint.user_id ORDER BY due.due_at, due.id) AS place,
            %(per_user)s::int - COALESCE(of_user.number, 0) AS room
        FROM waiting
        JOIN app_webhookendpoint endpoint ON endpoint.id = waiting.endpoint_id
        LEFT JOIN unnest(%(endpoints)s::bigint[], %(of_endpoints)s::int[])
            AS of_endpoint(id, number) ON of_endpoint.id = endpoint.id
        LEFT JOIN unnest(%(users)s::bigint[], %(of_users)s::int[])
            AS of_user(id, number) ON of_user.id = endpoint.user_id
        CROSS JOIN LATERAL (
            SELECT id, due_at FROM app_webhookdelivery
            WHERE endpoint_id = endpoint.id AND state = 'pending' AND due_at <= %(now)s
            ORDER BY due_at, id
            LIMIT GREATEST(0, -COALESCE(of_endpoint.number, 0) +
                CASE WHEN endpoint.failing_since IS NULL THEN %(per_endpoint)s::int ELSE 1 END)
        ) due
    )
    SELECT id FROM ranked WHERE place <= room ORDER BY due_at, id LIMIT %(most)s
"""


class WebhookDelivery(models.Model):
    """A message to an endpoint, written in the transaction of its event.

    A trigger notifies the channel ``webhooks`` when a row is added. The body is sent as it is here,
    each time with the same id.
    """

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    message_id = models.UUIDField(db_default=RandomUUID(), editable=False)
    type = models.CharField(max_length=30)
    body = models.TextField()
    state = models.CharField(
        max_length=10,
        choices=DeliveryState.choices,
        default=DeliveryState.PENDING,
        db_default=DeliveryState.PENDING,
    )
    attempt_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(
        db_default=Now(), help_text="When to send it next. Who sends it puts it off meanwhile."
    )
    attempts = models.JSONField(
        default=list,
        db_default=models.Value([], output_field=models.JSONField()),
        help_text="The log: when, how long, status, answer, error.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="webhook_delivery_state_known",
                condition=Q(state__in=DeliveryState.values),
            ),
        ]
        indexes = [
            models.Index(
                name="webhook_delivery_due",
                fields=["due_at", "id"],
                condition=Q(state=DeliveryState.PENDING),
            ),
            models.Index(
                name="webhook_delivery_next",
                fields=["endpoint", "due_at", "id"],
                condition=Q(state=DeliveryState.PENDING),
            ),
            models.Index(
                F("endpoint"), F("created_at").desc(), F("id").desc(), name="webhook_delivery_log"
            ),
            models.Index(name="webhook_delivery_created", fields=["created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.webhook_id}"

    @property
    def webhook_id(self) -> str:
        """As the header ``webhook-id`` has it."""
        return f"msg_{self.message_id.hex}"

    @property
    def last_attempt(self) -> dict[str, Any] | None:
        return self.attempts[-1] if self.attempts else None
