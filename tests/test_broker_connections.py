"""How many connections a RabbitMQ sees of a process, and how they end. It has a server of its own,
whose log it reads."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from app.delivery.relay import Relay
from app.services import metrics_service, readiness_service
from app.services.rabbitmq_service import RabbitMQService
from app.tests.factories import GenerationFactory
from app.tests.together import all_at_once
from devtools.servers.rabbitmq import PrivateRabbitMQ
from protocol import GENERATION_QUEUE, encode
from tests.system import PROJECT, System, wait_for
from worker.tests.helpers import generation_task

pytestmark = pytest.mark.slow

PUBLISH = """
import sys
from app.services.rabbitmq_service import RabbitMQService
RabbitMQService.shared(sys.argv[1]).publish("image_generation", b"{}", message_id="1")
"""


class Broker:
    """A RabbitMQ, and what it says of its connections from the start of a test on."""

    def __init__(self, server: PrivateRabbitMQ) -> None:
        self.url = server.url
        self._server = server
        self._log = server.folder / "server.log"
        self._seen = self._log.stat().st_size

    def count(self) -> int:
        """How many connections it has now."""
        return int(self._server.evaluate("length(rabbit_networking:connections())."))

    def heartbeats(self) -> list[int]:
        """Every how many seconds each of its connections has to give a sign of life."""
        told = self._server.evaluate("rabbit_networking:connection_info_all([timeout]).")
        return [int(seconds) for seconds in re.findall(r"timeout,(\d+)", told)]

    def log(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._seen)
            return log.read().decode()

    def accepted(self) -> int:
        return len(self._made())

    def ended(self) -> int:
        return sum(f"closing AMQP connection {name} " in self.log() for name in self._made())

    def ended_well(self, count: int = 1) -> None:
        """``count`` connections were made since the start, and all of them said goodbye."""
        wait_for(
            lambda: self.ended() == self.accepted() == count,
            seconds=20,
            what=f"the end of {count} connections",
        )
        for name in self._made():
            assert f"{name} client unexpectedly closed" not in self.log()

    def _made(self) -> list[str]:
        """The connections made since the start. That by which the server was asked whether it is up
        may be told to end only later, and it says no goodbye."""
        return re.findall(r"accepting AMQP connection (<[\d.]+>)", self.log())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbitMQ]:
    running = PrivateRabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def broker(server: PrivateRabbitMQ) -> Iterator[Broker]:
    found = Broker(server)
    yield found
    RabbitMQService.shared(found.url).close()
    wait_for(
        lambda: found.ended() == found.accepted(), seconds=20, what="the end of all connections"
    )


def test_there_is_one_service_for_all_who_ask(broker: Broker) -> None:
    found = all_at_once([lambda: RabbitMQService.shared(broker.url)] * 20, threads=20)
    assert len(set(map(id, found))) == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_publishes_or_asks_uses_the_same_connection(broker: Broker, settings) -> None:
    settings.AMQP_URL = broker.url
    for _ in range(5):
        GenerationFactory(status="queued")
    relay = Relay(broker.url)
    settings.JOBS_AHEAD = 5
    assert relay.publish_due() == 5

    def publish() -> None:
        for number in range(10):
            service = RabbitMQService.shared(broker.url)
            service.publish(GENERATION_QUEUE, b"{}", message_id=str(number))

    def ask() -> None:
        for _ in range(10):
            assert GENERATION_QUEUE in RabbitMQService.shared(broker.url).depths()

    all_at_once([*[publish] * 4, *[ask] * 4], threads=8)
    readiness_service.forget()
    assert readiness_service.look().broker == "connected"
    # A broker that has much to do says 0 rather than look how many there are.
    wait_for(
        lambda: metrics_service.figures(max_age=0).queues[GENERATION_QUEUE] == 45,
        seconds=20,
        what="that all messages are counted",
    )
    assert broker.count() == 1
    assert broker.heartbeats() == [20]
    relay.close()
    broker.ended_well(1)


@pytest.mark.django_db
def test_a_process_that_only_asks_keeps_no_connection(broker: Broker, settings) -> None:
    settings.AMQP_URL = broker.url
    readiness_service.forget()
    assert readiness_service.look().broker == "connected"
    assert metrics_service.figures(max_age=0).is_broker_reached
    broker.ended_well(2)
    assert broker.count() == 0


def test_another_broker_takes_the_place_of_the_first(broker: Broker) -> None:
    RabbitMQService.shared(broker.url).publish(GENERATION_QUEUE, b"{}", message_id="1")
    RabbitMQService.shared("amqp://guest:guest@127.0.0.1:1/%2F")
    broker.ended_well(1)


def test_a_process_that_ends_says_goodbye(broker: Broker) -> None:
    subprocess.run([sys.executable, "-c", PUBLISH, broker.url], cwd=PROJECT, check=True, timeout=60)
    broker.ended_well(1)


def test_so_does_one_that_breaks_off(broker: Broker) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{PUBLISH}\nraise SystemExit('broken')", broker.url],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "broken\n")
    broker.ended_well(1)


def test_a_relay_that_is_told_to_stop_says_goodbye(broker: Broker, tmp_path: Path) -> None:
    system = System(tmp_path, {"AMQP_URL": broker.url})
    try:
        write_message(system, tmp_path)
        system.manage("relay_outbox", "--once")
        broker.ended_well(1)
        system.start_relay()
        write_message(system, tmp_path)
        wait_for(lambda: broker.accepted() == 2, seconds=30, what="the relay's connection")
        relay = system.process("relay")
        system.end("relay")
        assert relay.returncode == 0, system.logs()
        broker.ended_well(2)
    finally:
        system.stop()


def write_message(system: System, folder: Path) -> None:
    """One that is due."""
    task = generation_task(folder, system.url)
    with psycopg.connect(system.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO app_outboxmessage"
            " (queue, task_id, attempt, body, available_at, tries, last_error, created_at)"
            " VALUES (%s, %s, 1, %s, now(), 0, '', now())",
            [GENERATION_QUEUE, uuid4(), encode(task)],
        )
