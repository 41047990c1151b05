"""Whose turn it is in the queues; the rules are in ``app.delivery.turns``."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from app.models.user import User


class QueueClock(models.Model):
    """The virtual time of a queue: the highest tag of what was handed over. It never goes back."""

    queue = models.CharField(primary_key=True, max_length=50)
    virtual_time = models.BigIntegerField(default=0)
    warm_styles = ArrayField(
        models.BigIntegerField(), default=list, help_text="Of what was handed over last."
    )
    handed_over = models.BigIntegerField(default=0, help_text="How many tasks were, in all.")
    full_at = models.DateTimeField(
        null=True, blank=True, help_text="When the workers were last seen to have enough."
    )

    class Meta:
        ordering = ["queue"]

    def __str__(self) -> str:
        return f"{self.queue} at {self.virtual_time}"


class Turn(models.Model):
    """Up to which tag a person has ordered in a queue."""

    queue = models.CharField(max_length=50)
    user = models.ForeignKey(User, models.CASCADE, related_name="turns", db_index=False)
    finish = models.BigIntegerField()
    weight = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How many shares of the workers they get."
    )

    class Meta:
        ordering = ["queue", "user"]
        constraints = [
            models.UniqueConstraint(name="turn_of_user", fields=["user", "queue"]),
            models.CheckConstraint(name="turn_has_weight", condition=Q(weight__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.queue} up to {self.finish}"
