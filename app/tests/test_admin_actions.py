"""What staff do to jobs: through the services, and written down."""

from __future__ import annotations

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client

from app.models import GenerationStatus, OutboxMessage, TrainingStatus, User
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.utils import clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(db) -> Client:
    user = User.objects.create_superuser("keeper", "keeper@example.com", "keeps")
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, model: str, action: str, *rows) -> None:
    answer = client.post(
        f"/admin/app/{model}/",
        {"action": action, "_selected_action": [row.pk for row in rows]},
    )
    assert answer.status_code == 302, answer.content[:500]
    for row in rows:
        row.refresh_from_db()


def test_refund_fails_the_job_and_gives_the_tokens_back(staff) -> None:
    picture = GenerationFactory(status=GenerationStatus.PROCESSING)
    before = ledger.balance_of(picture.user)
    act(staff, "generation", "refund", picture)
    assert picture.status == GenerationStatus.FAILED
    assert ledger.balance_of(picture.user) == before + picture.cost
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (str(picture.pk), "Refunded.")
    ledger.assert_right()


def test_an_ended_job_is_left_alone_and_nothing_is_written(staff) -> None:
    done = GenerationFactory(status=GenerationStatus.COMPLETED)
    before = ledger.snapshot()
    for action in ("refund", "retry", "cancel"):
        act(staff, "generation", action, done)
    assert done.status == GenerationStatus.COMPLETED
    assert ledger.snapshot() == before
    assert not LogEntry.objects.exists()


def test_retry_begins_the_next_attempt(staff) -> None:
    picture = GenerationFactory(status=GenerationStatus.PROCESSING)
    act(staff, "generation", "retry", picture)
    assert (picture.status, picture.attempt) == (GenerationStatus.QUEUED, 2)
    assert OutboxMessage.objects.filter(task_id=picture.task_id, attempt=2).exists()
    assert LogEntry.objects.count() == 1


def test_cancel_is_for_queued_jobs(staff) -> None:
    queued = GenerationFactory(status=GenerationStatus.QUEUED)
    running = GenerationFactory(status=GenerationStatus.PROCESSING)
    act(staff, "generation", "cancel", queued, running)
    assert (queued.status, running.status) == ("canceled", "processing")
    assert LogEntry.objects.count() == 1
    ledger.assert_right()


def test_trainings_are_ended_and_begun_again(staff) -> None:
    style = StyleFactory(training_status=TrainingStatus.TRAINING, works=1)
    act(staff, "style", "cancel", style)
    assert style.training_status == TrainingStatus.FAILED
    act(staff, "style", "retry", style)
    assert style.training_status == TrainingStatus.PENDING
    assert LogEntry.objects.count() == 2


def test_who_may_only_look_cannot_act(staff) -> None:
    from django.contrib.auth.models import Permission

    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_generation"))
    client = Client()
    client.force_login(looker)
    picture = GenerationFactory(status=GenerationStatus.PROCESSING)
    client.post("/admin/app/generation/", {"action": "refund", "_selected_action": [picture.pk]})
    picture.refresh_from_db()
    assert picture.status == GenerationStatus.PROCESSING


def jobs(*options: str) -> str:
    output = io.StringIO()
    call_command("jobs", *options, stdout=output)
    return output.getvalue()


def test_the_jobs_command_tells_queued_running_and_stuck() -> None:
    assert jobs() == "Nothing is under way.\n"
    GenerationFactory(status=GenerationStatus.QUEUED)
    stuck = GenerationFactory(status=GenerationStatus.PROCESSING)
    stuck.lease_expires_at = clock.seconds_from_now(-5)
    stuck.save()
    StyleFactory(training_status=TrainingStatus.TRAINING)
    GenerationFactory(status=GenerationStatus.COMPLETED)
    lines = jobs().splitlines()
    assert lines[-1] == (
        "1 pictures processing, 1 pictures queued, 1 pictures stuck, 1 trainings training"
    )
    assert len(lines) == 4
    assert "STUCK" in jobs("--stuck")
    assert len(jobs("--stuck").splitlines()) == 2
