import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

# Before the libraries look at it: nothing is fetched, whatever a test does.
os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

import pytest
import torch

from worker.engines.base import Artwork
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import MakeRunner, Quick, train
from worker.jobs import Workshop
from worker.reports import ReportClient
from worker.runner import JobRunner
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage
from worker.tests.helpers import TOKEN, Backend
from worker.workdir import WorkDir

# More threads wait for each other on a busy machine.
torch.set_num_threads(1)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End as the worker does. Once torch and onnxruntime have both worked in a thread, Python may
    wait for ever while it collects what they leave."""
    session = config.pluginmanager.get_plugin("session")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(session.exitstatus) if session else 1)


@pytest.fixture(scope="session")
def sd1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.sd1(tmp_path_factory.mktemp("sd1"))


@pytest.fixture(scope="session")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.sdxl(tmp_path_factory.mktemp("sdxl"))


@pytest.fixture(scope="session")
def engine(sd1: Path) -> DiffusionEngine:
    return DiffusionEngine(tiny.settings(sd1))


@pytest.fixture(scope="session")
def works(tmp_path_factory: pytest.TempPathFactory) -> list[Artwork]:
    return tiny.artworks(tmp_path_factory.mktemp("works"))


@pytest.fixture(scope="session")
def styles(
    engine: DiffusionEngine, works: list[Artwork], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Two styles of the base model sd1, with different ranks: "ann" and "bo"."""
    folder = tmp_path_factory.mktemp("styles")
    return {
        "ann": train(engine, works, folder / "ann", seed=1, rank=4, alpha=4.0).path,
        "bo": train(engine, works[::-1], folder / "bo", seed=2, rank=2, alpha=6.0).path,
    }


@pytest.fixture
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.stop()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[MakeRunner]:
    """A worker on a machine of its own."""
    with ExitStack() as stack:

        def make(
            engine: Quick, name: str = "one", stop: threading.Event | None = None
        ) -> JobRunner:
            stop = stop or threading.Event()
            work, storage = WorkDir(tmp_path / name), Storage()
            reports = ReportClient(token=TOKEN, work=work, stop=stop, patience=0.3)
            signatures = SignatureClient(token=TOKEN, stop=stop, patience=0.3)
            stack.callback(reports.close)
            stack.callback(signatures.close)
            shop = Workshop(engine, storage, FileCache(storage, work.models), signatures)
            return JobRunner(
                shop, reports, work, stop=stop, job_timeout=120, grace=0.05, max_silence=0.05
            )

        yield make
