"""Messages that wait to be published. ``app.delivery`` sends them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

# When a message was first due. Its age counts from then, however often it was retried.
FIRST_DUE = Coalesce("due_at", "available_at")


class OutboxMessage(models.Model):
    """A task to publish, written in the transaction that needs it.

    Without a broker, these rows are the queue. A trigger notifies the channel ``outbox`` when a row
    is added.
    """

    queue = models.CharField(max_length=50)
    task_id = models.UUIDField()
    attempt = models.PositiveSmallIntegerField()
    body = models.BinaryField(help_text="The message, as it goes on the queue.")
    available_at = models.DateTimeField(help_text="Not to be sent before.")
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was first due, for one that was put off since."
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    turn = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Lower ones go first. One without gets the present virtual time when it is due.",
    )
    style_id = models.BigIntegerField(null=True, blank=True)
    go_at = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="By which hand-over of its queue it goes, once others of warm styles pass it.",
    )
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["available_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="outbox_attempt_once", fields=["task_id", "attempt"]),
        ]
        indexes = [
            # Which queues have any. It is the order of a version before, too.
            models.Index(
                name="outbox_unsent",
                fields=["queue", "available_at", "id"],
                condition=Q(sent_at__isnull=True),
            ),
            models.Index(
                name="outbox_turn",
                fields=["queue", "turn", "id"],
                condition=Q(sent_at__isnull=True, turn__isnull=False),
            ),
            models.Index(
                name="outbox_without_turn",
                fields=["available_at"],
                condition=Q(sent_at__isnull=True, turn__isnull=True),
            ),
            # The lateness of the version before, likewise.
            models.Index(
                FIRST_DUE, F("id"), name="outbox_first_due", condition=Q(sent_at__isnull=True)
            ),
            models.Index(
                FIRST_DUE,
                name="outbox_late",
                condition=Q(sent_at__isnull=True, turn__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.task_id}/{self.attempt}"
