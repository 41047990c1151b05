"""The engine in the worker: tasks come in, files are stored, reports go out."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from protocol import TrainingTask
from worker.checkpoints import CHECKPOINT
from worker.engines.base import TrainedModel
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.tests import tiny
from worker.jobs import Workshop
from worker.reports import ReportClient
from worker.runner import JobRunner, Outcome
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage
from worker.tests.helpers import (
    TOKEN,
    Backend,
    Received,
    generation_task,
    last_report,
    training_task,
)
from worker.workdir import WorkDir

MakeRunner = Callable[..., JobRunner]
QUICK = {"resolution": 64, "repeats": 1, "rank": 4, "alpha": 4.0}


class Quick(DiffusionEngine):
    """Learns from small works, and draws in two steps."""

    def train(self, *arguments: Any, **named: Any) -> TrainedModel:
        return super().train(*arguments, **{**named, "settings": QUICK})

    def generate_batch(self, *arguments: Any, **named: Any) -> list[Image.Image]:
        return super().generate_batch(*arguments, **{**named, "settings": {"steps": 2}})


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.stop()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[MakeRunner]:
    """A worker on a machine of its own."""
    with ExitStack() as stack:

        def make(
            engine: Quick, name: str = "one", stop: threading.Event | None = None
        ) -> JobRunner:
            stop = stop or threading.Event()
            work, storage = WorkDir(tmp_path / name), Storage()
            reports = ReportClient(token=TOKEN, work=work, stop=stop, patience=0.3)
            signatures = SignatureClient(token=TOKEN, stop=stop, patience=0.3)
            stack.callback(reports.close)
            stack.callback(signatures.close)
            shop = Workshop(engine, storage, FileCache(storage, work.models), signatures)
            return JobRunner(
                shop, reports, work, stop=stop, job_timeout=120, grace=0.05, max_silence=0.05
            )

        yield make


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
