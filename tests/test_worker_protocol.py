"""What docs/protocol.md asks of a worker, asked of the project's own and of the example."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol import GenerationTask, TrainingTask, encode
from protocol.messages import QUEUES, dead_queue_name
from tests.examples import Example
from tests.gates import GatedFile
from worker.tests.helpers import (
    TOKEN,
    Backend,
    files_under,
    generation_task,
    training_task,
    wait_until,
)
from worker.tests.helpers_broker import Queues
from worker.tests.helpers_process import WorkerProcess

pytestmark = pytest.mark.slow

TRAININGS, DRAWINGS = QUEUES
NO_TASKS = [b"\x00 not JSON", b'{"type": "image_upscaling"}', b'{"type": "image_generation"}', b"7"]


Start = Callable[[], None]
StartExample = Callable[..., Example]


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.stop()


@pytest.fixture
def queues(amqp_url: str) -> Iterator[Queues]:
    queues = Queues(amqp_url)
    yield queues
    queues.close()


@pytest.fixture
def start_example(tmp_path: Path, queues: Queues) -> Iterator[StartExample]:
    started: list[Example] = []

    def start(url: str = queues.url) -> Example:
        started.append(Example(tmp_path, url))
        return started[-1]

    yield start
    for example in started:
        example.kill()


@pytest.fixture(params=["ours", "example"])
def start(
    request: pytest.FixtureRequest, tmp_path: Path, queues: Queues, start_example: StartExample
) -> Iterator[Start]:
    """Start a worker that serves both queues."""
    ours: list[WorkerProcess] = []

    def start_ours() -> None:
        arguments = ("--broker", queues.url)
        ours.append(WorkerProcess(tmp_path / "ours", *arguments))

    def start_theirs() -> None:
        start_example()

    yield start_ours if request.param == "ours" else start_theirs
    for worker in ours:
        worker.kill()


def drawing(folder: Path, backend: Backend, **changes: Any) -> GenerationTask:
    """A task whose model either worker can use."""
    model = folder / "model.json"
    if not model.exists():
        model.write_text("[[200, 40, 40], [40, 40, 200]]")
    return generation_task(folder, backend.url, lora_path=f"file://{model}", **changes)


def with_later_fields(task: GenerationTask | TrainingTask) -> bytes:
    """The same task as a later version of the protocol may say it."""
    told = json.loads(encode(task))
    told["data"] |= {"rights": {"commercial": True}, "later": None}
    return json.dumps({**told, "priority": 5, "sent_at": "2031-01-01T00:00:00Z"}).encode()


def assert_all_settled(queues: Queues) -> None:
    """Every message is acknowledged: what was not would come back once its worker is gone."""
    wait_until(lambda: [queues.waiting(queue) for queue in QUEUES] == [0, 0])


class TestAnyWorker:
    def test_fields_that_it_does_not_know_are_ignored(
        self, tmp_path: Path, backend: Backend, queues: Queues, start: Start
    ) -> None:
        tasks = [drawing(tmp_path, backend), training_task(tmp_path, backend.url)]
        for queue, task in zip((DRAWINGS, TRAININGS), tasks, strict=True):
            queues.publish_bytes(queue, with_later_fields(task))
        start()
        for task in tasks:
            wait_until(lambda task=task: "completed" in backend.statuses(task))

    def test_reports_carry_token_and_request_id(
        self, tmp_path: Path, backend: Backend, queues: Queues, start: Start
    ) -> None:
        task = drawing(tmp_path, backend)
        queues.publish(task)
        start()
        wait_until(lambda: "completed" in backend.statuses(task))
        first = backend.of(task)[0]
        assert first.status == "processing"
        given = {name.lower(): value for name, value in first.headers.items()}
        assert given["authorization"] == f"Bearer {TOKEN}"
        assert given["x-request-id"] == task.request_id

    def test_what_is_no_task_becomes_a_dead_letter_and_harms_no_neighbour(
        self, tmp_path: Path, backend: Backend, queues: Queues, start: Start
    ) -> None:
        for body in NO_TASKS:
            queues.publish_bytes(DRAWINGS, body)
        task = drawing(tmp_path, backend)
        queues.publish(task)
        start()
        wait_until(lambda: "completed" in backend.statuses(task))
        dead = dead_queue_name(DRAWINGS)
        wait_until(lambda: queues.waiting(dead) == len(NO_TASKS), "the dead letters")
        assert [queues.take(dead) for _ in NO_TASKS] == NO_TASKS

    @pytest.mark.parametrize("status", [404, 409])
    def test_a_job_that_is_not_its_own_is_left_alone(
        self, tmp_path: Path, backend: Backend, queues: Queues, start: Start, status: int
    ) -> None:
        canceled = drawing(tmp_path, backend, output_path=f"file://{tmp_path}/canceled")
        after = drawing(tmp_path, backend)
        is_canceled = str(canceled.task_id)
        backend.answer = lambda report: status if report.body["task_id"] == is_canceled else 200
        queues.publish(canceled, after)
        start()
        wait_until(lambda: "completed" in backend.statuses(after))
        assert backend.statuses(canceled) == ["processing"]
        assert list(files_under(tmp_path / "canceled")) == []
        assert queues.waiting(dead_queue_name(DRAWINGS)) == 0

    def test_an_outcome_is_told_until_it_is_heard(
        self, tmp_path: Path, backend: Backend, queues: Queues, start: Start
    ) -> None:
        task = drawing(tmp_path, backend)
        answers = [503, 500]
        backend.answer = lambda report: (
            answers.pop() if report.status == "completed" and answers else 200
        )
        queues.publish(task)
        start()
        wait_until(lambda: backend.statuses(task).count("completed") == 3)
        told = {json.dumps(each.body) for each in backend.of(task) if each.status == "completed"}
        assert len(told) == 1

    def test_a_report_that_is_refused_makes_a_dead_letter(
        self, tmp_path: Path, backend: Backend, queues: Queues, start: Start
    ) -> None:
        backend.answer = lambda report: 400 if report.status == "completed" else 200
        task = drawing(tmp_path, backend)
        queues.publish(task)
        start()
        dead = dead_queue_name(DRAWINGS)
        wait_until(lambda: queues.waiting(dead) == 1, "the dead letter")
        assert queues.take(dead) == encode(task)

    def test_files_that_are_away_make_a_failure_that_may_be_tried_again(
        self, tmp_path: Path, backend: Backend, queues: Queues, start: Start
    ) -> None:
        task = generation_task(tmp_path, backend.url, lora_path=f"file://{tmp_path}/none.npz")
        queues.publish(task)
        start()
        wait_until(lambda: "failed" in backend.statuses(task))
        failed = backend.of(task)[-1].body
        assert failed["retryable"] is True
        assert str(tmp_path) not in failed["failure_reason"]


class TestTheExample:
    def test_heartbeats_are_answered_during_a_long_job(
        self, tmp_path: Path, backend: Backend, queues: Queues, start_example: StartExample
    ) -> None:
        """RabbitMQ ends a connection that is silent for two heartbeats."""
        task = drawing(tmp_path, backend)
        gate = GatedFile(tmp_path / "model.json")
        queues.publish(task)
        example = start_example(url=f"{queues.url}?heartbeat=2")
        gate.wait_for_reader()
        assert not threading.Event().wait(8)
        gate.open()
        wait_until(lambda: "completed" in backend.statuses(task))
        example.terminate()
        assert example.exit_code() == 0, example.log()
        # It came once, and is settled.
        assert backend.statuses(task).count("completed") == 1
        assert_all_settled(queues)

    def test_told_to_stop_it_finishes_its_job_and_leaves_the_next(
        self, tmp_path: Path, backend: Backend, queues: Queues, start_example: StartExample
    ) -> None:
        task, other = drawing(tmp_path, backend), drawing(tmp_path, backend)
        gate = GatedFile(tmp_path / "model.json")
        queues.publish(task, other)
        example = start_example()
        gate.wait_for_reader()
        example.terminate()
        gate.open()
        assert example.exit_code() == 0, example.log()
        assert backend.statuses(task)[-1] == "completed"
        wait_until(lambda: queues.waiting(DRAWINGS) == 1, "the return of the other message")
        assert backend.statuses(other) == []

    def test_told_to_stop_while_nobody_listens_it_hands_the_message_back(
        self, tmp_path: Path, backend: Backend, queues: Queues, start_example: StartExample
    ) -> None:
        task = drawing(tmp_path, backend)
        backend.answer = lambda report: 503 if report.status == "completed" else 200
        queues.publish(task)
        example = start_example()
        wait_until(lambda: "completed" in backend.statuses(task))
        example.terminate()
        assert example.exit_code() == 0, example.log()
        wait_until(lambda: queues.waiting(DRAWINGS) == 1, "the message's return")
        backend.answer = lambda report: 200
        backend.reports.clear()
        start_example()
        wait_until(lambda: "completed" in backend.statuses(task))

    def test_a_task_with_an_address_that_is_none_becomes_a_dead_letter(
        self, tmp_path: Path, backend: Backend, queues: Queues, start_example: StartExample
    ) -> None:
        task = drawing(tmp_path, backend)
        body = json.dumps({**json.loads(encode(task)), "webhook_url": "nowhere"}).encode()
        queues.publish_bytes(DRAWINGS, body)
        start_example()
        dead = dead_queue_name(DRAWINGS)
        wait_until(lambda: queues.waiting(dead) == 1, "the dead letter")
