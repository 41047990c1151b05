"""How many modules somebody has to read who wants to know how a picture comes to be."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pika
import pytest

from app.delivery.relay import Relay
from app.models import Generation
from app.services import storage
from app.services.rabbitmq_service import RabbitMQService
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order
from protocol import GENERATION_QUEUE
from tests.modules import passed
from tests.system import wait_for
from worker.feeds.amqp import AmqpFeed
from worker.jobs import Workshop
from worker.reports import ReportClient
from worker.runner import JobRunner
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage
from worker.tests.helpers import TOKEN, GateEngine
from worker.workdir import WorkDir

# Let it fall, and do not raise it without a reason. It was 41 before pictures had licences, and
# were marked and signed. One says whose turn it is, one how formats are stored, one what stands for
# money, one what the fee is. Two look at the words.
MOST = 54


def make(amqp_url: str, token: str, folder: Path) -> None:
    """Publish what is due, and let a worker do it."""
    relay = Relay(amqp_url)
    assert relay.publish_due() == 1
    relay.close()
    stop = threading.Event()
    work, files = WorkDir(folder), Storage()
    reports = ReportClient(token=token, work=work, stop=stop)
    signatures = SignatureClient(token=token, stop=stop)
    shop = Workshop(GateEngine(), files, FileCache(files, work.models), signatures)
    runner = JobRunner(shop, reports, work, stop=stop, job_timeout=20, grace=5)
    feed = AmqpFeed(amqp_url, [GENERATION_QUEUE], runner, stop)
    thread = threading.Thread(target=feed.serve)
    thread.start()
    unfinished = Generation.objects.exclude(status="completed")
    wait_for(lambda: not unfinished.exists(), seconds=30, what="a completed picture")
    stop.set()
    thread.join(20)
    reports.close()
    signatures.close()
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_a_picture_passes_few_modules(
    amqp_url: str, live_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.SITE_URL = live_server.url
    settings.INTERNAL_API_TOKENS = [TOKEN]
    key = "models/trained/style.json"
    storage.save(key, BytesIO(b"a model"))
    style = StyleFactory(model_path=storage.uri(key))
    buyer = Api(UserFactory(tokens=100))
    RabbitMQService(amqp_url).depths()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        # What tests before have left there would take the room that the relay fills.
        connection.channel().queue_purge(GENERATION_QUEUE)
    # What is put together once a process is so by the first.
    for _ in range(2):
        with passed() as modules:
            assert order(buyer, style).status == 202
            make(amqp_url, TOKEN, tmp_path)
    assert len(modules) <= MOST, "\n".join(sorted(modules))
