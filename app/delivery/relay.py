"""The relay: publishes through ``rabbitmq_service`` what ``outbox`` says is due.

``manage.py relay_outbox`` runs it.
"""

from __future__ import annotations

import time

import structlog
from msgspec.structs import asdict

from app.delivery import outbox
from app.delivery.broker import BrokerAway, MessageRefused
from app.models import OutboxMessage
from app.services.jobs.lease_service import KINDS
from app.services.rabbitmq_service import RabbitMQService
from protocol import InvalidMessage, Task, TrainingTask, decode_task
from protocol.messages import kind_of

log = structlog.get_logger(__name__)

# A relay that dies after a confirm and before it marks the message sends this many twice, at most.
BATCH = 20
MAX_DELAY_SECONDS = 30.0
# Between attempts to reach a broker that is away; so late at most does work go on after its return.
MAX_AWAY_SECONDS = 5.0


class Relay:
    """Publishes due messages. Without a broker's address, local workers read the outbox."""

    def __init__(self, amqp_url: str) -> None:
        self._broker = RabbitMQService.shared(amqp_url) if amqp_url else None
        self._away_seconds = 0.0
        self._away_until = 0.0

    def publish_due(self) -> int:
        """Publish all due messages, unless the broker is down. Returns how many."""
        published = 0
        while self._broker is not None and time.monotonic() >= self._away_until:
            claimed, sent = self._publish_batch(self._broker)
            published += sent
            if not claimed:
                break
        return published

    def keep_alive(self) -> None:
        """Keep the idle connection alive. Call it every few seconds."""
        if self._broker is not None:
            self._broker.keep_alive()

    def close(self) -> None:
        if self._broker is not None:
            self._broker.close()

    def _publish_batch(self, broker: RabbitMQService) -> tuple[int, int]:
        """How many messages were claimed, and how many of them published."""
        sent: list[OutboxMessage] = []
        with outbox.claim_batch(BATCH) as messages:
            try:
                for message in messages:
                    if self._publish(broker, message):
                        # One by one: the broker may go away in between.
                        sent.append(message)  # noqa: PERF401
                self._away_seconds = 0.0
            except BrokerAway as error:
                self._away_seconds = min(max(0.5, 2 * self._away_seconds), MAX_AWAY_SECONDS)
                self._away_until = time.monotonic() + self._away_seconds
                log.warning("broker_away", error=str(error), seconds=self._away_seconds)
            finally:
                if sent:
                    outbox.mark_sent(*sent)
            for message in sent:
                KINDS[kind_of(message.queue)].mark_accepted(message)
        return len(messages), len(sent)

    @staticmethod
    def _publish(broker: RabbitMQService, message: OutboxMessage) -> bool:
        """Whether the broker accepted the message. A refused message does not block the others."""
        with structlog.contextvars.bound_contextvars(
            task_id=str(message.task_id), attempt=message.attempt, request_id=""
        ):
            try:
                task = decode_task(bytes(message.body))
                structlog.contextvars.bind_contextvars(request_id=task.request_id)
                _send(broker, task, message)
            except (InvalidMessage, MessageRefused) as error:
                delay = min(0.5 * 2 ** min(message.tries, 10), MAX_DELAY_SECONDS)
                outbox.mark_unsent(message, error=str(error), delay=delay)
                log.warning("publish_refused", queue=message.queue, error=str(error))
                return False
            except BrokerAway as error:
                outbox.mark_unsent(message, error=str(error))
                raise
            log.info("published", queue=message.queue)
        return True


def _send(broker: RabbitMQService, task: Task, message: OutboxMessage) -> None:
    others = asdict(task.data)
    others |= {"task_id": task.task_id, "attempt": task.attempt, "request_id": task.request_id}
    others |= {"queue": message.queue, "written": bytes(message.body)}
    if isinstance(task, TrainingTask):
        told = (others.pop("style_id"), others.pop("image_paths"), task.webhook_url)
        broker.send_training_task(*told, **others)
    else:
        told = (others.pop("generation_id"), others.pop("style_id"), others.pop("prompt"))
        broker.send_generation_task(*told, task.webhook_url, **others)
