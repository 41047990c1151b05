"""What workers report about pictures: states move by one table, money moves once."""

import itertools

import pytest
import time_machine
from django.db import IntegrityError, transaction

from app.exceptions import InvalidInput, InvalidTransition, StaleAttempt
from app.models import Generation, GenerationStatus, Notification, OutboxMessage, Style
from app.services.generation_service import ALLOWED_MOVES, GENERATIONS
from app.services.jobs import lease_service
from app.tests import ledger
from app.tests.factories import GenerationFactory, finished_file
from app.tests.ordering import report
from app.utils import clock
from protocol import GenerationReport, decode_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer) -> Generation:
    return GenerationFactory(user=buyer, status="processing", style__name="Quill")


def told(user) -> list[tuple[str, str]]:
    """Type and message of the user's notifications, oldest first."""
    return list(
        Notification.objects.filter(recipient=user).order_by("pk").values_list("type", "message")
    )


class TestProgress:
    PROGRESS = {
        "current_step": 10,
        "total_steps": 50,
        "progress_percent": 20.0,
        "estimated_seconds": 4.5,
    }

    def test_work_that_begins_is_seen_by_the_buyer(self, as_worker, as_buyer, buyer, settings):
        picture = GenerationFactory(user=buyer, status="queued")
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            answer = report(as_worker, picture, "processing", progress=self.PROGRESS)
            assert answer.data == {"id": picture.pk, "status": "processing"}
            picture.refresh_from_db()
            assert picture.started_at == clock.now()
            assert picture.lease_expires_at == clock.seconds_from_now(settings.JOB_LEASE_SECONDS)
        shown = as_buyer.get(f"/api/images/{picture.pk}/status").data
        assert (shown["status"], shown["queue_position"]) == ("processing", None)
        assert shown["progress"] == self.PROGRESS

    def test_a_report_without_progress_keeps_the_last_one(self, as_worker, picture):
        report(as_worker, picture, "processing", progress=self.PROGRESS)
        report(as_worker, picture, "processing")
        picture.refresh_from_db()
        assert picture.progress == self.PROGRESS

    def test_work_begins_once(self, as_worker, picture):
        began = picture.started_at
        assert report(as_worker, picture, "processing").status == 200
        picture.refresh_from_db()
        assert picture.started_at == began


