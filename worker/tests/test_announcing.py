"""A worker tells the backend of itself, and works on whatever becomes of that."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from worker.announcing import MAX_WARM, PATH, Announcer, Tally
from worker.runner import JobRunner
from worker.tests.helpers import (
    TOKEN,
    Backend,
    GateEngine,
    Received,
    generation_task,
    wait_until,
)


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def announce(tally: Tally) -> Iterator[Callable[[str], None]]:
    started: list[Announcer] = []

    def start(backend: str) -> None:
        engine = GateEngine()
        engine.device = "a card"
        announcer = Announcer(engine, "diffusion", tally, backend=backend, token=TOKEN, every=0.02)
        started.append(announcer)
        announcer.start()

    yield start
    for announcer in started:
        announcer.close()


def said(backend: Backend) -> list[Received]:
    return [received for received in backend.asked if received.path == PATH]


def test_it_is_told_now_and_then(backend: Backend, announce: Callable[[str], None]) -> None:
    announce(f"{backend.url}/")
    first, second = wait_until(lambda: said(backend)[:2] if len(said(backend)) > 1 else None)
    assert first.headers["Authorization"] == f"Bearer {TOKEN}"
    assert first.body["worker_id"] == second.body["worker_id"]
    assert (first.body["engine"], first.body["engine_version"]) == ("diffusion", "2")
    assert first.body["device"] == "a card"
    assert "done" not in first.body


def test_a_backend_that_is_away_changes_nothing(
    backend: Backend, announce: Callable[[str], None]
) -> None:
    backend.stop()
    announce(backend.url)
    backend.start()
    wait_until(lambda: said(backend))


def test_the_first_task_says_where_to(
    tmp_path: Path, backend: Backend, tally: Tally, announce: Callable[[str], None],
    make_runner: Callable[..., JobRunner],
) -> None:  # fmt: skip
    announce("")
    runner = make_runner(tally=tally)
    assert not said(backend)
    runner.run(generation_task(tmp_path, backend.url))
    runner.run(generation_task(tmp_path, backend.url, prompt="refuse"))
    told = wait_until(lambda: [one for one in said(backend) if one.body.get("failed")])[0].body
    assert (told["done"], told["failed"], told["warm_styles"]) == (1, 1, [3])


def test_it_is_told_while_the_first_task_is_under_way(
    tmp_path: Path, backend: Backend, tally: Tally, announce: Callable[[str], None],
    engine: GateEngine, make_runner: Callable[..., JobRunner],
) -> None:  # fmt: skip
    """A training may take an hour."""
    announce("")
    engine.gate = lambda: bool(said(backend))
    make_runner(tally=tally).run(generation_task(tmp_path, backend.url, prompt="wait"))
    assert tally.done == 1
    assert "done" not in said(backend)[0].body


def test_the_latest_styles_are_warm(
    tmp_path: Path, backend: Backend, tally: Tally, make_runner: Callable[..., JobRunner]
) -> None:
    runner = make_runner(tally=tally)
    for style_id in (1, 2, 1, *range(3, MAX_WARM + 2)):
        runner.run(generation_task(tmp_path, backend.url, style_id=style_id))
    assert tally.warm == [1, *range(3, MAX_WARM + 2)]
