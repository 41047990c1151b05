"""The queues, as both sides declare them: a declaration with other arguments would be refused."""

from typing import Any

from protocol.messages import GENERATION_QUEUE, TRAINING_QUEUE

QUEUES = (TRAINING_QUEUE, GENERATION_QUEUE)
# A message is delivered once and given back at most this often; then it is dead.
DELIVERY_LIMIT = 2


def dead_queue_name(queue: str) -> str:
    """Where messages of ``queue`` go that nobody could work on."""
    return f"{queue}.dead"


def queue_arguments(queue: str) -> dict[str, Any]:
    """Arguments of the durable queue ``queue``: replicated, and no message is lost on its way to
    the dead letters (RabbitMQ's at-least-once dead lettering, which needs reject-publish)."""
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
