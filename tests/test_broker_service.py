"""The backend's side of a real RabbitMQ: what it sends, and what it says when that fails."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pika
import pytest
from msgspec.structs import asdict
from pika.adapters.blocking_connection import BlockingChannel

from app.delivery import broker as broker_module
from app.delivery.broker import BrokerAway, MessageRefused
from app.services.rabbitmq_service import RabbitMQService
from protocol import GENERATION_QUEUE, TRAINING_QUEUE
from protocol.messages import QUEUES, dead_queue_name
from worker.tests.helpers import generation_task, training_task
from worker.tests.helpers_broker import CuttableProxy

DEAD = dead_queue_name(GENERATION_QUEUE)


@pytest.fixture
def broker(amqp_url: str) -> Iterator[RabbitMQService]:
    """With a connection that it keeps."""
    service = RabbitMQService(amqp_url)
    service.publish(GENERATION_QUEUE, b"{}", message_id="first")
    yield service
    service.close()


@pytest.fixture
def channel(amqp_url: str, broker: RabbitMQService) -> Iterator[BlockingChannel]:
    """The same broker from outside, its queues empty."""
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        opened = connection.channel()
        opened.confirm_delivery()
        for queue in QUEUES:
            opened.queue_purge(queue)
            opened.queue_purge(dead_queue_name(queue))
        yield opened


def test_what_the_senders_are_told_arrives_on_their_queues(broker, channel, tmp_path: Path) -> None:
    picture = asdict(generation_task(tmp_path, "http://backend.test").data)
    training = asdict(training_task(tmp_path, "http://backend.test").data)
    # Fields that have defaults arrive when they are told, too; the others may be left out.
    picture["engine"] = training["engine"] = "another"
    picture["settings"] = {"steps": 12}
    training |= {"sample_prompts": ["a castle, sunset"], "settings": {"rank": 8}}
    task_id = uuid4()
    broker.send_generation_task(
        *(71, 72, "a castle", "http://shop.test/71"),
        **without(picture, "generation_id", "style_id", "prompt"),
        task_id=task_id,
        attempt=2,
        request_id="order-1",
    )
    broker.send_training_task(
        *(73, training["image_paths"][::-1], "http://shop.test/73"),
        **without(training, "style_id", "image_paths"),
        task_id=task_id,
        attempt=3,
        request_id="upload-1",
    )
    # An order from before there were licences has none to tell of.
    assert picture.pop("licence") is None
    assert taken(channel, GENERATION_QUEUE, task_id) == {
        "type": "image_generation",
        "task_id": str(task_id),
        "attempt": 2,
        "request_id": "order-1",
        "data": {**picture, "generation_id": 71, "style_id": 72, "prompt": "a castle"},
        "webhook_url": "http://shop.test/71",
    }
    paths = training["image_paths"][::-1]
    assert paths != training["image_paths"]
    assert taken(channel, TRAINING_QUEUE, task_id) == {
        "type": "model_training",
        "task_id": str(task_id),
        "attempt": 3,
        "request_id": "upload-1",
        "data": {**training, "style_id": 73, "image_paths": paths},
        "webhook_url": "http://shop.test/73",
    }


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def taken(channel: BlockingChannel, queue: str, task_id: UUID) -> dict[str, Any]:
    """The message that lies first on ``queue``, as another reader of JSON sees it."""
    _, properties, body = channel.basic_get(queue, auto_ack=True)
    assert properties.message_id == str(task_id)
    assert properties.delivery_mode == 2
    message: dict[str, Any] = json.loads(body)
    return message


def test_a_full_queue_says_so(broker, channel) -> None:
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare("a full queue", exclusive=False, auto_delete=True, arguments=full)
    channel.basic_publish("", "a full queue", b"in the way")
    with pytest.raises(MessageRefused, match="took no more"):
        broker.publish("a full queue", b"{}", message_id="1")
    channel.queue_delete("a full queue")


def test_a_queue_that_was_deleted_is_an_absent_broker_once(broker, channel) -> None:
    channel.queue_delete(DEAD)
    with pytest.raises(BrokerAway, match="closed the channel"):
        broker.depths()
    assert broker.depths()[DEAD] == 0  # it declares them again


def test_a_dead_letter_that_cannot_be_put_back_stays_dead(broker, channel) -> None:
    channel.basic_publish("", DEAD, b"{}", pika.BasicProperties(message_id="stays"))
    channel.queue_delete(GENERATION_QUEUE)
    with pytest.raises(MessageRefused, match="no queue"):
        broker.settle_dead_letters(GENERATION_QUEUE, "stays", replay=True)
    assert [letter.message_id for letter in broker.dead_letters(GENERATION_QUEUE)] == ["stays"]


def test_letters_that_somebody_else_takes_meanwhile_are_left_out(broker, channel) -> None:
    for _ in range(2):
        channel.basic_publish("", DEAD, b"{}")
    letters = RabbitMQService._taken(channel, GENERATION_QUEUE)
    next(letters)
    channel.connection.channel().queue_purge(DEAD)
    assert list(letters) == []


def test_closing_a_connection_that_is_gone_is_no_error(amqp_url: str) -> None:
    with CuttableProxy(amqp_url) as proxy:
        service = RabbitMQService(proxy.url)
        service.publish(GENERATION_QUEUE, b"{}", message_id="1")
        proxy.cut()
        service.close()
        assert not service.connection.is_open


class StubbornProxy(CuttableProxy):
    """Ends the first ``refused`` connections before a word is said."""

    def __init__(self, url: str, *, refused: int) -> None:
        self._refused = refused
        super().__init__(url)

    def _accept(self) -> None:
        while self.connections < self._refused:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            client.close()
        super()._accept()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "BACK_OFF_SECONDS", 0.01)


def test_three_times_nothing_is_an_absent_broker(amqp_url: str, no_pauses: None) -> None:
    with StubbornProxy(amqp_url, refused=99) as proxy:
        with pytest.raises(BrokerAway):
            RabbitMQService(proxy.url).publish(GENERATION_QUEUE, b"{}", message_id="1")
        assert proxy.connections == 3


def test_the_third_try_may_be_the_good_one(amqp_url: str, channel, no_pauses: None) -> None:
    with StubbornProxy(amqp_url, refused=2) as proxy:
        service = RabbitMQService(proxy.url)
        service.publish(GENERATION_QUEUE, b"at last", message_id="1")
        service.close()
        assert proxy.connections == 3
    assert channel.basic_get(GENERATION_QUEUE, auto_ack=True)[2] == b"at last"
    assert channel.basic_get(GENERATION_QUEUE)[2] is None


def test_a_message_is_refused_after_three_tries(amqp_url: str, no_pauses: None) -> None:
    with CuttableProxy(amqp_url) as proxy:
        with pytest.raises(MessageRefused, match="no queue"):
            RabbitMQService(proxy.url).publish("no such queue", b"{}", message_id="1")
        assert proxy.connections == 3


def test_a_silent_broker_is_not_waited_for_longer_than_patience_allows() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = RabbitMQService(f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/%2F")
        began = time.monotonic()
        with pytest.raises(BrokerAway):
            broker.depths(patience=0.3)
        assert 0.2 < time.monotonic() - began < 2


def test_nor_is_another_thread_that_waits_for_the_broker() -> None:
    broker = RabbitMQService("amqp://guest:guest@127.0.0.1:1/%2F")
    is_held, is_enough = threading.Event(), threading.Event()

    def hold() -> None:
        with broker.connection._lock:
            is_held.set()
            is_enough.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_held.wait(10)
    with pytest.raises(BrokerAway, match="another thread"):
        broker.depths(patience=0.1)
    is_enough.set()
    thread.join(10)
    assert not thread.is_alive()
