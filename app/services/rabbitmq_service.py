"""The only door to RabbitMQ: one kept connection a process, publisher confirms, three tries."""

from __future__ import annotations

import atexit
import copy
import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError

from protocol import (
    GENERATION_QUEUE,
    TRAINING_QUEUE,
    GenerationData,
    GenerationTask,
    TrainingData,
    TrainingTask,
    encode,
    encode_over,
)
from protocol.queues import QUEUES, dead_queue_arguments, dead_queue_name, queue_arguments

log = structlog.get_logger(__name__)

TRIES = 3
# That one command looks at, should letters come as fast as it reads.
MOST_LETTERS = 100_000
BACK_OFF_SECONDS = 0.2
# For how long the broker may take to accept a connection.
PATIENCE_SECONDS = 5.0
# A broker that is silent for two of these is taken to be gone, even while a confirm is awaited.
HEARTBEAT_SECONDS = 20
# What pika raises when the broker is gone. One that takes connections and is silent is none of its
# AMQPErrors.
_AWAY = (AMQPError, AMQPConnectorException, OSError)


class PublishFailed(Exception):
    """The broker did not take the message; it is to be sent again later."""


class MessageRefused(PublishFailed):
    """The broker answers, and does not take this message: no queue for it, or a full one."""


class BrokerAway(PublishFailed):
    """The broker does not answer; neither will it for any other message."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that no worker could work on. ``number`` is its place in the queue, from 1."""

    number: int
    queue: str
    message_id: str
    reason: str
    body: bytes


