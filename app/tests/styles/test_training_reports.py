"""What workers report about trainings, and training again after a failure."""

import itertools
from io import BytesIO

import pytest
import time_machine
from django.test import Client

from app.models import Notification, OutboxMessage, Style, Tag
from app.services import storage
from app.services.jobs import lease_service
from app.services.jobs.attempts import output_folder
from app.services.training_service import ALLOWED_MOVES, TRAININGS
from app.tests.factories import StyleFactory
from app.tests.ordering import report_training
from app.tests.uploads import check_all, style_form
from app.utils import clock
from protocol import decode_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def style(as_artist) -> Style:
    """A style just uploaded, whose training is on the outbox."""
    made = as_artist.upload("/api/models", style_form(name="Quill"))
    check_all()
    return Style.objects.get(pk=made.data["id"])


def model_file(style: Style, name: str = "style.json") -> str:
    """Write a model where a worker writes for this attempt. Returns its URI."""
    key = f"{output_folder('models', style)}/{name}"
    storage.save(key, BytesIO(b"{}"))
    return storage.uri(key)


def told() -> list[tuple[str, str, str, int]]:
    fields = ("type", "message", "target_type", "target_id")
    return list(Notification.objects.order_by("pk").values_list(*fields))


class TestTheWay:
    def test_a_task_that_the_queue_took_is_in_training(self, style, settings):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            TRAININGS.mark_accepted(OutboxMessage.objects.get())
            style.refresh_from_db()
            assert style.training_status == "training"
            assert style.lease_expires_at == clock.seconds_from_now(settings.QUEUE_LEASE_SECONDS)

    def test_how_near_its_pictures_are_to_its_works_is_kept_and_shown(
        self, as_worker, as_anyone, style
    ):
        near = {"work": 2, "bits": 98, "likeness": 0.64}
        other = {"work": 0, "bits": 120, "likeness": 0.41}
        told = {
            "pictures": [{**other, "bound": 0.73}, {**near, "bound": 0.73}],
            "nearest": 1,
            "copies": 0,
            "image_path": model_file(style, "nearest.webp"),
        }
        answer = report_training(
            as_worker, style, "completed", model_path=model_file(style), memorisation=told
        )
        assert answer.status == 200
        shown = as_anyone.get(f"/api/models/{style.pk}").data
        assert shown["memorisation"] == {
            "pictures": [other, near],
            "nearest": 1,
            "copies": 0,
            "bound": 0.73,
        }
        assert as_anyone.follow_link(shown["nearest_picture_url"]).status == 200
        page = Client().get(f"/styles/{style.pk}").content.decode()
        assert "64 % like it, and 98 of 256 bits" in " ".join(page.split())

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("memorisation.nearest", {"nearest": 1}),
            ("memorisation.image_path", {"image_path": "file:///etc/passwd"}),
        ],
    )
    def test_a_report_of_nearness_that_makes_no_sense_is_refused(
        self, as_worker, style, field, changes
    ):
        near = {"work": 2, "bits": 98, "likeness": 0.64, "bound": 0.73}
        image_path = model_file(style, "nearest.webp")
        told = {"pictures": [near], "nearest": 0, "copies": 0, "image_path": image_path, **changes}
        answer = report_training(
            as_worker, style, "completed", model_path=model_file(style), memorisation=told
        )
        assert (answer.status, list(answer.details)) == (400, [field])
        style.refresh_from_db()
        assert (style.training_status, style.memorisation) == ("pending", None)

    def test_progress_is_shown_and_renews_the_lease(self, as_worker, as_artist, style, settings):
        progress = {
            "current_epoch": 1,
            "total_epochs": 3,
            "progress_percent": 33.3,
            "estimated_seconds": None,
        }
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            answer = report_training(as_worker, style, "training", progress=progress)
            assert answer.data == {"id": style.pk, "training_status": "training"}
            style.refresh_from_db()
            assert style.lease_expires_at == clock.seconds_from_now(settings.JOB_LEASE_SECONDS)
        assert as_artist.get(f"/api/models/{style.pk}").data["progress"] == progress

    def test_a_finished_training_makes_the_style_ready(self, as_worker, as_anyone, style):
        path = model_file(style)
        metric = {"loss": 0.25}
        answer = report_training(
            as_worker, style, "completed", model_path=path, training_metric=metric
        )
        assert answer.data["training_status"] == "completed"
        style.refresh_from_db()
        assert (style.model_path, style.training_metric) == (path, metric)
        assert (style.lease_expires_at, style.progress) == (None, None)
        assert told() == [
            ("training_complete", "Your style model Quill is ready!", "style", style.pk)
        ]
        assert dict(Tag.objects.values_list("name", "usage_count")) == {"sea": 1, "night": 1}
        assert as_anyone.get("/api/models").ids == [style.pk]

    def test_a_style_deleted_meanwhile_is_trained_and_not_counted(
        self, as_worker, as_artist, style
    ):
        as_artist.delete(f"/api/models/{style.pk}")
        report_training(as_worker, style, "completed", model_path=model_file(style))
        style.refresh_from_db()
        assert style.training_status == "completed"
        assert set(Tag.objects.values_list("usage_count", flat=True)) == {0}
        as_artist.patch(f"/api/models/{style.pk}", {"is_active": True})
        assert set(Tag.objects.values_list("usage_count", flat=True)) == {1}

    def test_a_failed_training_says_why_to_its_artist(self, as_worker, as_artist, style):
        report_training(as_worker, style, "failed", failure_reason="Too few faces.")
        assert told() == [
            ("training_failed", "Training failed for Quill. Too few faces.", "style", style.pk)
        ]
        shown = as_artist.get(f"/api/models/{style.pk}").data
        assert (shown["training_status"], shown["failure_reason"]) == ("failed", "Too few faces.")

    def test_a_retryable_failure_is_tried_three_times_with_delays(self, as_worker, style):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            for attempt, delay in ((2, 30), (3, 120)):
                report_training(as_worker, style, "failed", retryable=True)
                style.refresh_from_db()
                assert (style.training_status, style.attempt) == ("pending", attempt)
                message = OutboxMessage.objects.get(attempt=attempt)
                assert message.available_at == clock.seconds_from_now(delay)
                task = decode_task(bytes(message.body))
                assert len(task.data.image_paths) == len(task.data.image_tags) == 10
            report_training(as_worker, style, "failed", retryable=True)
        style.refresh_from_db()
        assert style.training_status == "failed"
        assert len(told()) == 1

    def test_a_lost_training_is_given_to_another_worker_and_at_last_fails(self, as_worker, style):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
            for _ in range(3):
                style.refresh_from_db()
                report_training(as_worker, style, "training")
                now.shift(301)
                assert lease_service.sweep() == 1
        style.refresh_from_db()
        assert (style.training_status, style.failure_reason) == ("failed", lease_service.LOST)
        assert [kind for kind, *_ in told()] == ["training_failed"]

    def test_a_message_that_no_worker_survives_ends_its_attempt(self, style):
        for attempt in (1, 2, 3):
            message = OutboxMessage.objects.get(attempt=attempt)
            TRAININGS.end(message, "Three workers died.")
            TRAININGS.end(message, "Three workers died.")
        style.refresh_from_db()
        assert (style.training_status, style.failure_reason) == ("failed", "Three workers died.")

    def test_a_dead_letter_of_an_unknown_task_is_left_alone(self, style):
        message = OutboxMessage.objects.get()
        message.task_id = "7f8a1f9e-0000-4000-8000-000000000000"
        TRAININGS.end(message, "Nobody knows it.")
        style.refresh_from_db()
        assert style.training_status == "pending"

    def test_a_sweeper_that_comes_late_does_nothing(self, as_worker, style):
        report_training(as_worker, style, "training")
        TRAININGS.give_up(style.pk, lease_service.LOST)
        style.refresh_from_db()
        assert (style.training_status, style.attempt) == ("training", 1)


