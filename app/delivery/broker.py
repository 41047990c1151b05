"""The connection to RabbitMQ: kept, shared by threads, and publishing with confirms.

What is sent over it: ``app/services/rabbitmq_service.py``.
"""

from __future__ import annotations

import atexit
import copy
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import pika
import structlog
from django.conf import settings
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError, UnroutableError

from protocol.engines import DEFAULT_ENGINE
from protocol.messages import declare, queues_of

log = structlog.get_logger(__name__)

ATTEMPTS = 3
BACK_OFF_SECONDS = 0.2
# For how long the broker may take to accept a connection.
PATIENCE_SECONDS = 5.0
# A broker that is silent for two of these is taken to be gone, even while a confirm is awaited.
HEARTBEAT_SECONDS = 20
# AMQP's reply code for a queue that is not there.
NOT_FOUND = 404
# What pika raises when the broker is gone. One that takes connections and is silent is none of its
# AMQPErrors.
_AWAY = (AMQPError, AMQPConnectorException, OSError)

Channel: TypeAlias = BlockingChannel


class PublishFailed(Exception):
    """The broker did not take the message; it is to be sent again later."""


class MessageRefused(PublishFailed):
    """The broker answers, and does not take this message: no queue for it, or a full one."""


class BrokerAway(PublishFailed):
    """The broker does not answer; neither will it for any other message."""


def served_queues() -> tuple[str, ...]:
    """The plan's queues, and those of the other engines that this site allows."""
    return queues_of(dict.fromkeys([DEFAULT_ENGINE, *settings.ENGINES]))


class BrokerConnection:
    """Thread-safe; a forked child makes its own; closed when the process ends."""

    def __init__(self, url: str) -> None:
        """Connects when it is first used."""
        self._parameters = pika.URLParameters(url)
        self._parameters.blocked_connection_timeout = 10
        if "heartbeat" not in url:
            self._parameters.heartbeat = HEARTBEAT_SECONDS
        self._lock = threading.RLock()
        self._connection: pika.BlockingConnection | None = None
        self._channel: Channel | None = None
        self._inherited: list[pika.BlockingConnection] = []
        _instances.add(self)

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def publish(self, queue: str, body: bytes, *, message_id: str) -> None:
        """Put ``body`` on ``queue`` and wait for the broker's confirm, at most three times.

        Raises MessageRefused or BrokerAway. After either the message may have arrived all the same.
        """
        with self._lock:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    publish_on(self._open_channel(), queue, body, message_id=message_id)
                except MessageRefused:
                    # The next attempt declares the queues again: somebody may have deleted one.
                    self._drop()
                    if attempt == ATTEMPTS:
                        raise
                except _AWAY as error:
                    self._drop()
                    if attempt == ATTEMPTS:
                        raise BrokerAway(f"The broker is away: {error!r}") from error
                else:
                    return
                time.sleep(BACK_OFF_SECONDS * 2 ** (attempt - 1))

    def inspect(self, queue: str) -> tuple[int, int] | None:
        """How many messages are ready in ``queue``, and how many consumers it has; None if there is
        no such queue. Raises BrokerAway."""
        with self._lock:
            try:
                method = self._open_channel().queue_declare(queue, passive=True).method
            except ChannelClosedByBroker as error:
                self._drop()
                if error.reply_code == NOT_FOUND:
                    return None
                raise BrokerAway(f"The broker closed the channel: {error!r}") from error
            except _AWAY as error:
                self._drop()
                raise BrokerAway(f"The broker is away: {error!r}") from error
            return int(method.message_count), int(method.consumer_count)

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

    @contextmanager
    def reached(self, patience: float = PATIENCE_SECONDS) -> Iterator[Channel]:
        """A channel for this thread alone: the kept one, or one that ends with the block.

        Raises BrokerAway, after twice ``patience`` seconds when there is no connection and none
        comes about.
        """
        if not self._lock.acquire(timeout=patience):
            raise BrokerAway("The broker keeps another thread waiting.")
        try:
            self.keep_alive()
            was_open = self.is_open
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

    def close(self) -> None:
        """Messages that were taken and not acknowledged go back, in their order."""
        with self._lock:
            self._drop()

    def _open_channel(self, patience: float = PATIENCE_SECONDS) -> Channel:
        if self._channel is None or not self._channel.is_open:
            self._drop()
            parameters = copy.copy(self._parameters)
            parameters.socket_timeout = patience
            parameters.stack_timeout = 2 * patience
            self._connection = pika.BlockingConnection(parameters)
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
            declare(self._channel, served_queues())
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


def publish_on(channel: Channel, queue: str, body: bytes, *, message_id: str) -> None:
    """Publish once and wait for the confirm. Raises MessageRefused, and what pika raises when the
    broker is away."""
    try:
        channel.basic_publish(
            *("", queue, body),
            properties=pika.BasicProperties(
                content_type="application/json",
                delivery_mode=pika.DeliveryMode.Persistent.value,
                message_id=message_id,
            ),
            mandatory=True,
        )
    except UnroutableError as error:
        raise MessageRefused(f"The broker has no queue {queue}.") from error
    except NackError as error:
        raise MessageRefused(f"Queue {queue} took no more (nack): is it full?") from error


_instances: weakref.WeakSet[BrokerConnection] = weakref.WeakSet()


def _forget_all() -> None:
    for connection in list(_instances):
        connection._forget_after_fork()


def _close_all() -> None:
    for connection in list(_instances):
        connection.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
