import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from protocol.previews import family
from provenance.metadata import read_provenance
from worker.reports import ReportClient
from worker.runner import OTHER_ENGINE, STORAGE_AWAY, TOO_LONG, UNEXPECTED, JobRunner, Outcome
from worker.tests.helpers import (
    TOKEN,
    Backend,
    GateEngine,
    assert_nothing_left,
    files_under,
    generation_task,
    last_report,
    training_task,
    wait_until,
)
from worker.workdir import WorkDir

MakeRunner = Callable[..., JobRunner]


class TestOtherEngines:
    @pytest.mark.parametrize("is_training", [True, False])
    def test_their_tasks_are_left_to_them(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, engine: GateEngine,
        is_training: bool,
    ) -> None:  # fmt: skip
        """The next attempt, which a retryable failure begins, goes to their workers."""
        task = training_task(tmp_path, backend.url) if is_training else None
        task = task or generation_task(tmp_path, backend.url)
        data = msgspec.structs.replace(task.data, engine="diffusion")
        theirs = msgspec.structs.replace(task, data=data)
        assert make_runner().run(theirs) is Outcome.DONE
        (told,) = backend.of(theirs)
        assert told.status == "failed"
        assert told.body["retryable"] is True
        assert told.body["failure_reason"] == OTHER_ENGINE
        assert engine.runs == 0
        # Its own it takes; another attempt, since this one is over.
        ours = msgspec.structs.replace(task, attempt=2)
        assert make_runner().run(ours) is Outcome.DONE
        assert backend.statuses(ours)[-1] == "completed"

    def test_they_take_their_own(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        task = generation_task(tmp_path, backend.url, engine="diffusion")
        assert make_runner(engine="diffusion").run(task) is Outcome.DONE
        assert backend.statuses(task)[-1] == "completed"


class TestGeneration:
    def test_picture_is_drawn_signed_stored_and_reported(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, work: WorkDir
    ) -> None:
        signature = tmp_path / "signature.png"
        Image.new("RGBA", (60, 20), (0, 0, 0, 255)).save(signature)
        task = generation_task(
            *(tmp_path, backend.url),
            width=256,
            height=256,
            signature_path=f"file://{signature}",
            settings={"steps": 3},
        )

        assert make_runner().run(task) is Outcome.DONE

        report = last_report(backend, task)
        assert backend.statuses(task)[0] == "processing"
        assert "progress" not in backend.of(task)[0].body
        assert report["status"] == "completed"
        assert report["image_path"] == f"file://{tmp_path}/out/image.png"
        metadata = report["metadata"]
        assert metadata["preview_path"] == f"file://{tmp_path}/out/preview-w320.webp"
        assert metadata["placeholder"].startswith("data:image/webp;base64,")
        assert (metadata["width"], metadata["height"]) == (256, 256)
        assert metadata["engine"] == "gate"
        assert metadata["settings"] == {"engine": "gate", "engine_version": "2", "steps": 3}
        assert 0 <= metadata["seconds"] < 10
        picture = Image.open(tmp_path / "out/image.png")
        assert picture.size == (256, 256)
        assert picture.getpixel((2, 2)) == (5, 128, 64)
        assert read_provenance(tmp_path / "out/image.png").artist == "Mina"
        assert Image.open(tmp_path / "out/preview-w320.webp").format == "WEBP"
        assert list(files_under(tmp_path / "out")) == ["image.png", "preview-w320.webp"]
        assert list(work.jobs.iterdir()) == []

    def test_a_wide_picture_has_previews_for_every_screen(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        task = generation_task(tmp_path, backend.url, width=1024, height=1024)
        make_runner().run(task)

        reported = last_report(backend, task)["metadata"]["preview_path"]
        assert reported == f"file://{tmp_path}/out/preview-w640.webp"
        beside = family(reported.removeprefix("file://"), 1024)
        assert [width for _, width in beside] == [320, 640, 1024]
        for path, width in beside:
            with Image.open(path) as preview:
                assert (preview.format, preview.width) == ("WEBP", width)
                assert ("xmp" in preview.info) is (width > 320)

    def test_last_progress_is_reported_before_the_end(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        task = generation_task(tmp_path, backend.url)
        make_runner().run(task)
        first, last, completed = backend.of(task)
        assert first.status == "processing"
        assert last.body["progress"] == {
            "current_step": 4,
            "total_steps": 4,
            "progress_percent": 100.0,
            "estimated_seconds": 0.0,
        }
        assert completed.status == "completed"

    def test_reports_carry_token_and_request_id_over_one_connection(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        task = generation_task(tmp_path, backend.url)
        make_runner().run(task)
        for report in backend.of(task):
            assert report.path == "/api/images/7/status"
            assert report.headers["Authorization"] == f"Bearer {TOKEN}"
            assert report.headers["X-Request-ID"] == "req-1"
            assert report.headers["Content-Type"] == "application/json"
        assert len({report.connection for report in backend.of(task)}) == 1

    def test_silent_engine_keeps_its_lease(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, engine: GateEngine
    ) -> None:
        task = generation_task(tmp_path, backend.url, prompt="stuck")
        engine.gate = lambda: len(backend.of(task)) >= 3
        assert make_runner(max_silence=0.05).run(task) is Outcome.DONE
        assert backend.statuses(task)[:3] == ["processing"] * 3

    def test_unknown_webhook_scheme_is_dead_lettered(
        self, tmp_path: Path, make_runner: MakeRunner, engine: GateEngine
    ) -> None:
        task = generation_task(tmp_path, "ftp://127.0.0.1")
        assert make_runner().run(task) is Outcome.REJECT
        assert engine.runs == 0


class TestTraining:
    def test_model_is_trained_stored_and_reported(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        work: WorkDir,
    ) -> None:
        task = training_task(tmp_path, backend.url)

        assert make_runner().run(task) is Outcome.DONE

        # A slow machine reports once a second in between.
        first, *_, last, completed = backend.of(task)
        assert first.status == "training"
        assert last.body["progress"]["current_epoch"] == 10
        assert last.body["progress"]["total_epochs"] == 10
        assert completed.body["training_status"] == "completed"
        assert completed.body["model_path"] == f"file://{tmp_path}/style/model.npz"
        assert completed.body["training_metric"] == {"artworks": 2, "loss": 0.25}
        assert (tmp_path / "style/model.npz").read_bytes() == b"sea,boat"
        (artworks,) = engine.trained_on
        assert [artwork.tags for artwork in artworks] == [("sea", "boat"), ("sea",)]
        assert_nothing_left(work, tmp_path / "nothing")

    def test_broken_artwork_fails_for_good_and_is_named(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, engine: GateEngine
    ) -> None:
        task = training_task(tmp_path, backend.url)
        (tmp_path / "work-1.png").write_bytes(b"GIF89a no image")
        assert make_runner().run(task) is Outcome.DONE
        report = last_report(backend, task)
        assert report["training_status"] == "failed"
        assert report["failure_reason"] == "Artwork 2 cannot be read as a JPEG or PNG image."
        assert "retryable" not in report
        assert engine.runs == 0


class TestFailure:
    @pytest.mark.parametrize(
        ("prompt", "reason", "retryable"),
        [
            ("refuse", "No artwork fits these words.", False),
            ("refuse for now", "The style engine could not do this.", True),
            ("crash", UNEXPECTED, True),
        ],
    )
    def test_engine_failure_is_reported_in_words_for_users(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        work: WorkDir,
        prompt: str,
        reason: str,
        retryable: bool,
    ) -> None:
        task = generation_task(tmp_path, backend.url, prompt=prompt)
        assert make_runner().run(task) is Outcome.DONE
        report = last_report(backend, task)
        assert report["status"] == "failed"
        assert report["failure_reason"] == reason
        assert report.get("retryable", False) is retryable
        assert_nothing_left(work, tmp_path / "out")

    def test_figures_that_are_no_json_do_not_end_the_worker(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
    ) -> None:
        engine.metric = {"loss": object()}
        task = training_task(tmp_path, backend.url)
        assert make_runner().run(task) is Outcome.DONE
        report = last_report(backend, task)
        assert (report["training_status"], report["failure_reason"]) == ("failed", UNEXPECTED)

    def test_missing_model_may_be_tried_again(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        task = generation_task(tmp_path, backend.url, lora_path=f"file://{tmp_path}/gone.npz")
        assert make_runner().run(task) is Outcome.DONE
        report = last_report(backend, task)
        assert (report["status"], report["retryable"]) == ("failed", True)
        assert report["failure_reason"] == STORAGE_AWAY

    def test_unwritable_storage_leaves_nothing_half_written(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, work: WorkDir
    ) -> None:
        (tmp_path / "out").write_text("a file where a folder should be")
        task = generation_task(tmp_path, backend.url)
        assert make_runner().run(task) is Outcome.DONE
        report = last_report(backend, task)
        assert (report["status"], report["retryable"]) == ("failed", True)
        assert_nothing_left(work, tmp_path / "nothing")

    def test_runner_goes_on_after_a_failure(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        runner = make_runner()
        runner.run(generation_task(tmp_path, backend.url, prompt="crash"))
        task = generation_task(tmp_path, backend.url)
        assert runner.run(task) is Outcome.DONE
        assert last_report(backend, task)["status"] == "completed"


class TestTimeout:
    def test_endless_job_is_stopped_and_reported(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        work: WorkDir,
    ) -> None:
        engine.gate = lambda: False
        runner = make_runner(job_timeout=0.3)
        task = generation_task(tmp_path, backend.url, prompt="wait")
        assert runner.run(task) is Outcome.DONE
        report = last_report(backend, task)
        assert (report["status"], report["retryable"]) == ("failed", True)
        assert report["failure_reason"] == TOO_LONG
        assert runner.stuck is False
        assert_nothing_left(work, tmp_path / "out")

    def test_stuck_engine_is_reported_and_marks_the_runner(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("worker.runner.TIME_TO_STOP", 0.2)
        engine.gate = lambda: False
        runner = make_runner(job_timeout=0.2)
        task = generation_task(tmp_path, backend.url, prompt="stuck")
        assert runner.run(task) is Outcome.DONE
        assert last_report(backend, task)["failure_reason"] == TOO_LONG
        assert runner.stuck is True


class TestNotOurs:
    @pytest.mark.parametrize("status", [404, 409])
    def test_job_refused_at_its_start_is_not_run(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        status: int,
    ) -> None:
        backend.answer = lambda report: status
        task = generation_task(tmp_path, backend.url)
        assert make_runner().run(task) is Outcome.DONE
        assert backend.statuses(task) == ["processing"]
        assert engine.runs == 0

    def test_job_taken_away_midway_stops_quietly(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        work: WorkDir,
    ) -> None:
        engine.gate = lambda: False
        backend.answer = lambda report: 409 if len(backend.reports) > 1 else 200
        task = generation_task(tmp_path, backend.url, prompt="wait")
        assert make_runner(max_silence=0.05).run(task) is Outcome.DONE
        assert backend.statuses(task) == ["processing", "processing"]
        assert_nothing_left(work, tmp_path / "out")

    def test_nothing_is_stored_when_the_last_progress_is_refused(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, work: WorkDir
    ) -> None:
        backend.answer = lambda report: 409 if "progress" in report.body else 200
        task = generation_task(tmp_path, backend.url)
        assert make_runner().run(task) is Outcome.DONE
        assert backend.statuses(task) == ["processing", "processing"]
        assert_nothing_left(work, tmp_path / "out")


def test_refused_report_dead_letters_the_task(
    tmp_path: Path,
    backend: Backend,
    make_runner: MakeRunner,
    reports: ReportClient,
    work: WorkDir,
) -> None:
    backend.answer = lambda report: 400 if report.status == "completed" else 200
    task = generation_task(tmp_path, backend.url)
    assert make_runner().run(task) is Outcome.REJECT
    (refused,) = work.refused.iterdir()
    assert json.loads(refused.read_bytes())["report"]["status"] == "completed"
    assert wait_until(lambda: work.kept() == [])