class TestCompletion:
    def test_the_artist_is_paid_and_the_buyer_told(self, as_worker, picture, buyer):
        artist = picture.style.artist.user
        answer = report(as_worker, picture, "completed", metadata={"steps": 50})
        assert answer.data == {"id": picture.pk, "status": "completed"}
        picture.refresh_from_db()
        assert picture.metadata == {"steps": 50}
        assert (picture.progress, picture.lease_expires_at) == (None, None)
        assert picture.finished_at is not None
        assert ledger.entries_of(artist) == [("earn", 10)]
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 10)]
        assert Style.objects.get().usage_count == 1
        assert told(buyer) == [("generation_complete", "Your picture in the style Quill is ready.")]
        ledger.assert_right()

    def test_a_preview_and_a_placeholder_are_kept_apart_from_the_metadata(
        self, as_worker, as_buyer, picture
    ):
        placeholder = "data:image/webp;base64,UklGRh4AAABXRUJQ"
        given = {
            "preview_path": finished_file(picture, "preview.webp"),
            "placeholder": placeholder,
            "engine": "stylenet",
        }
        report(as_worker, picture, "completed", metadata=given)
        picture.refresh_from_db()
        assert picture.preview_path == f"generations/{picture.task_id}/1/preview.webp"
        assert picture.metadata == {"engine": "stylenet"}
        shown = as_buyer.get(f"/api/images/{picture.pk}").data
        assert shown["placeholder"] == placeholder
        assert as_buyer.follow_link(shown["preview_url"]).status == 200

    @pytest.mark.parametrize(
        "placeholder",
        [
            "javascript:alert(1)",
            "data:text/html,hi",
            5,
            None,
            "data:image/png;base64," + "A" * 1000,
        ],
    )
    def test_a_placeholder_is_a_small_picture_or_nothing(self, as_worker, picture, placeholder):
        report(as_worker, picture, "completed", metadata={"placeholder": placeholder})
        picture.refresh_from_db()
        assert (picture.status, picture.placeholder) == ("completed", "")

    def test_a_picture_whose_beginning_was_not_reported_completes(self, as_worker, buyer):
        picture = GenerationFactory(user=buyer, status="queued")
        assert report(as_worker, picture, "completed").status == 200
        ledger.assert_right()

    @pytest.mark.parametrize(
        "path",
        [
            "file:///etc/passwd",
            "{folder}",
            "{folder}/",
            "{folder}/../image.png",
            "{folder}/%2e%2e/image.png",
            "{folder}/..%2fimage.png",
            "{folder}//image.png",
            "{folder}/a\\b.png",
            "{folder}/image.png?x=1",
            "{folder}/image.png#x",
            "{folder}/absent.png",
            "{folder}-next/image.png",
            "s3://bucket/image.png",
            "http://127.0.0.1/image.png",
            "image.png",
            "file://elsewhere{path}",
        ],
    )
    @pytest.mark.parametrize("field", ["image_path", "metadata.preview_path"])
    def test_a_file_that_is_not_the_attempts_own_is_refused(self, as_worker, picture, field, path):
        good = finished_file(picture)
        folder = good.rpartition("/")[0]
        bad = path.format(folder=folder, path=good.removeprefix("file://"))
        given = (
            {"image_path": bad}
            if field == "image_path"
            else {"image_path": good, "metadata": {"preview_path": bad}}
        )
        before = ledger.snapshot()
        answer = report(as_worker, picture, "completed", **given)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == [field]
        picture.refresh_from_db()
        assert picture.status == "processing"
        assert ledger.snapshot() == before

    def test_the_folder_of_another_job_is_refused(self, as_worker, picture):
        other = GenerationFactory(style=picture.style, status="processing")
        answer = report(as_worker, picture, "completed", image_path=finished_file(other))
        assert answer.refusal == (400, "VALIDATION_ERROR")


class TestFailure:
    def test_all_is_refunded_and_the_buyer_told_why(self, as_worker, picture, buyer):
        answer = report(as_worker, picture, "failed")
        assert answer.data == {"id": picture.pk, "status": "failed"}
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 10), ("refund", 10)]
        assert ledger.entries_of(picture.style.artist.user) == []
        assert Style.objects.get().usage_count == 0
        assert told(buyer) == [
            (
                "generation_failed",
                "Your picture in the style Quill could not be made; 10 tokens were refunded."
                " The paint ran out.",
            )
        ]
        ledger.assert_right()

    def test_the_refund_is_what_was_charged_whatever_the_price_is_now(
        self, as_worker, picture, buyer
    ):
        Style.objects.update(price=9999)
        report(as_worker, picture, "failed")
        assert ledger.balance_of(buyer) == 1000
        ledger.assert_right()

    def test_a_retryable_failure_is_tried_three_times_with_delays(self, as_worker, buyer):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            picture = GenerationFactory(user=buyer, status="processing")
            for attempt, delay in ((1, 30), (2, 120)):
                answer = report(as_worker, picture, "failed", retryable=True)
                assert answer.data["status"] == "queued"
                picture.refresh_from_db()
                assert (picture.attempt, picture.progress) == (attempt + 1, None)
                assert picture.lease_expires_at is None
                assert ledger.balance_of(buyer) == 990
                message = OutboxMessage.objects.get(attempt=attempt + 1)
                assert message.available_at == clock.seconds_from_now(delay)
                task = decode_task(bytes(message.body))
                assert (task.task_id, task.attempt) == (picture.task_id, attempt + 1)
                assert task.data.output_path.endswith(f"/{attempt + 1}")
            assert told(buyer) == []
            answer = report(as_worker, picture, "failed", retryable=True)
        assert answer.data["status"] == "failed"
        assert OutboxMessage.objects.count() == 3
        assert ledger.balance_of(buyer) == 1000
        assert [kind for kind, _ in told(buyer)] == ["generation_failed"]
        ledger.assert_right()

    def test_the_second_attempt_may_complete(self, as_worker, picture, buyer):
        report(as_worker, picture, "failed", retryable=True)
        picture.refresh_from_db()
        assert report(as_worker, picture, "processing").status == 200
        assert report(as_worker, picture, "completed").status == 200
        assert ledger.balance_of(buyer) == 990
        ledger.assert_right()


