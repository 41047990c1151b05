"""The relay: publishes through ``rabbitmq_service`` what ``outbox`` says is due.

``manage.py relay_outbox`` runs it.
"""

from __future__ import annotations

import time

import structlog
from django.conf import settings
from msgspec.structs import asdict

from app.delivery import outbox
from app.delivery.broker import BrokerAway, MessageRefused
from app.models import Generation, OutboxMessage
from app.services import guard, worker_service
from app.services.jobs.lease_service import KINDS
from app.services.rabbitmq_service import RabbitMQService
from protocol import InvalidMessage, Task, TrainingTask, decode_task
from protocol.messages import engine_of, kind_of

log = structlog.get_logger(__name__)

# A relay that dies after a confirm and before it marks the message sends this many twice, at most.
BATCH = 20
MAX_DELAY_SECONDS = 30.0
# Then others have their turn: the sweeps of the relay, and in a batch the other queues.
MOST_SECONDS = 2.0
MOST_SECONDS_OF_A_BATCH = 3.0
# For how long a count of workers is good.
COUNTED_SECONDS = 1.0
# Between attempts to reach a broker that is away; so late at most does work go on after its return.
MAX_AWAY_SECONDS = 5.0
BROKEN = "It broke the relay, whose log says why."


class Relay:
    """Publishes due messages. Without a broker's address, local workers read the outbox."""

    def __init__(self, amqp_url: str) -> None:
        self._broker = RabbitMQService.shared(amqp_url) if amqp_url else None
        self._away_seconds = 0.0
        self._away_until = 0.0
        # Whether the last round ended by its time.
        self.is_behind = False
        self._counted = dict[str, int]()
        self._counted_until = 0.0

    def publish_due(self) -> int:
        """Publish the messages whose turn it is, as many as the workers can begin soon, unless the
        broker is down, and for ``MOST_SECONDS`` only. Returns how many.

        What is left waits in the outbox, where later orders of others may still go before it. A
        queue that refused all of a batch is asked again by the next call.
        """
        published = 0
        refusing = set[str]()
        until = time.monotonic() + MOST_SECONDS
        self.is_behind = False
        while self._broker is not None and time.monotonic() >= self._away_until:
            outbox.give_turns()
            sent_now = 0
            for queue in outbox.waiting_queues():
                if queue in refusing:
                    continue
                if time.monotonic() < self._away_until:
                    break
                try:
                    taken, sent = self._publish_next(self._broker, queue)
                except Exception as error:  # noqa: BLE001 - the guard says which may pass
                    guard.note(error, "outbox", queue=queue)
                    continue
                sent_now += sent
                if taken and not sent:
                    refusing.add(queue)
            published += sent_now
            if not sent_now:
                break
            if time.monotonic() >= until:
                self.is_behind = True
                break
        return published

    def keep_alive(self) -> None:
        """Keep the idle connection alive. Call it every few seconds."""
        if self._broker is not None:
            self._broker.keep_alive()

    def close(self) -> None:
        if self._broker is not None:
            self._broker.close()

    def _publish_next(self, broker: RabbitMQService, queue: str) -> tuple[int, int]:
        """How many messages of ``queue`` were claimed, and how many of them published."""
        try:
            room, has_workers = self._room(broker, queue)
        except BrokerAway as error:
            self._note_away(error)
            # So that whoever looks sees why it waits.
            with outbox.claim_batch(1, [queue]) as messages:
                for message in messages:
                    outbox.mark_unsent(message, error=str(error))
            return 0, 0
        if room <= 0:
            # What waits is not late then, unless nobody is there for it. The database is asked only
            # where nobody was seen: most queues are full most of the time.
            if has_workers or engine_of(queue) in worker_service.served_engines():
                outbox.note_full(queue)
            return 0, 0
        return self._publish_batch(broker, queue, min(room, BATCH))

    def _room(self, broker: RabbitMQService, queue: str) -> tuple[int, bool]:
        """How many more messages ``queue`` should hold, and whether workers were seen for it.
        Raises BrokerAway.

        Several relays that ask at once each fill it: then there are a few more.
        """
        found = broker.backlog(queue)
        if found is None:
            # The broker refuses what goes there, and says so.
            return BATCH, False
        workers = found.idle_workers + self._at_work().get(engine_of(queue), 0)
        return settings.JOBS_AHEAD * max(1, workers) - found.messages, workers > 0

    def _at_work(self) -> dict[str, int]:
        """How many workers make a picture, by engine, as of a second ago at most."""
        if time.monotonic() >= self._counted_until:
            self._counted_until = time.monotonic() + COUNTED_SECONDS
            self._counted = Generation.objects.at_work()
        return self._counted

    def _note_away(self, error: BrokerAway) -> None:
        self._away_seconds = min(max(0.5, 2 * self._away_seconds), MAX_AWAY_SECONDS)
        self._away_until = time.monotonic() + self._away_seconds
        log.warning("broker_away", error=str(error), seconds=self._away_seconds)

    def _publish_batch(self, broker: RabbitMQService, queue: str, size: int) -> tuple[int, int]:
        sent: list[OutboxMessage] = []
        until = time.monotonic() + MOST_SECONDS_OF_A_BATCH
        with outbox.claim_batch(size, [queue]) as messages:
            try:
                for message in messages:
                    if self._publish(broker, message):
                        # One by one: the broker may go away in between.
                        sent.append(message)
                    if time.monotonic() >= until:
                        # What it refuses takes long. The others keep their turns.
                        break
                self._away_seconds = 0.0
            except BrokerAway as error:
                self._note_away(error)
            finally:
                if sent:
                    outbox.mark_sent(*sent)
            for message in sent:
                try:
                    KINDS[kind_of(message.queue)].mark_accepted(message)
                except Exception as error:  # noqa: BLE001
                    guard.note(error, "outbox", message_id=message.pk)
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
            except Exception as error:  # noqa: BLE001
                guard.note(error, "outbox", message_id=message.pk)
                outbox.mark_unsent(message, error=BROKEN, delay=MAX_DELAY_SECONDS)
                return False
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
