"""The only door to RabbitMQ: what the backend sends, and what it asks of the queues.

The connection is in ``app/delivery/broker.py``; the relay calls this when a message is due.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from app.delivery.broker import (
    PATIENCE_SECONDS,
    BrokerConnection,
    Channel,
    publish_on,
    served_queues,
)
from protocol import (
    GENERATION_QUEUE,
    TRAINING_QUEUE,
    GenerationData,
    GenerationTask,
    Task,
    TrainingData,
    TrainingTask,
    encode,
    encode_over,
)
from protocol.messages import dead_queue_name

# That one command looks at, should letters come as fast as it reads.
MOST_LETTERS = 100_000


@dataclass(frozen=True)
class DeadLetter:
    """A message that no worker could work on. ``number`` is its place in the queue, from 1."""

    number: int
    queue: str
    message_id: str
    reason: str
    body: bytes


@dataclass(frozen=True)
class Backlog:
    """Messages that no worker has taken, and the workers that wait for one."""

    messages: int
    idle_workers: int


class RabbitMQService:
    """One kept connection, publisher confirms, three attempts. Thread-safe."""

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
        self.connection = BrokerConnection(url)

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
        self._send(queue, task, written)

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
        self._send(queue, task, written)

    def publish(self, queue: str, body: bytes, *, message_id: str) -> None:
        """Raises MessageRefused or BrokerAway."""
        self.connection.publish(queue, body, message_id=message_id)

    def keep_alive(self) -> None:
        """Answer the broker's heartbeats; to be called every few seconds while nothing is sent."""
        self.connection.keep_alive()

    def backlog(self, queue: str) -> Backlog | None:
        """What waits in ``queue``, and which workers are idle; None if there is no such queue.

        Raises BrokerAway.
        """
        found = self.connection.inspect(queue)
        return found and Backlog(*found)

    def depths(self, *, patience: float = PATIENCE_SECONDS) -> dict[str, int]:
        """How many messages wait in each queue, the dead ones included.

        Raises BrokerAway, after twice ``patience`` seconds when there is no connection and none
        comes about. Who only asks keeps none: nobody would answer its heartbeats.
        """
        names = [name for queue in served_queues() for name in (queue, dead_queue_name(queue))]
        with self.connection.reached(patience) as channel:
            return {
                name: int(channel.queue_declare(name, passive=True).method.message_count)
                for name in names
            }

    def dead_letters(self, queue: str) -> list[DeadLetter]:
        """What lies in the dead letters of ``queue``; it stays there. Raises BrokerAway."""
        with self.connection.reached() as channel:
            letters = [letter for letter, _ in self._taken(channel, queue)]
            self.connection.close()
            return letters

    def settle_dead_letters(
        self, queue: str, message_id: str | None, *, replay: bool
    ) -> list[DeadLetter]:
        """Put dead letters back on ``queue``, or delete them; all when ``message_id`` is None.

        Returns those it found. A letter is gone from the dead ones only once its copy is
        confirmed. Raises PublishFailed.
        """
        settled = []
        with self.connection.reached() as channel:
            try:
                for letter, tag in self._taken(channel, queue):
                    if message_id not in (None, letter.message_id):
                        continue
                    if replay:
                        publish_on(channel, queue, letter.body, message_id=letter.message_id)
                    channel.basic_ack(tag)
                    settled.append(letter)
            finally:
                self.connection.close()
        return settled

    def close(self) -> None:
        self.connection.close()

    def _send(self, queue: str, task: Task, written: bytes) -> None:
        body = encode_over(task, written) if written else encode(task)
        self.publish(queue, body, message_id=str(task.task_id))

    @staticmethod
    def _taken(channel: Channel, queue: str) -> Iterator[tuple[DeadLetter, int]]:
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


def _share_none() -> None:
    """In a forked child: another thread of the parent may hold the lock for ever."""
    RabbitMQService._sharing = threading.Lock()


os.register_at_fork(after_in_child=_share_none)
