"""An order of several pictures: one charge, and a generation for each picture."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from app.exceptions import NotFound
from app.models.user import User

# Pictures of one order, and of one item of it.
MAX_PICTURES = 500
MAX_COUNT = 8
# Characters of a quote's id. Each style adds its terms to it.
MAX_QUOTE_LENGTH = 40_000


class OrderQuerySet(models.QuerySet["Order"]):
    def of_several(self) -> OrderQuerySet:
        """Those of more than one picture. Their pictures are told of together."""
        return self.filter(item_count__gt=1)

    def of(self, user: User) -> OrderQuerySet:
        """The user's orders, newest first."""
        return self.filter(user_id=user.pk).order_by("-created_at", "-pk")

    def one_of(self, user: User, order_id: int) -> Order:
        """An order of the user. Raises NotFound."""
        order = self.filter(pk=order_id, user_id=user.pk).first()
        if order is None:
            raise NotFound("There is no such order.")
        return order

    def accepted(self, order_id: int, balance: int | None = None) -> Order:
        """An order as it was when it was placed, with the ``balance`` that was left."""
        order = self.select_related("user").get(pk=order_id)
        if balance is not None:
            order.user.token_balance = balance
        return order


class Order(models.Model):
    """What was ordered and paid at once. ``cost`` is what was charged, whatever prices are now."""

    user = models.ForeignKey(User, models.PROTECT, related_name="orders", db_index=False)
    item_count = models.PositiveSmallIntegerField(help_text="Pictures.")
    cost = models.PositiveIntegerField(help_text="Tokens charged.")
    deadline = models.DateTimeField(
        null=True, blank=True, help_text="What is not made by then is refunded."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was seen that no picture is under way."
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="order_has_pictures", condition=Q(item_count__gt=0, cost__gt=0)
            ),
        ]
        indexes = [
            models.Index(name="order_by_user", fields=["user", "-created_at", "-id"]),
            models.Index(name="order_under_way", fields=["id"], condition=Q(ended_at=None)),
            models.Index(
                name="order_deadline",
                fields=["deadline"],
                condition=Q(ended_at=None, deadline__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"
