"""What examples/worker.py makes of a backend's answers, and what it tells one."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pika
import pytest
from PIL import Image

from protocol import Task, decode_generation_report, decode_training_report, encode
from tests.system import PROJECT
from worker.tests.helpers import TOKEN, Backend, Received, generation_task, training_task

pytestmark = pytest.mark.slow


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "example_worker", PROJECT / "examples" / "worker.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("INTERNAL_API_TOKEN", TOKEN)
    return module


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.stop()


def picture_task(folder: Path, backend: Backend) -> Task:
    (folder / "model.npz").write_text("[[200, 30, 30], [30, 30, 200]]")
    return generation_task(folder, backend.url, width=512, height=512)


def test_both_jobs_are_told_of_step_by_step_in_reports_of_the_protocol(
    tmp_path: Path, backend: Backend, example: ModuleType
) -> None:
    tasks = [training_task(tmp_path, backend.url), picture_task(tmp_path, backend)]
    for task, decode in zip(tasks, (decode_training_report, decode_generation_report), strict=True):
        assert example.work_on(encode(task)) == "ack"
        reports = backend.of(task)
        for report in reports:
            decode(json.dumps(report.body).encode())
            assert report.headers["Authorization"] == f"Bearer {TOKEN}"
            headers = {name.lower(): value for name, value in report.headers.items()}
            assert headers["x-request-id"] == task.request_id
        shares = [r.body["progress"]["progress_percent"] for r in reports[:-1]]
        assert shares[0] == 0
        assert shares == sorted(set(shares))
        assert len(shares) >= 3
        assert reports[-1].status == "completed"


def test_fields_of_later_versions_do_it_no_harm(
    tmp_path: Path, backend: Backend, example: ModuleType
) -> None:
    for task in (training_task(tmp_path, backend.url), picture_task(tmp_path, backend)):
        later = json.loads(encode(task))
        later["priority"] = {"of": [1]}
        later["data"]["licence_number"] = "SL-1"
        assert example.work_on(json.dumps(later).encode()) == "ack"
        assert backend.statuses(task)[-1] == "completed"


def test_without_a_signature_the_artist_s_name_is_written(
    tmp_path: Path, backend: Backend, example: ModuleType
) -> None:
    assert example.work_on(encode(picture_task(tmp_path, backend))) == "ack"
    with Image.open(tmp_path / "out" / "image.png") as image:
        corner = image.convert("RGB").crop((400, 490, 512, 512))
    assert (255, 255, 255) in {colour for _, colour in corner.getcolors(512 * 512) or []}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(404, "ack"), (409, "ack"), (400, "reject"), (413, "reject"), (403, "stop")],
)
def test_an_answer_that_ends_the_job_is_heeded_at_once(
    tmp_path: Path, backend: Backend, example: ModuleType, status: int, verdict: str
) -> None:
    backend.answer = lambda report: status
    task = picture_task(tmp_path, backend)
    assert example.work_on(encode(task)) == verdict
    assert len(backend.of(task)) == 1
    assert not (tmp_path / "out").exists()


def test_a_report_is_repeated_until_the_backend_is_back(
    tmp_path: Path, backend: Backend, example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example.time, "sleep", lambda seconds: None)

    def answer(report: Received) -> int:
        heard = [r for r in backend.reports if r.body == report.body]
        return 200 if len(heard) > 2 else 503

    backend.answer = answer
    task = picture_task(tmp_path, backend)
    assert example.work_on(encode(task)) == "ack"
    assert backend.statuses(task).count("completed") == 3


@pytest.mark.parametrize(("model", "retryable"), [(None, True), ("no colours", False)])
def test_what_it_cannot_do_is_reported_as_failed(
    tmp_path: Path, backend: Backend, example: ModuleType, model: str | None, retryable: bool
) -> None:
    task = picture_task(tmp_path, backend)
    file = tmp_path / "model.npz"
    file.unlink() if model is None else file.write_text(model)
    assert example.work_on(encode(task)) == "ack"
    last: dict[str, Any] = backend.of(task)[-1].body
    assert last["status"] == "failed"
    assert last["failure_reason"]
    assert last["retryable"] is retryable


def started(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, PROJECT / "examples" / "worker.py"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_wrong_environment_is_a_sentence_and_no_stack_trace(amqp_url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        for queue in ("image_generation", "model_training"):
            channel.queue_delete(queue)
    for environment, said in (
        ({}, "Set AMQP_URL and INTERNAL_API_TOKEN"),
        ({"AMQP_URL": amqp_url}, "Set INTERNAL_API_TOKEN"),
        ({"AMQP_URL": "amqp://127.0.0.1:1/", "INTERNAL_API_TOKEN": TOKEN}, "No connection"),
        ({"AMQP_URL": "nonsense", "INTERNAL_API_TOKEN": TOKEN}, "begins with amqp://"),
        ({"AMQP_URL": amqp_url, "INTERNAL_API_TOKEN": TOKEN}, "The backend makes the queues"),
    ):
        answer = started(**environment)
        assert answer.returncode == 1
        assert said in answer.stderr
        assert "Traceback" not in answer.stderr
