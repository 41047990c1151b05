"""A worker that is told to stop (SIGTERM) in the middle of a training."""

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from protocol import TrainingTask, encode
from worker.__main__ import exit_now, main
from worker.engines.base import TrainedModel
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import MakeRunner, Quick
from worker.runner import Outcome
from worker.storage import Storage
from worker.tests.helpers import TOKEN, Backend, files_under, training_task

TAGS = [("boat",), ("sea",), ("boat", "sea"), ("tree",)]
WORKS, EPOCHS, STEPS = len(TAGS), 2, 6  # one work is held out
# In the order of a training. A number is how far it has come.
MOMENTS = (
    *("begun", "encoded 2", "step 1", "before checkpoint 2", "after checkpoint 2"),
    *("step 5", "step 6", "samples", "storing"),
)
LONGEST_LIFE = 60  # seconds


class Told(Quick):
    """Tells its own process to stop when it comes to a ``moment``, and stays there."""

    moment = ""

    def come_to(self, moment: str, check: Callable[[], None]) -> None:
        if moment == self.moment:
            os.kill(os.getpid(), signal.SIGTERM)
            _stay(check)

    def train(
        self, *arguments: Any, on_progress: Any, save_checkpoint: Any, **named: Any
    ) -> TrainedModel:
        last = (0, 1)

        def check() -> None:
            on_progress(*last)

        def note(done: int, total: int) -> None:
            nonlocal last
            last = (done, total)
            on_progress(done, total)
            # Works are counted before the steps, in tenths.
            is_encoding = total == 10 * WORKS
            self.come_to(f"encoded {done}" if is_encoding else f"step {done - WORKS}", check)

        def save(path: Path) -> None:
            step = last[0] - WORKS + 1
            self.come_to(f"before checkpoint {step}", check)
            save_checkpoint(path)
            self.come_to(f"after checkpoint {step}", check)

        self.come_to("begun", check)
        return super().train(*arguments, on_progress=note, save_checkpoint=save, **named)

    def generate(self, *arguments: Any, on_progress: Any, **named: Any) -> Any:
        self.come_to("samples", lambda: on_progress(0, 1))
        return super().generate(*arguments, on_progress=on_progress, **named)


def _stay(check: Callable[[], None]) -> NoReturn:
    """Until the job is ended from outside."""
    for _ in range(LONGEST_LIFE * 100):
        check()
        threading.Event().wait(0.01)
    raise TimeoutError("nobody ended the job")


def test_told_to_stop_at_any_moment_it_makes_the_same_file(
    sd1: Path, worker: MakeRunner, backend: Backend, tmp_path: Path
) -> None:
    """One training that is stopped at each of the moments, and goes on each time on another
    machine. Where it is being stored already, it ends."""
    for name in ("broken", "unbroken"):
        (tmp_path / name).mkdir()
    unbroken = _task(tmp_path / "unbroken", backend)
    assert worker(Quick(tiny.settings(sd1))).run(unbroken) is Outcome.DONE
    task = _task(tmp_path / "broken", backend)
    file = tmp_path / "broken" / "style" / "model.safetensors"
    for moment in MOMENTS:
        is_last = moment == MOMENTS[-1]
        ended = _end_at(moment, task, sd1, tmp_path / moment)
        assert ended == ("done" if is_last else "again", 0), moment
        assert file.exists() == is_last, moment
        assert set(backend.statuses(task)) == {"training", *(["completed"] if is_last else [])}
    assert file.read_bytes() == (tmp_path / "unbroken" / "style" / file.name).read_bytes()
    metric = backend.of(task)[-1].body["training_metric"]
    assert (metric["begun_at_step"], metric["steps"]) == (STEPS, STEPS)
    assert not [name for name in files_under(tmp_path / "broken") if name.endswith(".part")]


def _task(folder: Path, backend: Backend) -> TrainingTask:
    task = training_task(folder, backend.url, TAGS)
    return msgspec.structs.replace(
        task,
        data=msgspec.structs.replace(task.data, num_epochs=EPOCHS, sample_prompts=["boat"]),
    )


def _end_at(moment: str, task: TrainingTask, model: Path, work: Path) -> tuple[str, int | None]:
    """Give the task to a worker that is told to stop at ``moment``. What it answers, and its exit
    code."""
    (its_tasks, tasks), (answers, its_answers) = os.pipe(), os.pipe()
    arguments = ["--broker", "stdio:", "--work-dir", str(work), "--grace", "0.01"]

    def load(name: str) -> Told:
        engine = Told(tiny.settings(model))
        engine.moment = moment
        return engine

    def live() -> None:
        os.environ["INTERNAL_API_TOKEN"] = TOKEN
        os.dup2(its_tasks, 0)
        os.dup2(its_answers, 1)
        for copied in (its_tasks, tasks, answers, its_answers):
            os.close(copied)
        if moment == "storing":
            _tell_when_storing()
        exit_now(main(arguments, load=load))

    child = multiprocessing.get_context("fork").Process(target=live)
    child.start()
    os.close(its_tasks)
    os.close(its_answers)
    with os.fdopen(tasks, "wb") as given, os.fdopen(answers) as heard:
        given.write(encode(task) + b"\n")
        given.flush()
        child.join(timeout=LONGEST_LIFE)
        child.kill()
        lines = [json.loads(line) for line in heard]
    return lines[-1].get("outcome", "none"), child.exitcode


def _tell_when_storing() -> None:
    whole = Storage.store

    def store(self: Storage, path: Path, uri: str, content_type: str) -> None:
        if path.name == "model.safetensors":
            os.kill(os.getpid(), signal.SIGTERM)
        whole(self, path, uri, content_type)

    Storage.store = store  # type: ignore[method-assign]
