"""Tasks from RabbitMQ, one at a time, acknowledged once their outcome is told.

The main thread keeps the connection alive while a job runs in another. The worker takes no second
message meanwhile, not even from another queue: what waits here could be worked on elsewhere.

When the connection or the channel is lost during a job, the job goes on and the broker delivers its
message again later; the runner knows a job that it has worked out, so that delivery only gets its
acknowledgement. The broker also closes a channel whose message is not acknowledged within its
``consumer_timeout``: that is one such loss. Where workers on several machines share a queue, keep
``--job-timeout`` below it, since another machine would begin the job again.
"""

import contextvars
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ConsumerCancelled

from protocol import Task
from protocol.messages import declare
from worker.reports import pauses
from worker.runner import JobRunner, Outcome, parse

log = structlog.get_logger()
logging.getLogger("pika").setLevel(logging.CRITICAL)  # what matters of it is logged here

LOOK = 0.2  # seconds between looks at the stop signal
LONGEST_PAUSE = 15.0  # seconds between attempts to reach the broker


class InvalidBrokerUrl(ValueError):
    """The URL cannot be taken apart; the message does not repeat it, since it holds a password."""


@dataclass(frozen=True)
class _Delivery:
    tag: int
    queue: str
    body: bytes


class _JobThread(threading.Thread):
    """Runs a task; ``outcome`` is AGAIN should the runner itself break."""

    def __init__(self, runner: JobRunner, task: Task) -> None:
        super().__init__(name="runner", daemon=True)
        self._runner = runner
        self._task = task
        self._context = contextvars.copy_context()
        self.outcome = Outcome.AGAIN

    def run(self) -> None:
        self.outcome = self._context.run(self._runner.run, self._task)


class AmqpFeed:
    def __init__(
        self, url: str, queues: Sequence[str], runner: JobRunner, stop: threading.Event
    ) -> None:
        """Raises InvalidBrokerUrl. Does not connect yet."""
        try:
            self._parameters = pika.URLParameters(url)
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidBrokerUrl("The broker's URL is not a valid AMQP URL.") from error
        self._parameters.socket_timeout = 10
        self._parameters.blocked_connection_timeout = 60
        self._queues = list(queues)
        self._runner = runner
        self._stop = stop
        self._job: _JobThread | None = None

    def serve(self) -> None:
        """Work until told to stop or until the runner is stuck; outlast the broker's absences."""
        pause = pauses(first=0.5, longest=LONGEST_PAUSE)
        while not self._is_leaving():
            try:
                connection = pika.BlockingConnection(self._parameters)
                log.info("broker_reached", host=self._parameters.host)
                pause = pauses(first=0.5, longest=LONGEST_PAUSE)
                self._serve_connected(connection)
            except (AMQPError, OSError) as error:
                log.warning("broker_lost", error=repr(error), host=self._parameters.host)
                if self._job is not None:
                    self._job.join()
                    self._job = None
                self._stop.wait(0 if self._is_leaving() else pause())

    def _is_leaving(self) -> bool:
        return self._stop.is_set() or self._runner.stuck

    def _serve_connected(self, connection: pika.BlockingConnection) -> None:
        try:
            channel = connection.channel()
            declare(channel, self._queues)
            channel.basic_qos(prefetch_count=1)
            while not self._is_leaving():
                for delivery in self._deliveries(connection, channel):
                    self._settle(channel, delivery, self._outcome(connection, delivery))
        finally:
            if connection.is_open:
                connection.close()  # gives back whatever is not acknowledged

    def _deliveries(
        self, connection: pika.BlockingConnection, channel: BlockingChannel
    ) -> list[_Delivery]:
        """The next message, waited for if need be; none when it is time to leave.

        Consuming from several queues may bring one message of each at the same moment. So what is
        there already is asked for one by one; consumers only wait for what comes to empty queues.
        """
        for queue in list(self._queues):
            method, _, body = channel.basic_get(queue)
            if method is not None and body is not None:
                # The others come first next time, or a busy queue would starve them.
                self._queues.remove(queue)
                self._queues.append(queue)
                return [_Delivery(method.delivery_tag, queue, body)]
        arrived: list[_Delivery] = []
        tags = [self._consume(channel, queue, arrived) for queue in self._queues]
        while not arrived and not self._is_leaving():
            connection.process_data_events(time_limit=LOOK)
            if len(channel.consumer_tags) < len(tags):
                raise ConsumerCancelled("a queue was deleted")
        for tag in tags:
            channel.basic_cancel(tag)
        return arrived

    @staticmethod
    def _consume(channel: BlockingChannel, queue: str, arrived: list[_Delivery]) -> str:
        tag: str = channel.basic_consume(
            queue,
            lambda _, method, __, body: arrived.append(_Delivery(method.delivery_tag, queue, body)),
        )
        return tag

    def _outcome(self, connection: pika.BlockingConnection, delivery: _Delivery) -> Outcome:
        if self._is_leaving():
            return Outcome.AGAIN
        task = parse(delivery.body)
        if task is None:
            return Outcome.REJECT
        self._job = job = _JobThread(self._runner, task)
        job.start()
        while job.is_alive():
            connection.process_data_events(time_limit=0)  # heartbeats
            job.join(LOOK)
        self._job = None
        return job.outcome

    @staticmethod
    def _settle(channel: BlockingChannel, delivery: _Delivery, outcome: Outcome) -> None:
        if outcome is Outcome.DONE:
            channel.basic_ack(delivery.tag)
        else:
            channel.basic_nack(delivery.tag, requeue=outcome is Outcome.AGAIN)