class TestRefusals:
    @pytest.mark.parametrize(
        "path", ["file:///etc/passwd", "{folder}/../style.json", "{folder}/absent.json", "s3://b/k"]
    )
    def test_a_model_that_is_not_the_attempts_own_is_refused(self, as_worker, style, path):
        folder = model_file(style).rpartition("/")[0]
        answer = report_training(
            as_worker, style, "completed", model_path=path.format(folder=folder)
        )
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["model_path"]
        style.refresh_from_db()
        assert style.training_status == "pending"

    def test_a_report_of_an_older_attempt_is_stale(self, as_worker, style):
        report_training(as_worker, style, "failed", retryable=True)
        for status in ("training", "failed", "completed"):
            extra = {"model_path": model_file(style)} if status == "completed" else {}
            answer = report_training(as_worker, style, status, **extra)
            assert answer.refusal == (409, "STALE_ATTEMPT")
        style.refresh_from_db()
        assert (style.training_status, style.attempt) == ("pending", 2)

    @pytest.mark.parametrize("status", ["training", "completed", "failed"])
    def test_nobody_has_no_style(self, as_worker, style, status):
        style.pk = 2**40
        answer = report_training(as_worker, style, status, model_path="file:///x")
        assert answer.refusal == (404, "NOT_FOUND")


