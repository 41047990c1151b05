"""What the relay deletes because it is old, and nobody needs it any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.delivery import outbox
from app.models import OutboxMessage, PaymentEvent
from app.services.payments import noting
from app.tests.factories import GenerationFactory
from app.tests.money.breaking_rows import event
from app.utils import clock

pytestmark = pytest.mark.django_db


def test_payment_events_are_forgotten_after_90_days() -> None:
    old, young = event(event_id="old"), event(event_id="young")
    age = timedelta(days=90, seconds=1)
    PaymentEvent.objects.filter(pk=old.pk).update(received_at=clock.now() - age)
    assert noting.forget_old() == 1
    assert PaymentEvent.objects.get() == young
    assert noting.forget_old() == 0


def test_payment_events_are_forgotten_a_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noting, "BATCH", 2)
    for number in range(3):
        event(event_id=f"{number}")
    PaymentEvent.objects.update(received_at=clock.now() - timedelta(days=100))
    assert [noting.forget_old() for _ in range(3)] == [2, 1, 0]


def test_tasks_that_were_never_sent_keep_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "FORGOTTEN_AT_ONCE", 2)
    waiting = [GenerationFactory(status="queued").task_id for _ in range(2)]
    GenerationFactory(status="queued")
    long_ago = clock.now() - timedelta(days=31)
    OutboxMessage.objects.update(created_at=long_ago)
    OutboxMessage.objects.exclude(task_id__in=waiting).update(sent_at=long_ago)
    assert outbox.forget_sent() == 1


def test_tasks_are_forgotten_30_days_after_they_were_sent() -> None:
    old, waiting, young = (GenerationFactory(status="queued").task_id for _ in range(3))
    long_ago = clock.now() - timedelta(days=31)
    OutboxMessage.objects.exclude(task_id=waiting).update(sent_at=long_ago)
    OutboxMessage.objects.filter(task_id=young).update(sent_at=clock.now())
    # The oldest alone says whether there is something to do.
    assert outbox.forget_sent() == 0
    OutboxMessage.objects.update(created_at=long_ago)
    assert outbox.forget_sent() == 1
    assert set(OutboxMessage.objects.values_list("task_id", flat=True)) == {waiting, young}
    assert old not in {waiting, young}
    assert outbox.forget_sent() == 0
