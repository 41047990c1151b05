"""The queues. Both sides must declare them with the same arguments, or the broker refuses."""

from typing import Any

from protocol.messages import GENERATION_QUEUE, TRAINING_QUEUE

QUEUES = (TRAINING_QUEUE, GENERATION_QUEUE)
# How often a message may come back after its first delivery before it becomes a dead letter.
DELIVERY_LIMIT = 2


def dead_queue_name(queue: str) -> str:
    """The queue for the dead letters of ``queue``."""
    return f"{queue}.dead"


def queue_arguments(queue: str) -> dict[str, Any]:
    """Arguments of the durable queue ``queue``.

    It is replicated, and no message is lost on its way to the dead letters (RabbitMQ's
    at-least-once dead lettering, which requires reject-publish).
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_queue_name(queue),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def dead_queue_arguments() -> dict[str, Any]:
    return {"x-queue-type": "quorum"}