class TestWhichAttempt:
    @pytest.mark.parametrize("status", ["processing", "completed", "failed"])
    def test_a_report_of_an_older_attempt_is_stale(self, as_worker, picture, status):
        report(as_worker, picture, "failed", retryable=True)
        before = ledger.snapshot()
        answer = report(as_worker, picture, status)
        assert answer.refusal == (409, "STALE_ATTEMPT")
        picture.refresh_from_db()
        assert (picture.status, picture.attempt) == ("queued", 2)
        assert ledger.snapshot() == before

    def test_a_report_of_another_task_is_stale(self, as_worker, picture):
        answer = report(
            as_worker, picture, "failed", task_id="7f8a1f9e-0000-4000-8000-000000000000"
        )
        assert answer.refusal == (409, "STALE_ATTEMPT")

    def test_an_attempt_that_has_not_begun_is_refused(self, as_worker, picture):
        answer = report(as_worker, picture, "failed", attempt=2)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["attempt"]

    @pytest.mark.parametrize("status", ["processing", "completed", "failed"])
    def test_nobody_has_no_picture(self, as_worker, picture, status):
        picture.pk = 2**40
        assert report(as_worker, picture, status).refusal == (404, "NOT_FOUND")


class TestStates:
    REPORTS = ("processing", "completed", "failed")
    # What a report makes of each state: the new one, or None for a contradiction.
    MOVES = {
        "queued": {"processing": "processing", "completed": "completed", "failed": "failed"},
        "processing": {"processing": "processing", "completed": "completed", "failed": "failed"},
        "completed": {"processing": None, "completed": "completed", "failed": None},
        "failed": {"processing": None, "completed": None, "failed": "failed"},
        "canceled": {"processing": None, "completed": None, "failed": None},
    }

    def test_every_state_and_report_is_in_the_table(self):
        assert set(self.MOVES) == set(GenerationStatus.values) == {s.value for s in ALLOWED_MOVES}
        assert all(set(moves) == set(self.REPORTS) for moves in self.MOVES.values())

    @pytest.mark.parametrize(("state", "status"), list(itertools.product(MOVES, REPORTS)))
    def test_a_report_moves_a_state_as_the_table_says(self, as_worker, buyer, state, status):
        picture = GenerationFactory(user=buyer, status=state)
        before, notes = ledger.snapshot(), told(buyer)
        expected = self.MOVES[state][status]
        answer = report(as_worker, picture, status)
        picture.refresh_from_db()
        if expected is None:
            assert answer.refusal == (409, "INVALID_TRANSITION")
            assert picture.status == state
        else:
            assert answer.data["status"] == picture.status == expected
        if expected in {None, state}:
            assert (ledger.snapshot(), told(buyer)) == (before, notes)
        ledger.assert_right()

    @pytest.mark.parametrize("state", ["completed", "failed", "canceled"])
    def test_a_retryable_failure_does_not_bring_back_what_has_ended(self, as_worker, buyer, state):
        picture = GenerationFactory(user=buyer, status=state)
        before = ledger.snapshot()
        report(as_worker, picture, "failed", retryable=True)
        picture.refresh_from_db()
        assert (picture.status, picture.attempt) == (state, 1)
        assert ledger.snapshot() == before

    def test_a_second_file_for_a_completed_picture_is_refused(self, as_worker, buyer):
        picture = GenerationFactory(user=buyer)
        other = finished_file(picture, "other.png")
        answer = report(as_worker, picture, "completed", image_path=other)
        assert answer.refusal == (409, "INVALID_TRANSITION")
        picture.refresh_from_db()
        assert picture.image_path.endswith("/image.png")

    def test_the_database_refuses_a_completed_picture_without_a_file(self):
        picture = GenerationFactory(status="queued")
        with (
            pytest.raises(IntegrityError, match="generation_completed_has_image"),
            transaction.atomic(),
        ):
            Generation.objects.filter(pk=picture.pk).update(status="completed")


