"""A third engine, as worker/engines/README.md says how to add one: it works like the others."""

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from protocol import TrainingTask
from protocol.formats import COMMON
from worker import engines
from worker.checkpoints import CHECKPOINT
from worker.engines.base import (
    NO_SETTINGS,
    Artwork,
    Engine,
    EngineError,
    OnProgress,
    SaveCheckpoint,
    Settings,
    TrainedModel,
    Wanted,
)
from worker.jobs import Workshop
from worker.reports import ReportClient
from worker.runner import JobRunner, Outcome
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage
from worker.tests.helpers import Backend, generation_task, last_report, training_task
from worker.workdir import WorkDir


class Stripes(Engine):
    """Learns the mean colour of each work, and draws them side by side."""

    name = "stripes"
    version = "3"
    makes_checkpoints = True
    dies_after = 100  # works
    begun_at: list[int]

    def __init__(self) -> None:
        self.begun_at = []

    def train(
        self,
        artworks: Sequence[Artwork],
        tags: Sequence[str],
        *,
        output: Path,
        num_epochs: int,
        on_progress: OnProgress,
        settings: Settings = NO_SETTINGS,
        resume_from: Path | None = None,
        save_checkpoint: SaveCheckpoint | None = None,
    ) -> TrainedModel:
        path = output / "model.json"
        colours: list[Any] = json.loads(resume_from.read_bytes()) if resume_from else []
        self.begun_at.append(len(colours))
        for number in range(len(colours), len(artworks)):
            on_progress(number, len(artworks))
            if number >= self.dies_after:
                raise EngineError("The stripes ran out.", retryable=True)
            colours.append(Image.open(artworks[number].path).resize((1, 1)).getpixel((0, 0)))
            path.write_text(json.dumps(colours))
            if save_checkpoint:
                save_checkpoint(path)
        return TrainedModel(path, {"stripes": len(colours)})

    def generate(
        self,
        model: Path,
        prompt: Sequence[str],
        *,
        size: tuple[int, int],
        seed: int,
        on_progress: OnProgress,
        **rest: Any,
    ) -> Image.Image:
        colours = json.loads(model.read_bytes())
        picture = Image.new("RGB", (len(colours), 1))
        for place in range(len(colours)):
            picture.putpixel((place, 0), tuple(colours[(place + seed) % len(colours)]))
        on_progress(1, 1)
        drawn = picture.resize(size, Image.Resampling.NEAREST)
        drawn.info["settings"] = {"turned": seed % len(colours)}
        return drawn


MakeRunner = Callable[[Engine], JobRunner]


@pytest.fixture
def run_with(
    work: WorkDir, reports: ReportClient, signatures: SignatureClient, stop: threading.Event
) -> MakeRunner:
    def make(engine: Engine) -> JobRunner:
        storage = Storage()
        shop = Workshop(engine, storage, FileCache(storage, work.models), signatures)
        return JobRunner(shop, reports, work, stop=stop, job_timeout=10, grace=5)

    return make


def attempt_of(task: TrainingTask, number: int, folder: Path) -> TrainingTask:
    """As the backend starts another attempt: with a folder of its own."""
    data = msgspec.structs.replace(task.data, output_path=f"file://{folder}/style/{number}")
    return msgspec.structs.replace(task, attempt=number, data=data)


def test_it_trains_and_draws_in_a_worker(
    backend: Backend, run_with: MakeRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engines.ENGINES, "stripes", Stripes)
    runner = run_with(engines.load_engine("stripes"))
    training = training_task(tmp_path, backend.url)
    assert runner.run(training) is Outcome.DONE
    trained = last_report(backend, training)
    assert trained["training_metric"] == {"stripes": 2}
    assert trained["model_path"].endswith("/style/model.json")
    # Beside the model lies what its works look like, and stripes look too much like flat works.
    model = tmp_path / "model.json"
    model.write_bytes((tmp_path / "style" / "model.json").read_bytes())
    order = generation_task(tmp_path, backend.url, lora_path=f"file://{model}", seed=1)
    assert runner.run(order) is Outcome.DONE
    drawn = last_report(backend, order)["metadata"]
    assert (drawn["engine"], drawn["settings"]) == (
        "stripes",
        {"engine": "stripes", "engine_version": "3", "turned": 1},
    )


def test_it_inherits_what_it_can_do_without(tmp_path: Path) -> None:
    engine = Stripes()
    assert engine.vocabulary() is None
    assert engine.sizes() == COMMON
    model = tmp_path / "model.json"
    model.write_text(json.dumps([[250, 0, 0], [0, 0, 250]]))
    seen: list[tuple[int, int]] = []
    wanted = [Wanted([], (2, 1), 0), Wanted([], (4, 2), 1)]
    pictures = engine.generate_batch(
        model, wanted, on_progress=lambda done, total: seen.append((done, total))
    )
    assert [picture.size for picture in pictures] == [(2, 1), (4, 2)]
    assert [picture.getpixel((0, 0)) for picture in pictures] == [(250, 0, 0), (0, 0, 250)]
    assert seen == [(1, 2), (2, 2)]


def test_the_next_attempt_goes_on_where_the_last_one_ended(
    backend: Backend, run_with: MakeRunner, tmp_path: Path
) -> None:
    engine, first = Stripes(), training_task(tmp_path, backend.url, [("a",), ("b",), ("c",)])
    engine.dies_after = 2
    assert run_with(engine).run(attempt_of(first, 1, tmp_path)) is Outcome.DONE
    assert backend.statuses(first)[-1] == "failed"
    assert json.loads((tmp_path / "style" / "1" / CHECKPOINT).read_bytes())
    engine.dies_after = 100
    # A worker that dies at once leaves nothing: the third attempt goes on from the first.
    assert run_with(engine).run(attempt_of(first, 3, tmp_path)) is Outcome.DONE
    assert last_report(backend, first)["training_metric"] == {"stripes": 3}
    assert engine.begun_at == [0, 2]


def test_a_task_delivered_again_goes_on_from_its_own_checkpoint(
    backend: Backend, run_with: MakeRunner, tmp_path: Path
) -> None:
    task = attempt_of(training_task(tmp_path, backend.url), 1, tmp_path)
    kept = tmp_path / "style" / "1" / CHECKPOINT
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps([[1, 2, 3]]))
    engine = Stripes()
    assert run_with(engine).run(task) is Outcome.DONE
    assert engine.begun_at == [1]


def test_a_checkpoint_that_cannot_be_kept_does_not_end_the_training(
    backend: Backend, run_with: MakeRunner, tmp_path: Path
) -> None:
    task = attempt_of(training_task(tmp_path, backend.url), 1, tmp_path)
    (tmp_path / "style" / "1").mkdir(parents=True)
    (tmp_path / "style" / "1" / "checkpoints").write_text("a file where a folder should be")
    assert run_with(Stripes()).run(task) is Outcome.DONE
    assert last_report(backend, task)["training_status"] == "completed"


def test_an_engine_without_checkpoints_keeps_none(
    backend: Backend, run_with: MakeRunner, tmp_path: Path
) -> None:
    engine = Stripes()
    engine.makes_checkpoints = False
    task = attempt_of(training_task(tmp_path, backend.url), 1, tmp_path)
    assert run_with(engine).run(task) is Outcome.DONE
    assert (tmp_path / "style" / "1" / "model.json").exists()
    assert not (tmp_path / "style" / "1" / CHECKPOINT).exists()
