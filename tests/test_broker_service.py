"""The backend's side of a real RabbitMQ: what it sends, and what it says when that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from app.services import rabbitmq_service
from app.services.rabbitmq_service import BrokerAway, MessageRefused, RabbitMQService
from protocol import GENERATION_QUEUE, TRAINING_QUEUE, decode_task
from protocol.queues import QUEUES, dead_queue_name
from worker.tests.helpers import generation_task, training_task
from worker.tests.helpers_broker import CuttableProxy

DEAD = dead_queue_name(GENERATION_QUEUE)


@pytest.fixture
def broker(amqp_url: str) -> Iterator[RabbitMQService]:
    service = RabbitMQService(amqp_url)
    service.depths()
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


def test_tasks_arrive_on_their_queues(broker, channel, tmp_path: Path) -> None:
    picture = generation_task(tmp_path, "http://backend.test")
    training = training_task(tmp_path, "http://backend.test")
    broker.send_generation_task(picture)
    broker.send_training_task(training)
    for queue, task in ((GENERATION_QUEUE, picture), (TRAINING_QUEUE, training)):
        _, properties, body = channel.basic_get(queue, auto_ack=True)
        assert decode_task(body) == task
        assert properties.message_id == str(task.task_id)
        assert properties.delivery_mode == 2


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
        service.depths()
        proxy.cut()
        service.close()
        assert service._connection is None


def test_at_the_end_of_the_process_every_connection_is_closed(broker) -> None:
    connection = broker._connection
    assert connection.is_open
    rabbitmq_service._close_all()
    assert connection.is_closed