class TestLeases:
    def test_a_silent_worker_loses_the_job_and_at_last_the_buyer_is_refunded(
        self, as_worker, buyer, settings
    ):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
            picture = GenerationFactory(user=buyer, status="processing")
            for attempt in (2, 3):
                now.shift(settings.JOB_LEASE_SECONDS - 1)
                assert lease_service.sweep() == 0
                now.shift(2)
                assert lease_service.sweep() == 1
                assert lease_service.sweep() == 0
                picture.refresh_from_db()
                assert (picture.status, picture.attempt) == ("queued", attempt)
                report(as_worker, picture, "processing")
            now.shift(settings.JOB_LEASE_SECONDS + 1)
            assert lease_service.sweep() == 1
        picture.refresh_from_db()
        assert (picture.status, picture.failure_reason) == ("failed", lease_service.LOST)
        assert ledger.balance_of(buyer) == 1000
        ledger.assert_right()

    def test_a_sign_of_life_renews_the_lease(self, as_worker, settings):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
            picture = GenerationFactory(status="processing")
            for _ in range(3):
                now.shift(settings.JOB_LEASE_SECONDS - 1)
                report(as_worker, picture, "processing")
                assert lease_service.sweep() == 0

    def test_a_job_in_the_brokers_queue_waits_for_its_queue_lease(self, settings):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
            picture = GenerationFactory(status="queued")
            GENERATIONS.mark_accepted(OutboxMessage.objects.get())
            now.shift(settings.QUEUE_LEASE_SECONDS - 1)
            assert lease_service.sweep() == 0
            now.shift(2)
            assert lease_service.sweep() == 1
        picture.refresh_from_db()
        assert (picture.status, picture.attempt) == ("queued", 2)

    def test_a_message_that_no_worker_survives_ends_its_attempt(self, buyer):
        picture = GenerationFactory(user=buyer, status="queued")
        for attempt in (1, 2, 3):
            message = OutboxMessage.objects.get(attempt=attempt)
            assert GENERATIONS.end(message, "Three workers died.")
            assert not GENERATIONS.end(message, "Three workers died.")
        picture.refresh_from_db()
        assert (picture.status, picture.failure_reason) == ("failed", "Three workers died.")
        assert ledger.balance_of(buyer) == 1000
        ledger.assert_right()

    @pytest.mark.parametrize("state", ["completed", "failed", "canceled"])
    def test_what_has_ended_is_not_ended_again(self, buyer, state):
        picture = GenerationFactory(user=buyer, status=state)
        before = ledger.snapshot()
        assert not GENERATIONS.end(picture, "Our staff ended this.", retryable=False)
        picture.refresh_from_db()
        assert picture.status == state
        assert ledger.snapshot() == before

    def test_a_dead_letter_of_an_unknown_task_is_left_alone(self, picture):
        message = OutboxMessage.objects.get()
        message.task_id = "7f8a1f9e-0000-4000-8000-000000000000"
        GENERATIONS.end(message, "Nobody knows it.")
        picture.refresh_from_db()
        assert picture.status == "processing"

    def test_a_sweeper_that_comes_late_does_nothing(self, picture):
        """The lease ran out when it was listed, and was renewed before it was locked."""
        GENERATIONS.give_up(picture.pk, lease_service.LOST)
        picture.refresh_from_db()
        assert (picture.status, picture.attempt) == ("processing", 1)


class TestService:
    """The same rules below HTTP: errors of the domain, by name."""

    def test_errors_have_names(self, picture):
        def say(**changes):
            given = {"task_id": picture.task_id, "attempt": 1, "status": "failed"}
            reported = GenerationReport(**{**given, "failure_reason": "No.", **changes})
            return GENERATIONS.record_report(picture.pk, reported)

        with pytest.raises(InvalidInput):
            say(attempt=9)
        say()
        with pytest.raises(InvalidTransition):
            say(status="processing")
        picture.refresh_from_db()
        with pytest.raises(StaleAttempt):
            say(attempt=0)
