import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.jobs import Workshop
from worker.reports import ReportClient
from worker.runner import JobRunner
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage
from worker.tests.helpers import TOKEN, Backend, GateEngine
from worker.workdir import WorkDir


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.stop()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def work(tmp_path: Path) -> WorkDir:
    return WorkDir(tmp_path / "work")


@pytest.fixture
def reports(work: WorkDir, stop: threading.Event) -> Iterator[ReportClient]:
    client = ReportClient(token=TOKEN, work=work, stop=stop, patience=0.3)
    yield client
    client.close()


@pytest.fixture
def engine() -> Iterator[GateEngine]:
    engine = GateEngine()
    yield engine
    engine.gate = lambda: True  # no thread outlives its test


@pytest.fixture
def signatures(stop: threading.Event) -> Iterator[SignatureClient]:
    client = SignatureClient(token=TOKEN, stop=stop, patience=0.5)
    yield client
    client.close()


@pytest.fixture
def make_runner(
    engine: GateEngine,
    reports: ReportClient,
    signatures: SignatureClient,
    work: WorkDir,
    stop: threading.Event,
) -> Callable[..., JobRunner]:
    """A runner with the engine above; keywords replace its limits (seconds)."""

    def make(**limits: Any) -> JobRunner:
        storage = Storage()
        shop = Workshop(engine, storage, FileCache(storage, work.models), signatures)
        return JobRunner(
            shop, reports, work, stop=stop, **{"job_timeout": 10.0, "grace": 5.0, **limits}
        )

    return make
