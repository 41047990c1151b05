"""From the outbox to the broker."""

from __future__ import annotations

import structlog

from app.services import handover_service, outbox_service
from app.services.rabbitmq_service import PublishFailed, RabbitMQService

log = structlog.get_logger(__name__)

MAX_DELAY_SECONDS = 30.0


class Relay:
    """Publishes what is due. Without a broker's address it leaves the outbox to local workers."""

    def __init__(self, amqp_url: str) -> None:
        self._broker = RabbitMQService(amqp_url) if amqp_url else None

    def publish_due(self) -> int:
        """Publish all that is due; stops at the first that the broker does not take.

        Returns how many were published.
        """
        published = 0
        while self._broker is not None and self._publish_next():
            published += 1
        return published

    def close(self) -> None:
        if self._broker is not None:
            self._broker.close()

    def _publish_next(self) -> bool:
        assert self._broker is not None
        with outbox_service.claim_next() as message:
            if message is None:
                return False
            try:
                self._broker.publish(
                    message.queue, bytes(message.body), message_id=str(message.task_id)
                )
            except PublishFailed as error:
                delay = min(0.5 * 2 ** min(message.tries, 10), MAX_DELAY_SECONDS)
                outbox_service.mark_unsent(message, error=str(error), delay=delay)
                log.warning("publish_failed", task_id=str(message.task_id), error=str(error))
                return False
            outbox_service.mark_sent(message)
            handover_service.message_accepted(message)
        return True
