"""The only door to RabbitMQ: one kept connection, publisher confirms, three tries."""

from __future__ import annotations

import os
import threading
import time

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, NackError, UnroutableError
from protocol.queues import dead_queue_arguments, dead_queue_name, queue_arguments

from protocol import GENERATION_QUEUE, TRAINING_QUEUE, GenerationTask, TrainingTask, encode

log = structlog.get_logger(__name__)

TRIES = 3
BACK_OFF_SECONDS = 0.2
QUEUES = (TRAINING_QUEUE, GENERATION_QUEUE)


class PublishFailed(Exception):
    """The broker did not take the message; it is to be sent again later."""


class RabbitMQService:
    """Thread-safe; a forked child makes its own connection."""

    def __init__(self, url: str) -> None:
        self._parameters = pika.URLParameters(url)
        self._parameters.blocked_connection_timeout = 10
        self._parameters.socket_timeout = 5
        self._lock = threading.Lock()
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._pid = os.getpid()

    def send_training_task(self, task: TrainingTask) -> None:
        """Raises PublishFailed."""
        self.publish(TRAINING_QUEUE, encode(task), message_id=str(task.task_id))

    def send_generation_task(self, task: GenerationTask) -> None:
        """Raises PublishFailed."""
        self.publish(GENERATION_QUEUE, encode(task), message_id=str(task.task_id))

    def publish(self, queue: str, body: bytes, *, message_id: str) -> None:
        """Put ``body`` on ``queue`` and wait for the broker's confirm. Raises PublishFailed."""
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=pika.DeliveryMode.Persistent.value,
            message_id=message_id,
        )
        with self._lock:
            for attempt in range(TRIES):
                try:
                    self._open_channel().basic_publish(
                        "", queue, body, properties=properties, mandatory=True
                    )
                except (UnroutableError, NackError) as error:
                    raise PublishFailed(f"The broker refused it: {error!r}") from error
                except (AMQPError, OSError) as error:
                    self._drop()
                    if attempt == TRIES - 1:
                        raise PublishFailed(f"The broker is away: {error!r}") from error
                    time.sleep(BACK_OFF_SECONDS * 2**attempt)
                else:
                    return

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _open_channel(self) -> BlockingChannel:
        if self._pid != os.getpid():
            # The connection is the parent's: forget it, never close it.
            self._connection = self._channel = None
            self._pid = os.getpid()
        if self._channel is None or not self._channel.is_open:
            self._drop()
            self._connection = pika.BlockingConnection(self._parameters)
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
            for name in QUEUES:
                dead = dead_queue_name(name)
                self._channel.queue_declare(dead, durable=True, arguments=dead_queue_arguments())
                self._channel.queue_declare(name, durable=True, arguments=queue_arguments(name))
        return self._channel

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except (AMQPError, OSError) as error:
                log.info("broker_close_failed", error=repr(error))
