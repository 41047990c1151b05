"""Late, repeated and shuffled callbacks from many threads: one end, paid or refunded once."""

import os
import random
from collections import Counter
from functools import partial

import pytest

from app.models import Generation, Notification, OutboxMessage, Transaction
from app.services.jobs import lease_service
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory, finished_file
from app.tests.ordering import report
from app.tests.together import all_at_once

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("CALLBACK_STORM_ROUNDS", "40"))
SEED = int(os.environ.get("TEST_SEED", "20261122"))
# Reports of one round by kind, and how often each is repeated.
REPEATS = int(os.environ.get("CALLBACK_STORM_REPEATS", "3"))


@pytest.mark.django_db(transaction=True)
def test_a_storm_of_callbacks_leaves_one_end_and_one_settlement():
    draw = random.Random(SEED)
    style = StyleFactory(price=10)
    buyer = UserFactory(tokens=10 * ROUNDS)
    worker = Api(authorization="Bearer development-internal-token")
    owner = Api(buyer)
    pictures = [GenerationFactory(user=buyer, style=style, status="queued") for _ in range(ROUNDS)]

    calls = []
    for picture in pictures:
        round_of_calls = [
            partial(report, worker.twin(), picture, "processing"),
            partial(report, worker.twin(), picture, "completed", image_path=finished_file(picture)),
            partial(report, worker.twin(), picture, "failed"),
            partial(owner.twin().post, f"/api/images/{picture.pk}/cancel"),
        ] * REPEATS
        draw.shuffle(round_of_calls)
        calls += round_of_calls
    answers = all_at_once(calls, threads=8)

    assert Counter(answer.status for answer in answers).keys() <= {200, 409}, SEED
    assert {a.code for a in answers if a.status == 409} == {"INVALID_TRANSITION"}, SEED
    ends = dict(Generation.objects.values_list("pk", "status"))
    assert set(ends.values()) <= {"completed", "failed", "canceled"}, SEED
    settled = Transaction.objects.filter(type__in=["earn", "refund"], generation__isnull=False)
    paid = dict(settled.values_list("generation_id", "type"))
    assert settled.count() == len(paid) == ROUNDS, SEED
    expected = {"completed": "earn", "failed": "refund", "canceled": "refund"}
    assert paid == {pk: expected[status] for pk, status in ends.items()}, SEED
    notes = Counter(Notification.objects.filter(recipient=buyer).values_list("target_id", "type"))
    kinds = {"completed": "generation_complete", "failed": "generation_failed"}
    assert notes == Counter(
        (pk, kinds[status]) for pk, status in ends.items() if status in kinds
    ), SEED
    style.refresh_from_db()
    assert style.usage_count == Counter(ends.values())["completed"], SEED
    ledger.assert_right()


@pytest.mark.django_db(transaction=True)
def test_a_retryable_failure_reported_many_times_starts_one_new_attempt():
    worker = Api(authorization="Bearer development-internal-token")
    picture = GenerationFactory(status="processing")
    calls = [partial(report, worker.twin(), picture, "failed", retryable=True) for _ in range(20)]
    answers = all_at_once(calls, threads=10)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 19}
    assert {answer.code for answer in answers if answer.status == 409} == {"STALE_ATTEMPT"}
    assert list(OutboxMessage.objects.order_by("attempt").values_list("attempt", flat=True)) == [
        1,
        2,
    ]


@pytest.mark.django_db(transaction=True)
def test_sweepers_at_once_end_each_lost_job_once():
    style = StyleFactory()
    lost = [GenerationFactory(style=style, status="processing") for _ in range(10)]
    Generation.objects.update(lease_expires_at="2026-01-01T00:00:00Z")
    all_at_once([lease_service.sweep] * 4)
    assert list(Generation.objects.values_list("attempt", "status")) == [(2, "queued")] * len(lost)
    assert OutboxMessage.objects.count() == 2 * len(lost)