class TestStates:
    REPORTS = ("training", "completed", "failed")
    MOVES = {
        "pending": {"training": "training", "completed": "completed", "failed": "failed"},
        "training": {"training": "training", "completed": "completed", "failed": "failed"},
        "completed": {"training": None, "completed": "completed", "failed": None},
        "failed": {"training": None, "completed": None, "failed": "failed"},
    }

    def test_every_state_is_in_the_table(self):
        assert set(self.MOVES) == {state.value for state in ALLOWED_MOVES}

    @pytest.mark.parametrize(("state", "status"), list(itertools.product(MOVES, REPORTS)))
    def test_a_report_moves_a_state_as_the_table_says(self, as_worker, state, status):
        style = StyleFactory(training_status=state, tags=("sea",))
        path = model_file(style)
        if state == "completed":
            Style.objects.update(model_path=path)
        extra = {"model_path": path} if status == "completed" else {}
        before = (told(), OutboxMessage.objects.count(), Tag.objects.get().usage_count)
        answer = report_training(as_worker, style, status, **extra)
        style.refresh_from_db()
        expected = self.MOVES[state][status]
        if expected is None:
            assert answer.refusal == (409, "INVALID_TRANSITION")
            assert style.training_status == state
        else:
            assert answer.data["training_status"] == style.training_status == expected
        if expected in {None, state}:
            after = (told(), OutboxMessage.objects.count(), Tag.objects.get().usage_count)
            assert after == before


class TestRetraining:
    def test_a_failed_style_is_trained_again_as_a_new_task(self, as_worker, as_artist, style):
        report_training(as_worker, style, "failed")
        answer = as_artist.post(f"/api/models/{style.pk}/retrain")
        assert answer.status == 200
        assert (answer.data["training_status"], answer.data["failure_reason"]) == ("pending", None)
        old_task = style.task_id
        style.refresh_from_db()
        assert style.task_id != old_task
        check_all()
        message = OutboxMessage.objects.get(task_id=style.task_id)
        assert (message.queue, message.attempt) == ("model_training", 1)
        assert len(decode_task(bytes(message.body)).data.image_paths) == 10
        report_training(as_worker, style, "completed", model_path=model_file(style))
        style.refresh_from_db()
        assert style.training_status == "completed"

    def test_reports_of_the_first_task_are_stale_then(self, as_worker, as_artist, style):
        report_training(as_worker, style, "failed")
        as_artist.post(f"/api/models/{style.pk}/retrain")
        assert report_training(as_worker, style, "failed").refusal == (409, "STALE_ATTEMPT")

    def test_a_second_failure_is_told_again(self, as_worker, as_artist, style):
        for _ in range(2):
            style.refresh_from_db()
            report_training(as_worker, style, "failed")
            as_artist.post(f"/api/models/{style.pk}/retrain")
        assert [kind for kind, *_ in told()] == ["training_failed"] * 2

    @pytest.mark.parametrize("state", ["pending", "training", "completed"])
    def test_only_after_a_failure(self, as_artist, style, state):
        Style.objects.filter(pk=style.pk).update(training_status=state, model_path="a/model.json")
        answer = as_artist.post(f"/api/models/{style.pk}/retrain")
        assert answer.refusal == (409, "INVALID_TRANSITION")
        task_id = style.task_id
        style.refresh_from_db()
        assert (style.training_status, style.task_id) == (state, task_id)

    def test_nobody_else_may(self, as_buyer):
        style = StyleFactory()
        answer = as_buyer.post(f"/api/models/{style.pk}/retrain")
        assert answer.refusal == (403, "PERMISSION_DENIED")
