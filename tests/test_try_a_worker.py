"""docs/protocol.md says how to try a worker out: ``make run`` leaves the work to the broker."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from devtools.servers.process import free_port
from tests.examples import Example
from tests.test_make_run import FIRST_START_SECONDS, Run
from worker.tests.helpers_broker import Queues

pytestmark = [pytest.mark.slow, pytest.mark.time_limit(600)]
TOKEN = "try-me"


def test_the_demo_artists_are_trained_by_whoever_serves_the_queues(
    amqp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Queues(amqp_url).close()  # makes and empties them
    monkeypatch.setenv("AMQP_URL", amqp_url)
    monkeypatch.setenv("INTERNAL_API_TOKEN", TOKEN)
    with tempfile.TemporaryDirectory(prefix="style-license-run-") as folder:
        # PostgreSQL's user has to pass through.
        Path(folder).chmod(0o711)
        run = Run(Path(folder) / "data", free_port())
        example = Example(tmp_path, amqp_url, token=TOKEN)
        try:
            run.wait_until_ready(FIRST_START_SECONDS)
            _, body = run.get("/api/community/feed")
            assert len(json.loads(body)["data"]["results"]) > 3, run.output
            models = (run.data_dir / "media" / "models").rglob("model.*")
            assert {model.name for model in models} == {"model.json"}
            assert not (run.data_dir / "logs" / "worker.log").exists()
            assert run.press_ctrl_c() == 0
        finally:
            example.kill()
            run.end()
