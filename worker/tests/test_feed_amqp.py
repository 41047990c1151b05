import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol import encode
from protocol.messages import dead_queue_name
from worker.feeds.amqp import AmqpFeed
from worker.runner import JobRunner
from worker.tests.helpers import Backend, GateEngine, generation_task, training_task, wait_until
from worker.tests.helpers_broker import CuttableProxy, Queues
from worker.tests.helpers_process import WorkerProcess

pytestmark = pytest.mark.slow

BOTH = ("model_training", "image_generation")
DRAWINGS = "image_generation"

MakeRunner = Callable[..., JobRunner]
StartFeed = Callable[..., threading.Thread]
StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def queues(amqp_url: str) -> Iterator[Queues]:
    queues = Queues(amqp_url)
    yield queues
    queues.close()


@pytest.fixture
def start_feed(
    queues: Queues, make_runner: MakeRunner, engine: GateEngine, stop: threading.Event
) -> Iterator[StartFeed]:
    """Serve the queues in a thread of this process."""
    threads: list[threading.Thread] = []

    def start(url: str = queues.url, names: tuple[str, ...] = BOTH) -> threading.Thread:
        feed = AmqpFeed(url, names, make_runner(grace=2), stop)
        thread = threading.Thread(target=feed.serve)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    engine.gate = lambda: True
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def start_worker(tmp_path: Path, queues: Queues) -> Iterator[StartWorker]:
    """Serve the queues in a process."""
    started: list[WorkerProcess] = []

    def start(*arguments: str, **options: Any) -> WorkerProcess:
        worker = WorkerProcess(tmp_path / "worker", "--broker", queues.url, *arguments, **options)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()


def test_tasks_of_all_queues_are_done_and_acknowledged(
    tmp_path: Path, backend: Backend, queues: Queues, start_feed: StartFeed, stop: threading.Event
) -> None:
    waiting = [generation_task(tmp_path, backend.url), training_task(tmp_path, backend.url)]
    queues.publish(*waiting)
    thread = start_feed()
    wait_until(lambda: all("completed" in backend.statuses(task) for task in waiting))
    late = [training_task(tmp_path, backend.url), generation_task(tmp_path, backend.url)]
    queues.publish(*late)
    wait_until(lambda: all("completed" in backend.statuses(task) for task in late))
    stop.set()
    thread.join(10)
    # With the connection gone, whatever was not acknowledged would be ready again.
    assert [queues.waiting(name) for name in BOTH] == [0, 0]


def test_poison_is_dead_lettered_and_harms_no_neighbour(
    tmp_path: Path, backend: Backend, queues: Queues, start_feed: StartFeed, engine: GateEngine
) -> None:
    before, after = (generation_task(tmp_path, backend.url) for _ in range(2))
    poison = [b"\x00 not JSON", b'{"type": "image_upscaling"}', b"{}"]
    queues.publish(before)
    for body in poison:
        queues.publish_bytes(DRAWINGS, body)
    queues.publish(after)
    start_feed()
    wait_until(lambda: "completed" in backend.statuses(after))
    dead = dead_queue_name(DRAWINGS)
    wait_until(lambda: queues.waiting(dead) == 3, "the dead letters")
    assert [queues.take(dead) for _ in poison] == poison
    assert "completed" in backend.statuses(before)
    assert engine.runs == 2


def test_busy_worker_leaves_other_tasks_to_others(
    tmp_path: Path, backend: Backend, queues: Queues, start_feed: StartFeed, engine: GateEngine
) -> None:
    opened = threading.Event()
    engine.gate = opened.is_set
    running = generation_task(tmp_path, backend.url, prompt="wait")
    start_feed()
    queues.publish(running)
    wait_until(lambda: backend.of(running), "the job's start")
    waiting = generation_task(tmp_path, backend.url), training_task(tmp_path, backend.url)
    queues.publish(*waiting)
    wait_until(lambda: all(queues.waiting(name) == 1 for name in BOTH))
    opened.set()
    wait_until(lambda: all("completed" in backend.statuses(task) for task in waiting))


def test_busy_queue_does_not_starve_the_other(
    tmp_path: Path, backend: Backend, queues: Queues, start_feed: StartFeed
) -> None:
    drawings = [generation_task(tmp_path, backend.url) for _ in range(6)]
    training = training_task(tmp_path, backend.url)
    queues.publish(*drawings, training)
    start_feed()
    wait_until(lambda: "completed" in backend.statuses(drawings[-1]))
    order = [r.body["task_id"] for r in backend.reports if r.status == "completed"]
    assert order.index(str(training.task_id)) <= 1


def test_job_outlives_its_connection_and_runs_once(
    tmp_path: Path, backend: Backend, queues: Queues, start_feed: StartFeed, engine: GateEngine
) -> None:
    opened = threading.Event()
    engine.gate = opened.is_set
    with CuttableProxy(queues.url) as proxy:
        start_feed(proxy.url)
        task = generation_task(tmp_path, backend.url, prompt="wait")
        queues.publish(task)
        wait_until(lambda: backend.of(task), "the job's start")
        proxy.cut()
        wait_until(lambda: queues.waiting(DRAWINGS) == 1, "the broker to take the message back")
        opened.set()
        wait_until(lambda: proxy.connections == 2, "the new connection")
        wait_until(lambda: queues.waiting(DRAWINGS) == 0, "the second delivery")
        following = generation_task(tmp_path, backend.url)
        queues.publish(following)
        wait_until(lambda: "completed" in backend.statuses(following))
    assert engine.runs == 2
    assert backend.statuses(task).count("completed") == 1


