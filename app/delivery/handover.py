"""What it means for a job that the queue took its message, or gave it up as a dead letter."""

from __future__ import annotations

from app.models import OutboxMessage
from app.services import generation_service, training_service
from protocol import GENERATION_QUEUE


def message_accepted(message: OutboxMessage) -> None:
    """The queue has the message: the job may wait there, within its queue lease."""
    service = generation_service if message.queue == GENERATION_QUEUE else training_service
    service.mark_accepted(message.task_id, message.attempt)


def message_dead_lettered(message: OutboxMessage, reason: str) -> None:
    """No worker survives the message: the attempt ends now, for good when it was the last."""
    service = generation_service if message.queue == GENERATION_QUEUE else training_service
    service.end_attempt(message.task_id, message.attempt, reason)
