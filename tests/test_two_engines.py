"""Two kinds of workers on one broker. `make test-diffusion` does the same with diffusion itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system import System, running
from tests.two_engines import ENGINES, see_each_get_its_own

pytestmark = pytest.mark.slow


def test_each_worker_gets_the_tasks_of_its_engine(amqp_url: str, tmp_path: Path) -> None:
    system = System(tmp_path, {"AMQP_URL": amqp_url, **ENGINES})

    def start_other() -> None:
        command = ("-m", "tests.stand_in_worker", "--engine", "diffusion", "--broker", amqp_url)
        system.spawn("other", *command, "--work-dir", str(tmp_path / "other"))

    with running(system):
        see_each_get_its_own(system, start_other)
