import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from protocol import Task
from worker.settings import Settings, SettingsError, read_settings
from worker.tests.helpers import (
    TOKEN,
    Backend,
    files_under,
    generation_task,
    training_task,
    wait_until,
)
from worker.tests.helpers_process import ROOT, WorkerProcess

pytestmark = pytest.mark.slow

StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    started: list[WorkerProcess] = []

    def start(*arguments: str, **options: Any) -> WorkerProcess:
        worker = WorkerProcess(tmp_path / "worker", "--broker", "stdio:", *arguments, **options)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()


def settled(task: Task, outcome: str) -> dict[str, Any]:
    return {"task_id": str(task.task_id), "attempt": task.attempt, "outcome": outcome}


READY = {"ready": True, "engine": "gate"}


def test_tasks_are_answered_in_turn_and_output_is_theirs_alone(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    worker = start_worker()
    assert worker.line() == READY
    drawn = generation_task(tmp_path, backend.url, prompt="print")
    trained = training_task(tmp_path, backend.url)
    worker.give(drawn, b'{"type": "poison"}', b"\xff\xfe not JSON", b"", trained)
    assert worker.line() == settled(drawn, "done")
    poison = {"task_id": None, "attempt": None, "outcome": "reject"}
    assert [worker.line(), worker.line()] == [poison, poison]
    assert worker.line() == settled(trained, "done")
    worker.close_input()
    assert worker.exit_code() == 0
    assert worker.rest_of_output() == []
    assert worker.log().count("library says hello") == 3
    assert backend.statuses(drawn)[-1] == backend.statuses(trained)[-1] == "completed"
    begun = next(line for line in worker.log().splitlines() if "task_begun" in line)
    logged = json.loads(begun)
    assert logged["task_id"] == str(drawn.task_id)
    assert (logged["attempt"], logged["request_id"]) == (1, "req-1")
    assert TOKEN not in worker.log()


def test_end_of_input_lets_the_job_finish(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    worker = start_worker()
    task = generation_task(tmp_path, backend.url, prompt="wait")
    worker.give(task)
    worker.close_input()
    assert worker.line() == READY
    wait_until(lambda: backend.of(task), "the job's start")
    worker.gate.touch()
    assert worker.line() == settled(task, "done")
    assert worker.exit_code() == 0


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_the_job_finish_and_hands_the_next_back(
    tmp_path: Path, backend: Backend, start_worker: StartWorker, stop_signal: signal.Signals
) -> None:
    worker = start_worker()
    running = generation_task(tmp_path, backend.url, prompt="wait")
    waiting = generation_task(tmp_path, backend.url)
    assert worker.line() == READY
    worker.give(running, waiting)
    wait_until(lambda: backend.of(running), "the job's start")
    worker.process.send_signal(stop_signal)
    wait_until(lambda: "worker_stopping" in worker.events(), "the signal's arrival")
    worker.gate.touch()
    assert worker.line() == settled(running, "done")
    assert worker.line() == settled(waiting, "again")
    assert worker.exit_code() == 0
    assert backend.of(waiting) == []


def test_signal_hands_a_long_job_back(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    worker = start_worker("--grace", "0.1")
    task = generation_task(tmp_path, backend.url, prompt="wait")
    assert worker.line() == READY
    worker.give(task)
    wait_until(lambda: backend.of(task), "the job's start")
    worker.terminate()
    assert worker.line() == settled(task, "again")
    assert worker.exit_code() == 0
    assert set(backend.statuses(task)) == {"processing"}
    assert not (tmp_path / "out").exists()


def test_idle_worker_stops_at_once(start_worker: StartWorker) -> None:
    worker = start_worker()
    assert worker.line() == READY
    worker.terminate()
    assert worker.exit_code() == 0


def test_stuck_engine_is_reported_and_the_process_ends_with_its_own_code(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    worker = start_worker("--job-timeout", "0.3")
    stuck = generation_task(tmp_path, backend.url, prompt="stuck")
    next_one = generation_task(tmp_path, backend.url)
    assert worker.line() == READY
    worker.give(stuck, next_one)
    assert worker.line() == settled(stuck, "done")
    assert worker.line() == settled(next_one, "again")
    assert worker.exit_code() == 3
    report = backend.of(stuck)[-1].body
    assert (report["status"], report["retryable"]) == ("failed", True)


def test_killed_worker_leaves_nothing_and_its_successor_does_the_job(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    worker = start_worker()
    task = generation_task(tmp_path, backend.url, prompt="wait")
    worker.give(task)
    wait_until(lambda: backend.of(task), "the job's start")
    wait_until(lambda: list((worker.work_dir / "jobs").iterdir()), "the job's folder")
    worker.kill()
    assert not (tmp_path / "out").exists()

    worker.gate.touch()
    successor = start_worker()
    assert successor.line() == READY
    assert list((worker.work_dir / "jobs").iterdir()) == []
    successor.give(task)
    assert successor.line() == settled(task, "done")
    assert backend.statuses(task)[-1] == "completed"
    assert list(files_under(tmp_path / "out")) == ["image.png", "preview-w320.webp"]


def test_report_outlives_the_worker(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    """The backend goes away, the worker is killed with its report: the next one delivers it."""
    worker = start_worker()
    assert worker.line() == READY
    task = generation_task(tmp_path, backend.url, prompt="wait")
    worker.give(task)
    wait_until(lambda: backend.of(task), "the job's start")
    backend.stop()
    worker.gate.touch()
    kept = worker.work_dir / "reports"
    wait_until(lambda: list(kept.glob("*.json")), "the kept report")
    worker.kill()

    backend.start()
    successor = start_worker()
    assert successor.line() == READY
    wait_until(lambda: backend.statuses(task)[-1:] == ["completed"], "the delivery")
    runs = len(backend.reports)
    successor.give(task)
    assert successor.line() == settled(task, "done")
    assert len(backend.reports) == runs


def test_worker_ends_when_its_parent_is_gone(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    worker = start_worker(listen=False)
    task = generation_task(tmp_path, backend.url, prompt="wait")
    worker.give(task)
    wait_until(lambda: backend.of(task), "the job's start")
    worker.close_input()
    assert worker.process.stdout is not None
    worker.process.stdout.close()
    worker.gate.touch()
    assert worker.exit_code() == 0
    assert backend.statuses(task)[-1] == "completed"


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        ((), {"INTERNAL_API_TOKEN": ""}, "INTERNAL_API_TOKEN"),
        (("--engine", "watercolour"), {}, "watercolour"),
        (("--work-dir", "/dev/null/x"), {"WORKER_ENGINE": "stylenet"}, "/dev/null/x"),
    ],
)
def test_worker_that_cannot_start_says_why_in_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], named: str
) -> None:
    worker = WorkerProcess(
        tmp_path / "worker",
        "--broker",
        "stdio:",
        *arguments,
        module="worker",
        environment=environment,
    )
    try:
        assert worker.exit_code() == 2
        assert worker.rest_of_output() == []
        (sentence,) = worker.log().splitlines()
        assert named in sentence
        assert sentence.endswith(".")
    finally:
        worker.kill()


class TestSettings:
    @pytest.mark.parametrize(
        ("arguments", "token", "named"),
        [
            ("--broker stdio:", "", "INTERNAL_API_TOKEN"),
            ("--broker stdio:", "two words", "INTERNAL_API_TOKEN"),
            ("", TOKEN, "--broker"),
            ("--broker redis://127.0.0.1", TOKEN, "--broker"),
            ("--broker stdio: --queues image_generation,images", TOKEN, "--queues"),
            ("--broker stdio: --backend ftp://127.0.0.1", TOKEN, "--backend"),
            ("--broker stdio: --engine dead", TOKEN, "--engine"),
            ("--broker stdio: --engine a.b", TOKEN, "--engine"),
            ("--broker stdio: --queues ,", TOKEN, "--queues"),
            ("--broker amqp://localhost --concurrency 0", TOKEN, "--concurrency"),
            ("--broker stdio: --concurrency 2", TOKEN, "concurrency"),
            ("--broker stdio: --job-timeout soon", TOKEN, "--job-timeout"),
            ("--broker stdio: --job-timeout nan", TOKEN, "--job-timeout"),
            ("--broker stdio: --grace -1", TOKEN, "--grace"),
            ("--broker stdio: --unknown", TOKEN, "--unknown"),
        ],
    )
    def test_what_is_wrong_is_named(self, arguments: str, token: str, named: str) -> None:
        with pytest.raises(SettingsError) as caught:
            read_settings(arguments.split(), {"INTERNAL_API_TOKEN": token})
        sentence = str(caught.value)
        assert named in sentence
        assert sentence.endswith(".")

    def test_environment_is_read_and_the_command_line_goes_first(self) -> None:
        environment = {
            "AMQP_URL": "amqp://user:hunter2@broker/",
            "WORKER_ENGINE": "diffusion",
            "WORKER_QUEUES": "model_training",
            "WORKER_CONCURRENCY": "3",
            "WORKER_DIR": "/srv/worker",
            "WORKER_JOB_TIMEOUT": "60",
            "WORKER_GRACE": "1.5",
            "INTERNAL_API_TOKEN": TOKEN,
            "S3_ENDPOINT_URL": "http://127.0.0.1:9000",
        }
        settings = read_settings(["--engine", "stylenet"], environment)
        assert settings == Settings(
            broker="amqp://user:hunter2@broker/",
            engine="stylenet",
            queues=("model_training",),
            concurrency=3,
            work_dir=Path("/srv/worker"),
            job_timeout=60.0,
            grace=1.5,
            token=TOKEN,
            s3_endpoint_url="http://127.0.0.1:9000",
        )
        assert read_settings([], environment).queues == ("model_training.diffusion",)
        assert "hunter2" not in repr(settings)
        assert TOKEN not in repr(settings)
        assert (
            read_settings([], {**environment, "WORKER_BROKER": "amqps://b/"}).broker == "amqps://b/"
        )


def test_help_names_the_options() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "worker", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    for option in ("--broker", "--engine", "--queues", "--concurrency", "--job-timeout"):
        assert option in shown.stdout


def test_real_engine_trains_a_style_and_draws_with_it(
    tmp_path: Path, backend: Backend, start_worker: StartWorker
) -> None:
    random = np.random.default_rng(1)
    task = training_task(tmp_path, backend.url, tags=[["sea", "boat"]] * 2 + [["sky"]] * 2)
    for uri in task.data.image_paths:
        pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((256, 256)).save(uri.removeprefix("file://"))
    worker = start_worker("--engine", "stylenet", module="worker")
    assert worker.line() == {"ready": True, "engine": "stylenet"}
    worker.give(task)
    assert worker.line() == settled(task, "done")
    trained = backend.of(task)[-1].body
    assert trained["training_status"] == "completed", trained
    assert trained["training_metric"]

    drawing = generation_task(
        tmp_path, backend.url, prompt="sea", lora_path=trained["model_path"], width=512, height=512
    )
    worker.give(drawing)
    assert worker.line() == settled(drawing, "done")
    drawn = backend.of(drawing)[-1].body
    assert drawn["status"] == "completed", drawn
    assert drawn["metadata"]["engine"] == "stylenet"
    picture = Image.open(tmp_path / "out/image.png")
    assert picture.size == (512, 512)
    assert len(picture.getcolors(512 * 512) or []) > 1000
