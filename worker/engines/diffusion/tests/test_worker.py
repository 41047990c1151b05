"""The engine in the worker: tasks come in, files are stored, reports go out."""

import shutil
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol import TrainingTask
from worker.checkpoints import CHECKPOINT
from worker.engines.base import TrainedModel
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import MakeRunner, Quick
from worker.runner import Outcome
from worker.tests.helpers import (
    Backend,
    Received,
    generation_task,
    in_background,
    last_report,
    training_task,
)


def training(folder: Path, backend: Backend) -> TrainingTask:
    return training_task(folder, backend.url, [("boat",), ("sea",), ("boat", "sea"), ("tree",)])


def test_a_style_is_trained_and_a_picture_of_it_delivered(
    sd1: Path, worker: MakeRunner, backend: Backend, tmp_path: Path
) -> None:
    task = training(tmp_path, backend)
    data = msgspec.structs.replace(task.data, sample_prompts=["boat, sea", "tree"])
    task = msgspec.structs.replace(task, data=data)
    runner = worker(Quick(tiny.settings(sd1)))
    assert runner.run(task) is Outcome.DONE
    trained = last_report(backend, task)
    assert trained["training_status"] == "completed", trained
    assert trained["training_metric"]["base_model"]["name"] == "tiny-sd1"
    # What the artist is told before the style is offered.
    assert len(trained["samples"]) == 2
    score = trained["style_score"]
    assert score["held_out"] == trained["training_metric"]["held_out"]
    assert {"samples", "plain", "works"} <= set(score)
    order = generation_task(
        tmp_path, backend.url, "boat, sea", lora_path=trained["model_path"], width=64
    )
    assert runner.run(order) is Outcome.DONE
    report = last_report(backend, order)
    assert report["status"] == "completed", report
    # What it takes to make the picture again.
    kept = report["metadata"]["settings"]
    assert (kept["base_model"], kept["steps"]) == ("tiny-sd1@r1", 2)
    assert isinstance(kept["torch"], str)


@pytest.mark.parametrize("end", ["told to stop", "lease over"])
def test_a_training_goes_on_at_another_worker(
    sd1: Path, worker: MakeRunner, backend: Backend, tmp_path: Path, end: str
) -> None:
    """After SIGTERM, or when the lease was over: the checkpoint is in the storage."""
    task = training(tmp_path, backend)
    engine = Quick(tiny.settings(sd1))
    stop, kept = threading.Event(), tmp_path / "style" / CHECKPOINT

    def answer(report: Received) -> int:
        if end == "told to stop":
            if kept.exists():
                stop.set()
            return 200
        return 409 if kept.exists() else 200

    backend.answer = answer
    first = worker(engine, "one", stop).run(task)
    assert first is (Outcome.AGAIN if end == "told to stop" else Outcome.DONE)
    assert {report.status for report in backend.of(task)} == {"training"}
    assert not (tmp_path / "style" / "model.safetensors").exists()
    shutil.rmtree(tmp_path / "one")
    backend.answer = lambda report: 200
    fresh = Quick(tiny.settings(sd1, checkpoint_seconds=3600.0))
    assert worker(fresh, "two").run(task) is Outcome.DONE
    metric = last_report(backend, task)["training_metric"]
    assert 0 < metric["begun_at_step"] < metric["steps"]


class Waiting(Quick):
    """Waits before its second checkpoint for another worker to have ended the training."""

    def __init__(self, model: Path) -> None:
        super().__init__(tiny.settings(model))
        self.is_there, self.other_has_ended = threading.Event(), threading.Event()

    def train(self, *arguments: Any, save_checkpoint: Any, **named: Any) -> TrainedModel:
        saved = []

        def save(path: Path) -> None:
            if saved:
                self.is_there.set()
                assert self.other_has_ended.wait(60)
            saved.append(path)
            save_checkpoint(path)

        return super().train(*arguments, save_checkpoint=save, **named)


@pytest.mark.parametrize("late", ["refused", "taken"])
def test_two_workers_with_one_training_at_once_make_one_file(
    sd1: Path, worker: MakeRunner, backend: Backend, tmp_path: Path, late: str
) -> None:
    """The broker gave the task to another while the first one still works. Whoever is late stores
    nothing once the backend has heard the end; where it has not, the same."""
    task, slow = training(tmp_path, backend), Waiting(sd1)
    thread, outcomes = in_background(worker(slow, "one"), task)
    assert slow.is_there.wait(60)
    assert worker(Quick(tiny.settings(sd1)), "two").run(task) is Outcome.DONE
    first = (tmp_path / "style" / "model.safetensors").read_bytes()
    (tmp_path / "style" / CHECKPOINT).unlink()  # as the backend does it
    backend.answer = lambda report: 409 if late == "refused" else 200
    slow.other_has_ended.set()
    thread.join(60)
    assert outcomes == [Outcome.DONE]
    assert (tmp_path / "style" / "model.safetensors").read_bytes() == first
    assert backend.statuses(task).count("completed") == (1 if late == "refused" else 2)
    assert (tmp_path / "style" / CHECKPOINT).exists() == (late == "taken")
    ended = [each.body for each in backend.of(task) if each.status == "completed"]
    assert len({each["training_metric"]["sha256"] for each in ended}) == 1