class RabbitMQService:
    """Thread-safe; a forked child makes its own connection; closed when the process ends."""

    _shared: ClassVar[RabbitMQService | None] = None
    _sharing: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def shared(cls, url: str) -> RabbitMQService:
        """The one of this process. Asked for another broker than before, it leaves the former."""
        with cls._sharing:
            found = cls._shared
            if found is None or found.url != url:
                if found is not None:
                    found.close()
                found = cls._shared = cls(url)
            return found

    def __init__(self, url: str) -> None:
        """Connects when it is first used."""
        self.url = url
        self._parameters = pika.URLParameters(url)
        self._parameters.blocked_connection_timeout = 10
        if "heartbeat" not in url:
            self._parameters.heartbeat = HEARTBEAT_SECONDS
        self._lock = threading.RLock()
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._inherited: list[pika.BlockingConnection] = []
        _instances.add(self)

    def send_training_task(
        self,
        style_id: int,
        image_paths: Sequence[str],
        webhook_url: str,
        *,
        task_id: UUID,
        attempt: int,
        request_id: str,
        queue: str = TRAINING_QUEUE,
        written: bytes = b"",
        **others: Any,
    ) -> None:
        """Give workers a style to learn. ``others`` are the other fields of TrainingData.

        ``written`` is the task as it was stored; what only a later version knows of it is sent
        along. Raises PublishFailed.
        """
        data = TrainingData(style_id=style_id, image_paths=list(image_paths), **others)
        task = TrainingTask(
            task_id=task_id,
            attempt=attempt,
            request_id=request_id,
            data=data,
            webhook_url=webhook_url,
        )
        body = encode_over(task, written) if written else encode(task)
        self.publish(queue, body, message_id=str(task_id))

    def send_generation_task(
        self,
        generation_id: int,
        style_id: int,
        prompt: str,
        webhook_url: str,
        *,
        task_id: UUID,
        attempt: int,
        request_id: str,
        queue: str = GENERATION_QUEUE,
        written: bytes = b"",
        **others: Any,
    ) -> None:
        """Give workers a picture to make. ``others`` are the other fields of GenerationData.

        ``written`` is as in send_training_task. Raises PublishFailed.
        """
        data = GenerationData(
            generation_id=generation_id, style_id=style_id, prompt=prompt, **others
        )
        task = GenerationTask(
            task_id=task_id,
            attempt=attempt,
            request_id=request_id,
            data=data,
            webhook_url=webhook_url,
        )
        body = encode_over(task, written) if written else encode(task)
        self.publish(queue, body, message_id=str(task_id))

    def publish(self, queue: str, body: bytes, *, message_id: str) -> None:
        """Put ``body`` on ``queue`` and wait for the broker's confirm.

        Raises MessageRefused or BrokerAway. After either the message may have arrived all the same.
        """
        with self._lock:
            for attempt in range(TRIES):
                try:
                    self._publish(self._open_channel(), queue, body, message_id)
                except (UnroutableError, NackError) as error:
                    # The next try declares the queues again: somebody may have deleted one.
                    self._drop()
                    if attempt == TRIES - 1:
                        raise _refusal(queue, error) from error
                except _AWAY as error:
                    self._drop()
                    if attempt == TRIES - 1:
                        raise BrokerAway(f"The broker is away: {error!r}") from error
                else:
                    return
                time.sleep(BACK_OFF_SECONDS * 2**attempt)

    def keep_alive(self) -> None:
        """Answer the broker's heartbeats; to be called every few seconds while nothing is sent."""
        with self._lock:
            if self._connection is None:
                return
            try:
                self._connection.process_data_events(time_limit=0)
            except _AWAY as error:
                log.info("broker_connection_lost", error=repr(error))
                self._drop()

    def depths(self, *, patience: float = PATIENCE_SECONDS) -> dict[str, int]:
        """How many messages wait in each queue, the dead ones included.

        Raises BrokerAway, after twice ``patience`` seconds when there is no connection and none
        comes about. Who only asks keeps none: nobody would answer its heartbeats.
        """
        names = [name for queue in QUEUES for name in (queue, dead_queue_name(queue))]
        with self._reached(patience) as channel:
            return {
                name: int(channel.queue_declare(name, passive=True).method.message_count)
                for name in names
            }

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        """What lies in the dead letters of ``queue``; it stays there. Raises BrokerAway."""
        with self._reached() as channel:
            letters = [letter for letter, _ in self._taken(channel, queue)]
            self._drop()  # what was taken and not acknowledged goes back, in its order
            return letters

    def settle_dead_letters(
        self, queue: str, message_id: str | None, *, replay: bool
    ) -> list[DeadLetter]:
        """Put dead letters back on ``queue``, or delete them; all when ``message_id`` is None.

        Returns those it found. A letter is gone from the dead ones only once its copy is
        confirmed. Raises PublishFailed.
        """
        settled = []
        with self._reached() as channel:
            try:
                for letter, tag in self._taken(channel, queue):
                    if message_id not in (None, letter.message_id):
                        continue
                    if replay:
                        self._publish(channel, queue, letter.body, letter.message_id)
                    channel.basic_ack(tag)
                    settled.append(letter)
            except (UnroutableError, NackError) as error:
                raise _refusal(queue, error) from error
            finally:
                self._drop()
        return settled

    def close(self) -> None:
        with self._lock:
            self._drop()

    @contextmanager
    def _reached(self, patience: float = PATIENCE_SECONDS) -> Iterator[BlockingChannel]:
        """The kept connection's channel, or that of one which ends with the block."""
        if not self._lock.acquire(timeout=patience):
            raise BrokerAway("The broker keeps another thread waiting.")
        try:
            self.keep_alive()
            was_open = self._connection is not None
            try:
                yield self._open_channel(patience)
            except ChannelClosedByBroker as error:
                self._drop()
                raise BrokerAway(f"The broker closed the channel: {error!r}") from error
            except _AWAY as error:
                self._drop()
                raise BrokerAway(f"The broker is away: {error!r}") from error
            finally:
                if not was_open:
                    self._drop()
        finally:
            self._lock.release()

    @staticmethod
    def _publish(channel: BlockingChannel, queue: str, body: bytes, message_id: str) -> None:
        channel.basic_publish(
            *("", queue, body),
            properties=pika.BasicProperties(
                content_type="application/json",
                delivery_mode=pika.DeliveryMode.Persistent.value,
                message_id=message_id,
            ),
            mandatory=True,
        )

    @staticmethod
    def _taken(channel: BlockingChannel, queue: str) -> Iterator[tuple[DeadLetter, int]]:
        """Each letter that is there now, with its delivery tag, not acknowledged yet.

        The queue is asked until it is empty: how many it holds it tells late.
        """
        name = dead_queue_name(queue)
        for number in range(1, MOST_LETTERS + 1):
            method, properties, body = channel.basic_get(name)
            if method is None or properties is None or body is None:
                return
            died = (properties.headers or {}).get("x-death") or [{}]
            yield (
                DeadLetter(
                    number=number,
                    queue=queue,
                    message_id=properties.message_id or "",
                    reason=str(died[0].get("reason", "")),
                    body=body,
                ),
                method.delivery_tag,
            )

    def _open_channel(self, patience: float = PATIENCE_SECONDS) -> BlockingChannel:
        if self._channel is None or not self._channel.is_open:
            self._drop()
            parameters = copy.copy(self._parameters)
            parameters.socket_timeout = patience
            parameters.stack_timeout = 2 * patience
            self._connection = pika.BlockingConnection(parameters)
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
            except _AWAY as error:
                log.info("broker_close_failed", error=repr(error))

    def _forget_after_fork(self) -> None:
        """In a child: the connection is the parent's, to be neither used nor closed."""
        if self._connection is not None:
            self._inherited.append(self._connection)
        self._connection = self._channel = None
        self._lock = threading.RLock()


def _refusal(queue: str, error: UnroutableError | NackError) -> MessageRefused:
    if isinstance(error, UnroutableError):
        return MessageRefused(f"The broker has no queue {queue}.")
    return MessageRefused(f"Queue {queue} took no more (nack): is it full?")


_instances: weakref.WeakSet[RabbitMQService] = weakref.WeakSet()


def _forget_all() -> None:
    RabbitMQService._sharing = threading.Lock()
    for service in list(_instances):
        service._forget_after_fork()


def _close_all() -> None:
    for service in list(_instances):
        service.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
