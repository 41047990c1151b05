"""The queues as any program sees them: their names, and what their declaration has to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from app.services.rabbitmq_service import RabbitMQService
from worker.tests.helpers_broker import Queues

NAMES = ("model_training", "image_generation")
DEAD: dict[str, Any] = {"x-queue-type": "quorum"}


def arguments(name: str) -> dict[str, Any]:
    """Replicated; given back twice, then dead; and no letter is lost on its way to the dead."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": 2,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": f"{name}.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    """The broker, once the backend has looked at it."""
    RabbitMQService(amqp_url).depths()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        yield connection.channel()


@pytest.mark.parametrize("name", NAMES)
def test_whoever_declares_them_alike_is_let(channel: BlockingChannel, name: str) -> None:
    for queue, given in ((name, arguments(name)), (f"{name}.dead", DEAD)):
        # They are there.
        channel.queue_declare(queue, passive=True)
        channel.queue_declare(queue, durable=True, arguments=given)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("left_out", sorted(arguments("")))
def test_whoever_leaves_something_out_is_not(
    channel: BlockingChannel, name: str, left_out: str
) -> None:
    """The control: the broker compares all of it."""
    others = {key: value for key, value in arguments(name).items() if key != left_out}
    with pytest.raises(ChannelClosedByBroker):
        channel.queue_declare(name, durable=True, arguments=others)


def test_another_engine_has_queues_of_its_own(amqp_url: str, settings: Any) -> None:
    settings.ENGINES = ["stylenet", "diffusion"]
    assert set(RabbitMQService(amqp_url).depths()) == {
        f"{name}{engine}{dead}"
        for name in NAMES
        for engine in ("", ".diffusion")
        for dead in ("", ".dead")
    }
    name = "image_generation.diffusion"
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().queue_declare(name, durable=True, arguments=arguments(name))


def test_a_worker_of_ours_declares_the_same(channel: BlockingChannel, amqp_url: str) -> None:
    Queues(amqp_url).close()


@pytest.mark.parametrize("name", NAMES)
def test_a_message_that_is_given_back_too_often_is_dead(
    channel: BlockingChannel, name: str
) -> None:
    for queue in (name, f"{name}.dead"):
        channel.queue_purge(queue)
    channel.basic_publish("", name, b"poison")
    for _ in range(3):
        tag = next(got[0] for got in channel.consume(name, inactivity_timeout=10)).delivery_tag
        channel.basic_nack(tag, requeue=True)
    channel.cancel()
    _, _, body = next(channel.consume(f"{name}.dead", auto_ack=True, inactivity_timeout=10))
    channel.cancel()
    assert body == b"poison"
