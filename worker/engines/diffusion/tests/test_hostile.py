"""Tasks that nobody of ours wrote: each ends in a clear failure, and the worker goes on.

What is no task at all is refused before (``protocol/tests``).
"""

import hashlib
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol import GenerationTask, TrainingTask
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import MakeRunner, Quick
from worker.runner import STORAGE_AWAY, Outcome
from worker.tests.helpers import Backend, files_under, generation_task, last_report, training_task

TAGS = [("boat",), ("sea",), ("boat", "sea"), ("tree",)]
NO_SUCH = "settings are not valid"
Task = GenerationTask | TrainingTask


@pytest.fixture(scope="module")
def quick(sd1: Path) -> Quick:
    return Quick(tiny.settings(sd1))


@pytest.fixture
def folder(tmp_path: Path, styles: dict[str, Path]) -> Path:
    """Of the artist, with a style; beside it is what is none of the task's business."""
    (tmp_path / "secret.txt").write_text("a password")
    folder = tmp_path / "media" / "artist"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(styles["ann"].read_bytes())
    return folder


@pytest.fixture
def run(worker: MakeRunner, quick: Quick, backend: Backend) -> Callable[[Task], dict[str, Any]]:
    def run(task: Task) -> dict[str, Any]:
        assert worker(quick).run(task) is Outcome.DONE
        return last_report(backend, task)

    return run


def drawing(folder: Path, backend: Backend, **changes: Any) -> GenerationTask:
    model = f"file://{folder}/model.safetensors"
    return generation_task(folder, backend.url, **{"lora_path": model, "width": 64, **changes})


def learning(folder: Path, backend: Backend, **changes: Any) -> TrainingTask:
    task = training_task(folder, backend.url, TAGS)
    return msgspec.structs.replace(task, data=msgspec.structs.replace(task.data, **changes))


class Bomb:
    """Reading it as a pickle makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 10**30}, NO_SUCH),
        ({"steps": 10**600}, NO_SUCH),
        ({"steps": -1}, NO_SUCH),
        ({"guidance": 1e300}, NO_SUCH),
        ({"guidance": "NaN"}, NO_SUCH),
        ({"scheduler": "../../scheduler"}, NO_SUCH),
        ({"negative_prompt": "x" * 10**6}, NO_SUCH),
        ({"num_inference_steps": 5}, NO_SUCH),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_picture_with_odd_settings_fails(
    run: Callable[[Task], dict[str, Any]],
    folder: Path,
    backend: Backend,
    settings: dict[str, Any],
    said: str,
) -> None:
    _see_it_fail(run(drawing(folder, backend, settings=settings)), said)
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"learning_rate": 1e300}, NO_SUCH),
        ({"learning_rate": "NaN"}, NO_SUCH),
        ({"max_steps": 10**12}, NO_SUCH),
        ({"resolution": 2**20}, NO_SUCH),
        ({"batch_size": 10**6}, NO_SUCH),
        ({"rank": 9}, "rank is 8 at most here"),
        ({"rank": 65}, NO_SUCH),
        ({"trigger": "a\x00b"}, NO_SUCH),
        ({"title": "x" * 10**6}, NO_SUCH),
        ({"keys": "../keys"}, NO_SUCH),
        ({"draw": {"steps": 10**9}}, NO_SUCH),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_training_with_odd_settings_fails(
    run: Callable[[Task], dict[str, Any]],
    folder: Path,
    backend: Backend,
    settings: dict[str, Any],
    said: str,
) -> None:
    _see_it_fail(run(learning(folder, backend, settings=settings)), said)
    assert not (folder / "style").exists()


@pytest.mark.parametrize("kind", ["out of its folder", "no style", "a picture", "a pickle"])
def test_a_picture_of_a_foreign_file_fails(
    run: Callable[[Task], dict[str, Any]],
    folder: Path,
    backend: Backend,
    tmp_path: Path,
    kind: str,
) -> None:
    work = learning(folder, backend).data.image_paths[0]
    bomb, mark = tmp_path / "model.safetensors", tmp_path / "mark"
    bomb.write_bytes(pickle.dumps(Bomb(mark)))
    told = run(
        drawing(
            folder,
            backend,
            lora_path={
                "out of its folder": f"file://{folder}/../artist/model.safetensors",
                "no style": f"file://{tmp_path}/secret.txt",
                "a picture": work,
                "a pickle": f"file://{bomb}",
            }[kind],
        )
    )
    _see_it_fail(told, STORAGE_AWAY if kind == "out of its folder" else "style's file is damaged")
    assert not mark.exists()
    assert not (folder / "out").exists()


def test_nothing_is_written_out_of_the_folder(
    run: Callable[[Task], dict[str, Any]], folder: Path, backend: Backend, tmp_path: Path
) -> None:
    written = f"file://{folder}/out/%2e%2e/%2e%2e/../escaped"
    tasks = [
        drawing(folder, backend, output_path=f"file://{folder}/out/../../../escaped"),
        drawing(folder, backend, output_path=written),
        learning(folder, backend, output_path=written),
    ]
    before = list(files_under(tmp_path / "media"))
    for task in tasks:
        _see_it_fail(run(task), STORAGE_AWAY)
    assert list(files_under(tmp_path / "media")) == before
    assert not any("escaped" in str(path) for path in tmp_path.rglob("*"))


def test_a_training_on_a_foreign_file_fails(
    run: Callable[[Task], dict[str, Any]], folder: Path, backend: Backend, tmp_path: Path
) -> None:
    task = learning(folder, backend)
    foreign = [f"file://{tmp_path}/secret.txt", *task.data.image_paths[1:]]
    told = run(learning(folder, backend, image_paths=foreign))
    _see_it_fail(told, "Artwork 1 cannot be read")
    outside = [f"file://{folder}/../../secret.txt", *task.data.image_paths[1:]]
    _see_it_fail(run(learning(folder, backend, image_paths=outside)), STORAGE_AWAY)


def test_more_epochs_than_steps_are_as_many_as_there_are_steps(
    run: Callable[[Task], dict[str, Any]], folder: Path, backend: Backend
) -> None:
    """Each epoch has a step, so that ten thousand of them would be ten thousand steps."""
    told = run(learning(folder, backend, num_epochs=10_000, settings={"max_steps": 3}))
    assert told["training_status"] == "completed", told
    assert (told["training_metric"]["epochs"], told["training_metric"]["steps"]) == (3, 3)


def test_odd_words_are_drawn_and_the_worker_goes_on(
    run: Callable[[Task], dict[str, Any]], folder: Path, backend: Backend
) -> None:
    """A million letters, and letters that XML and C have no place for."""
    digests = []
    for prompt in ("boat", "x " * 500_000, "a\x00b\x1b[31m & <b> \uffff", "boat"):
        told = run(drawing(folder, backend, prompt=prompt))
        assert told["status"] == "completed", told
        picture = (folder / "out" / "image.png").read_bytes()
        digests.append(hashlib.sha256(picture).hexdigest())
    assert digests[0] == digests[-1]
    assert len(set(digests)) == 3


def _see_it_fail(told: dict[str, Any], said: str) -> None:
    """For good, in words that name no place on this machine."""
    assert (told.get("status") or told["training_status"]) == "failed", told
    assert said in told["failure_reason"]
    assert not told.get("retryable")
    assert not re.search(r"/\w+/", told["failure_reason"])
    assert "password" not in told["failure_reason"]
