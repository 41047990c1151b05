"""What follows when the broker has taken a task: a style is in training, a picture may wait."""

from __future__ import annotations

from typing import Any

import pytest

from app.delivery.relay import Relay
from app.models import Generation, GenerationStatus, TrainingStatus
from app.services.training_service import TRAININGS
from app.tests.factories import GenerationFactory, StyleFactory
from app.utils import clock

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_relay_tells_what_the_broker_has_taken(amqp_url: str, settings: Any) -> None:
    style = StyleFactory(training_status=TrainingStatus.PENDING, works=10)
    TRAININGS.enqueue(style)
    picture: Generation = GenerationFactory(status=GenerationStatus.QUEUED)
    assert picture.lease_expires_at is None
    # Whatever tests before have left in the queues.
    settings.JOBS_AHEAD = 1_000
    relay = Relay(amqp_url)
    assert relay.publish_due() == 2
    relay.close()
    for job in (style, picture):
        job.refresh_from_db()
        left = (job.lease_expires_at - clock.now()).total_seconds()
        assert 0 < settings.QUEUE_LEASE_SECONDS - left < 60
    assert style.training_status == TrainingStatus.TRAINING
    assert picture.status == GenerationStatus.QUEUED