def test_idle_worker_reconnects(
    tmp_path: Path, backend: Backend, queues: Queues, start_feed: StartFeed
) -> None:
    with CuttableProxy(queues.url) as proxy:
        start_feed(proxy.url)
        first = generation_task(tmp_path, backend.url)
        queues.publish(first)
        wait_until(lambda: "completed" in backend.statuses(first))
        proxy.cut()
        second = generation_task(tmp_path, backend.url)
        queues.publish(second)
        wait_until(lambda: "completed" in backend.statuses(second))


def test_signal_lets_the_job_finish(
    tmp_path: Path, backend: Backend, queues: Queues, start_worker: StartWorker
) -> None:
    worker = start_worker()
    running = generation_task(tmp_path, backend.url, prompt="wait")
    queues.publish(running)
    wait_until(lambda: backend.of(running), "the job's start")
    worker.terminate()
    wait_until(lambda: "worker_stopping" in worker.events(), "the signal's arrival")
    worker.gate.touch()
    assert worker.exit_code() == 0
    assert backend.statuses(running)[-1] == "completed"
    assert queues.waiting(DRAWINGS) == 0


def test_job_handed_back_or_left_by_a_dead_worker_is_done_by_the_next(
    tmp_path: Path, backend: Backend, queues: Queues, start_worker: StartWorker
) -> None:
    task = generation_task(tmp_path, backend.url, prompt="wait")
    queues.publish(task)

    stopped = start_worker("--grace", "0.1", "--queues", DRAWINGS)
    wait_until(lambda: backend.of(task), "the job's start")
    stopped.terminate()
    assert stopped.exit_code() == 0
    wait_until(lambda: queues.waiting(DRAWINGS) == 1, "the message's return")

    backend.reports.clear()
    killed = start_worker()
    wait_until(lambda: backend.of(task), "the job's second start")
    killed.kill()
    wait_until(lambda: queues.waiting(DRAWINGS) == 1, "the message's second return")

    last = start_worker()
    last.gate.touch()
    wait_until(lambda: "completed" in backend.statuses(task))
    last.terminate()
    assert last.exit_code() == 0
    assert queues.waiting(DRAWINGS) == 0


def test_concurrent_workers_share_the_work_and_are_replaced(
    tmp_path: Path, backend: Backend, queues: Queues, start_worker: StartWorker
) -> None:
    fleet = start_worker("--concurrency", "2")
    waiting = [generation_task(tmp_path, backend.url, prompt="wait") for _ in range(2)]
    queues.publish(*waiting)
    wait_until(lambda: all(backend.of(task) for task in waiting), "both jobs' starts")
    child = children_of(fleet.process.pid)[0]
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: fleet.events().count("worker_ready") == 3, "the replacement")
    fleet.gate.touch()
    wait_until(lambda: all("completed" in backend.statuses(task) for task in waiting))
    children = children_of(fleet.process.pid)
    assert len(children) == 2
    fleet.terminate()
    assert fleet.exit_code() == 0
    assert not any(is_running(child) for child in children)


def test_concurrent_workers_do_not_outlive_a_killed_parent(
    start_worker: StartWorker,
) -> None:
    fleet = start_worker("--concurrency", "2")
    wait_until(lambda: fleet.events().count("worker_ready") == 2, "both workers")
    children = children_of(fleet.process.pid)
    fleet.kill()
    wait_until(lambda: not any(is_running(child) for child in children), "their ends")


def test_password_is_never_shown(tmp_path: Path, queues: Queues, backend: Backend) -> None:
    worker = WorkerProcess(tmp_path / "invalid", "--broker", "amqp://user:hunter2@host:port/")
    assert worker.exit_code() == 2
    assert worker.log().splitlines()[-1] == "The broker's URL is not a valid AMQP URL."
    assert "hunter2" not in worker.log()

    worker = WorkerProcess(tmp_path / "refused", "--broker", "amqp://user:hunter2@127.0.0.1:1/")
    try:
        wait_until(lambda: worker.events().count("broker_lost") >= 2, "two tries")
        worker.terminate()
        assert worker.exit_code() == 0
        assert "hunter2" not in worker.log()
    finally:
        worker.kill()


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_fields_of_later_versions_are_no_reason_to_refuse_a_task(
    tmp_path: Path, backend: Backend, queues: Queues, start_feed: StartFeed
) -> None:
    tasks = [training_task(tmp_path, backend.url), generation_task(tmp_path, backend.url)]
    for queue, task in zip(BOTH, tasks, strict=True):
        later = json.loads(encode(task))
        later["priority"] = {"of": [1]}
        later["data"]["licence_number"] = "SL-1"
        queues.publish_bytes(queue, json.dumps(later).encode())
    start_feed()
    wait_until(lambda: all("completed" in backend.statuses(task) for task in tasks))
    assert [queues.waiting(dead_queue_name(queue)) for queue in BOTH] == [0, 0]
