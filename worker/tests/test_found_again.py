"""A picture carries its mark, is reported with its fingerprints, and is no copy of a work."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image, ImageOps

from protocol import TOO_NEAR, GenerationTask, TrainingTask
from provenance.bits import distance
from provenance.features import signs
from provenance.fingerprints import pdq
from provenance.mark import MARKER
from provenance.nearness import Works
from provenance.tests.pictures import FOLDER, photographs
from worker.engines.base import EngineError
from worker.jobs import Workshop
from worker.reports import ReportClient
from worker.runner import STORAGE_AWAY, JobRunner, Outcome
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage, StorageError
from worker.tests.helpers import (
    Backend,
    GateEngine,
    files_under,
    generation_task,
    last_report,
    training_task,
)
from worker.tests.test_signed_pictures import licensed_task, sign
from worker.workdir import WorkDir

pytestmark = pytest.mark.slow

MakeRunner = Callable[..., JobRunner]
WORKS = ("astronaut.png", "coffee.png")


class CopyingEngine(GateEngine):
    """Draws the photograph that the prompt names, mirrored."""

    def generate(self, model: Path, prompt: Sequence[str], **rest: Any) -> Image.Image:
        if prompt[0] not in photographs():
            raise EngineError("There is no such photograph.")
        return ImageOps.fit(ImageOps.mirror(photographs()[prompt[0]]), rest["size"])


@pytest.fixture
def engine() -> GateEngine:
    return CopyingEngine()


def trained(
    folder: Path, backend: Backend, runner: JobRunner, tags: Sequence[str] = ("one", "two")
) -> TrainingTask:
    task = training_task(folder, backend.url, [[tag] for tag in tags])
    paths = [f"file://{FOLDER / name}" for name in WORKS]
    task = replace_data(task, image_paths=paths)
    assert runner.run(task) is Outcome.DONE
    return task


def replace_data(task: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(task, data=msgspec.structs.replace(task.data, **changes))


def ordered(folder: Path, backend: Backend, prompt: str, **changes: Any) -> GenerationTask:
    model = f"file://{folder}/style/model.npz"
    size = {"width": 512, "height": 512}
    return generation_task(folder, backend.url, prompt, lora_path=model, **size, **changes)


def test_a_licensed_picture_carries_its_mark_and_is_reported_with_its_fingerprints(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    backend.answer_asked = sign
    task = licensed_task(tmp_path, backend, prompt="rocket.jpg")
    task = replace_data(task, width=512, height=512)

    assert make_runner().run(task) is Outcome.DONE

    report = last_report(backend, task)
    with Image.open(tmp_path / "out" / "image.png") as image:
        found = MARKER.detect(image)
        assert found is not None
        assert found.mark_id == task.data.licence.mark_id
        assert report["pdq"] == pdq(image).hex()
        assert base64.b64decode(report["features"]) == signs(image)
    with Image.open(tmp_path / "out" / "preview-w320.webp") as preview:
        smaller = MARKER.detect(preview)
        assert smaller is not None
        assert smaller.mark_id == task.data.licence.mark_id


def test_a_picture_without_a_licence_is_neither_marked_nor_fingerprinted(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    task = generation_task(tmp_path, backend.url, "rocket.jpg", width=512, height=512)
    assert make_runner().run(task) is Outcome.DONE
    report = last_report(backend, task)
    assert not {"pdq", "features", "nearness"} & set(report)
    with Image.open(tmp_path / "out" / "image.png") as image:
        assert MARKER.detect(image) is None


def test_what_is_kept_of_the_works_lies_beside_the_model(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    trained(tmp_path, backend, make_runner())
    assert list(files_under(tmp_path / "style")) == ["model.npz", "works.npz"]
    works = Works.read((tmp_path / "style" / "works.npz").read_bytes())
    assert len(works.fingerprints) == len(WORKS)


def test_a_training_is_reported_with_how_near_its_pictures_are_to_its_works(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    task = trained(tmp_path, backend, make_runner(), tags=("rocket.jpg", "coffee.png"))
    report = last_report(backend, task)["memorisation"]
    other, copy = report["pictures"]
    assert (report["copies"], report["nearest"]) == (1, 1)
    assert (copy["work"], copy["likeness"] > copy["bound"]) == (1, True)
    assert (other["bits"] > 70, other["likeness"] < other["bound"]) == (True, True)
    assert report["image_path"] == f"file://{tmp_path}/style/nearest.webp"
    with Image.open(tmp_path / "style" / "nearest.webp") as nearest:
        assert nearest.size == (256, 256)
        assert distance(pdq(nearest), pdq(ImageOps.mirror(photographs()["coffee.png"]))) < 40


def test_a_model_that_cannot_draw_its_own_tags_is_trained_all_the_same(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    task = trained(tmp_path, backend, make_runner())
    assert "memorisation" not in last_report(backend, task)


def test_a_copy_of_a_work_is_not_delivered(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    trained(tmp_path, backend, make_runner())
    task = ordered(tmp_path, backend, "coffee.png")
    assert make_runner().run(task) is Outcome.DONE
    report = last_report(backend, task)
    assert report["status"] == "failed"
    assert report["failure_reason"] == TOO_NEAR
    assert "retryable" not in report  # it would come out the same
    assert report["nearness"]["work"] == WORKS.index("coffee.png")
    assert not (tmp_path / "out").exists()


def test_another_picture_is_delivered_with_how_near_it_is(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    trained(tmp_path, backend, make_runner())
    task = ordered(tmp_path, backend, "rocket.jpg")
    assert make_runner().run(task) is Outcome.DONE
    report = last_report(backend, task)
    assert report["status"] == "completed"
    assert report["nearness"]["bits"] > 70
    assert report["nearness"]["likeness"] < report["nearness"]["bound"]


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_style_of_which_nothing_is_kept_is_still_painted(
    content: bytes | None, tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    trained(tmp_path, backend, make_runner())
    works = tmp_path / "style" / "works.npz"
    works.unlink()
    if content is not None:
        works.write_bytes(content)
    task = ordered(tmp_path, backend, "coffee.png")
    assert make_runner().run(task) is Outcome.DONE
    report = last_report(backend, task)
    assert report["status"] == "completed"
    assert "nearness" not in report


def test_while_the_works_cannot_be_fetched_nothing_is_painted(
    tmp_path: Path,
    backend: Backend,
    engine: GateEngine,
    reports: ReportClient,
    signatures: SignatureClient,
    work: WorkDir,
    stop: Any,
) -> None:
    """A storage that fails is not one that has no works."""

    class Failing(FileCache):
        def fetch(self, uri: str) -> Path:
            if uri.endswith("works.npz"):
                raise StorageError("cannot read it") from OSError("connection reset")
            return super().fetch(uri)

    storage = Storage()
    shop = Workshop(engine, storage, Failing(storage, work.models), signatures)
    runner = JobRunner(shop, reports, work, stop=stop, job_timeout=10.0, grace=5.0)
    task = generation_task(tmp_path, backend.url, "rocket.jpg")
    assert runner.run(task) is Outcome.DONE
    report = last_report(backend, task)
    assert (report["failure_reason"], report["retryable"]) == (STORAGE_AWAY, True)
