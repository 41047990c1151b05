"""Whoever hands tasks over is woken when one is written, and not before it is there."""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection, transaction

from app.delivery import outbox
from app.tests.factories import GenerationFactory
from protocol import GENERATION_QUEUE

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_listener_hears_of_the_queue_at_the_commit() -> None:
    name = connection.settings_dict["NAME"]
    address = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    with psycopg.connect(address, autocommit=True) as listener:
        listener.execute(f"LISTEN {outbox.CHANNEL}")
        with transaction.atomic():
            GenerationFactory(status="queued")
            assert list(listener.notifies(timeout=0.2)) == []
        [heard] = listener.notifies(timeout=10, stop_after=1)
    assert heard.payload == GENERATION_QUEUE
