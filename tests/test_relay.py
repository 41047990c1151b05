"""From the outbox to a real RabbitMQ, and out of its dead letters again."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from time import monotonic

import pika
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from app.delivery import outbox
from app.delivery.broker import BrokerAway, MessageRefused
from app.delivery.relay import Relay
from app.models import Generation, GenerationStatus, OutboxMessage, Style
from app.services import metrics_service
from app.services.rabbitmq_service import RabbitMQService
from app.services.training_service import TRAININGS
from app.tests.factories import GenerationFactory, StyleFactory
from app.utils import clock
from devtools.servers.process import free_port
from protocol import GENERATION_QUEUE, TRAINING_QUEUE, decode_task
from protocol.engines import DEFAULT_ENGINE
from protocol.messages import QUEUES, dead_queue_name
from tests.system import wait_for
from worker.tests.helpers_broker import CuttableProxy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def many_wait_in_the_broker(settings) -> None:
    """There is no worker here."""
    settings.JOBS_AHEAD = 100


@pytest.fixture
def channel(amqp_url) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    """The broker, seen from outside; its queues are empty at first."""
    RabbitMQService(amqp_url).depths()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        opened = connection.channel()
        for queue in QUEUES:
            opened.queue_purge(queue)
            opened.queue_purge(dead_queue_name(queue))
        yield opened


def order(count: int = 1) -> list[OutboxMessage]:
    for _ in range(count):
        GenerationFactory(status=GenerationStatus.QUEUED)
    return list(OutboxMessage.objects.order_by("pk"))


def taken(channel) -> list[bytes]:
    bodies, deadline = [], monotonic() + 30
    while (got := channel.basic_get(GENERATION_QUEUE, auto_ack=True))[2] is not None:
        bodies.append(got[2])
        assert monotonic() < deadline, "the queue does not become empty"
    return bodies


def test_what_is_due_is_published_once_and_noted(amqp_url, channel) -> None:
    messages = order(45)
    relay = Relay(amqp_url)
    assert relay.publish_due() == 45
    assert relay.publish_due() == 0
    relay.close()
    assert sorted(taken(channel)) == sorted(bytes(message.body) for message in messages)
    assert not OutboxMessage.objects.filter(sent_at__isnull=True).exists()


def test_only_what_workers_can_begin_soon_is_handed_over(amqp_url, channel, settings) -> None:
    settings.JOBS_AHEAD = 2
    messages = order(5)
    relay = Relay(amqp_url)
    assert relay.publish_due() == 2
    assert relay.publish_due() == 0
    # What waits for its turn is not late.
    OutboxMessage.objects.update(available_at=clock.seconds_from_now(-500))
    assert outbox.oldest_age() < 60
    assert taken(channel) == [bytes(message.body) for message in messages[:2]]
    assert relay.publish_due() == 2
    # A worker that makes a picture is one more, if it has this engine.
    at_work = Generation.objects.filter(task_id__in=[each.task_id for each in messages[:2]])
    at_work.update(status=GenerationStatus.PROCESSING, lease_expires_at=clock.seconds_from_now(60))
    of_theirs = Style.objects.filter(generations__in=at_work)
    for engine, published in (("another", 0), (DEFAULT_ENGINE, 1)):
        of_theirs.update(engine=engine)
        relay.close()
        relay = Relay(amqp_url)
        assert relay.publish_due() == published
    relay.close()


def test_a_claimed_message_is_nobody_elses(amqp_url) -> None:
    order(3)
    seen: list[int] = []

    def look() -> None:
        with outbox.claim_batch(10) as others:
            seen.append(len(others))
        connections.close_all()

    with outbox.claim_batch(2) as mine:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(30)
    assert (len(mine), seen) == (2, [1])
    with outbox.claim_batch(10) as free_again:
        assert len(free_again) == 3


def test_a_refused_message_stays_and_does_not_hold_up_others(amqp_url, channel) -> None:
    refused, *_ = order(3)
    OutboxMessage.objects.filter(pk=refused.pk).update(queue="a queue that is not there")
    relay = Relay(amqp_url)
    assert relay.publish_due() == 2
    relay.close()
    refused.refresh_from_db()
    assert refused.sent_at is None
    assert refused.tries == 1
    assert refused.last_error == "The broker has no queue a queue that is not there."
    assert len(taken(channel)) == 2


def test_a_message_that_is_none_stays_and_does_not_hold_up_others(amqp_url, channel) -> None:
    bodies = [b"\x00\xff no JSON", b"{}", b'{"type": "image_generation", "task_id": "none"}']
    spoiled, good = order(5)[:3], 2
    for message, body in zip(spoiled, bodies, strict=True):
        OutboxMessage.objects.filter(pk=message.pk).update(body=body)
    relay = Relay(amqp_url)
    assert relay.publish_due() == good
    relay.close()
    for message in spoiled:
        message.refresh_from_db()
        assert (message.sent_at, message.tries) == (None, 1)
        assert message.last_error
        assert message.available_at > clock.now()
    assert metrics_service.figures(max_age=0).outbox_failing == 3
    assert len(taken(channel)) == good


def test_what_is_published_is_what_the_senders_make_of_it(amqp_url, channel, monkeypatch) -> None:
    """The relay has no other way to the broker."""
    (ordered,) = order()
    TRAININGS.enqueue(StyleFactory(training_status="pending", works=1))
    uploaded = OutboxMessage.objects.get(queue=TRAINING_QUEUE)
    send_picture = RabbitMQService.send_generation_task
    send_training = RabbitMQService.send_training_task

    def other_picture(self, generation_id, style_id, prompt, webhook_url, **others):
        send_picture(self, generation_id, style_id, f"{prompt}, fog", webhook_url, **others)

    def other_training(self, style_id, image_paths, webhook_url, **others):
        send_training(self, style_id, ["file:///other.png"], webhook_url, **others)

    monkeypatch.setattr(RabbitMQService, "send_generation_task", other_picture)
    monkeypatch.setattr(RabbitMQService, "send_training_task", other_training)
    relay = Relay(amqp_url)
    assert relay.publish_due() == 2
    relay.close()
    (picture,) = taken(channel)
    assert bytes(ordered.body).replace(b'"castle, sea"', b'"castle, sea, fog"') == picture
    training = decode_task(channel.basic_get(TRAINING_QUEUE, auto_ack=True)[2])
    assert training.data.image_paths == ["file:///other.png"]
    assert decode_task(bytes(uploaded.body)).data.image_paths != training.data.image_paths


def test_what_a_later_version_wrote_is_sent_on_whole(amqp_url, channel) -> None:
    """Web processes are upgraded before the relay, so it meets fields that it does not know."""
    (ordered,) = order()
    later = json.loads(bytes(ordered.body)) | {"priority": 1}
    later["data"]["licence_number"] = "SL-1"
    OutboxMessage.objects.filter(pk=ordered.pk).update(body=json.dumps(later).encode())
    relay = Relay(amqp_url)
    assert relay.publish_due() == 1
    relay.close()
    (picture,) = taken(channel)
    assert json.loads(picture) == later


def test_while_the_broker_is_away_everything_stays_as_it_is() -> None:
    order(3)
    relay = Relay(f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F")
    assert relay.publish_due() == 0
    assert relay.publish_due() == 0  # it waits a while before it asks again
    first, *others = OutboxMessage.objects.order_by("pk")
    assert first.sent_at is None
    assert "BrokerAway" in first.last_error or "away" in first.last_error
    assert all(message.sent_at is None for message in others)


def test_a_lost_connection_is_replaced_unseen(amqp_url, channel) -> None:
    (message,) = order()
    with CuttableProxy(amqp_url) as proxy:
        broker = RabbitMQService(proxy.url)
        broker.publish(GENERATION_QUEUE, bytes(message.body), message_id="1")
        proxy.cut()
        broker.publish(GENERATION_QUEUE, bytes(message.body), message_id="2")
        proxy.cut()
        broker.keep_alive()
        broker.publish(GENERATION_QUEUE, bytes(message.body), message_id="3")
        broker.close()
        assert proxy.connections == 3
    assert len(taken(channel)) == 3


def test_one_connection_serves_many_threads(amqp_url, channel) -> None:
    (message,) = order()
    with CuttableProxy(amqp_url) as proxy:
        broker = RabbitMQService(proxy.url)

        def publish() -> None:
            for _ in range(10):
                broker.publish(GENERATION_QUEUE, bytes(message.body), message_id="1")

        threads = [threading.Thread(target=publish) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        broker.close()
        assert proxy.connections == 1
    assert len(taken(channel)) == 50


def test_a_forked_child_makes_its_own_connection(amqp_url, channel) -> None:
    (message,) = order()
    with CuttableProxy(amqp_url) as proxy:
        broker = RabbitMQService.shared(proxy.url)
        broker.publish(GENERATION_QUEUE, bytes(message.body), message_id="parent")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                broker = RabbitMQService.shared(proxy.url)
                broker.publish(GENERATION_QUEUE, bytes(message.body), message_id="child")
                broker.close()
                code = 0
            finally:
                os._exit(code)
        ended = wait_for(
            lambda: status if (status := os.waitpid(child, os.WNOHANG))[0] else None,
            seconds=30,
            what="the end of the child",
        )
        assert ended == (child, 0)
        assert proxy.connections == 2
        broker.publish(GENERATION_QUEUE, bytes(message.body), message_id="parent again")
        broker.close()
        assert proxy.connections == 2
    assert len(taken(channel)) == 3


def test_the_two_ways_of_failing_are_told_apart(amqp_url) -> None:
    with pytest.raises(MessageRefused):
        RabbitMQService(amqp_url).publish("no such queue", b"{}", message_id="1")
    away = RabbitMQService(f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F")
    with pytest.raises(BrokerAway):
        away.publish(GENERATION_QUEUE, b"{}", message_id="1")
    with pytest.raises(BrokerAway):
        away.depths()


def dead_letters(*arguments: str) -> str:
    output = io.StringIO()
    call_command("dead_letters", *arguments, stdout=output)
    return output.getvalue()


def test_dead_letters_are_listed_shown_replayed_and_discarded(settings, amqp_url, channel) -> None:
    settings.AMQP_URL = amqp_url
    messages = order(3)
    relay = Relay(amqp_url)
    relay.publish_due()
    relay.close()
    for _ in messages:
        method, _, _ = channel.basic_get(GENERATION_QUEUE)
        channel.basic_nack(method.delivery_tag, requeue=False)
    one, other, last = (str(message.task_id) for message in messages)
    dead = dead_queue_name(GENERATION_QUEUE)
    broker = RabbitMQService(amqp_url)
    wait_for(lambda: broker.depths()[dead] == 3, seconds=30, what="three dead letters")
    listed = dead_letters("list")
    assert all(task_id in listed for task_id in (one, other, last))
    assert listed.endswith("3 dead letters found.\n")
    assert '"rejected"' not in listed
    assert "rejected" in listed
    assert f'"task_id":"{one}"' in dead_letters("show", one)
    assert dead_letters("replay", one) == "1 dead letters put back on the queue.\n"
    (replayed,) = taken(channel)
    assert str(decode_task(replayed).task_id) == one
    assert dead_letters("discard", other) == "1 dead letters deleted.\n"
    with pytest.raises(CommandError, match="no dead letter"):
        dead_letters("discard", other)
    with pytest.raises(CommandError, match="Name a message"):
        dead_letters("discard")
    assert dead_letters("discard", "all", "--queue", GENERATION_QUEUE).startswith("1 ")
    assert dead_letters("list") == "0 dead letters found.\n"
