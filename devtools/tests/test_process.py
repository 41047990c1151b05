"""Servers that are slow, deaf or dead."""

import signal
from pathlib import Path

import pytest

from devtools.servers.process import (
    ServerError,
    pid_is_running,
    start_process,
    wait_for,
    wait_until_ready,
)


class TestStartProblems:
    def test_silent_server_is_an_error_with_the_end_of_its_log(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        process = start_process(["sh", "-c", "echo still thinking; sleep 60"], log=log)
        try:
            with pytest.raises(
                ServerError, match=r"(?s)not answer after 1 seconds.*still thinking"
            ):
                wait_until_ready("The oracle", process, lambda: False, seconds=1, log=log)
        finally:
            process.stop([(signal.SIGTERM, 1)])
        assert not pid_is_running(process.pid)

    def test_server_that_ends_is_not_waited_for(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        process = start_process(["sh", "-c", "echo no memory left; exit 3"], log=log)

        with pytest.raises(ServerError, match=r"(?s)ended while it was starting.*no memory left"):
            wait_until_ready("The oracle", process, lambda: False, seconds=60, log=log)

    def test_deaf_server_is_killed(self, tmp_path: Path) -> None:
        script = "trap '' TERM; echo deaf; while :; do sleep 1; done"
        log = tmp_path / "log"
        process = start_process(["sh", "-c", script], log=log)
        assert wait_for(lambda: "deaf" in log.read_text(), 10)

        process.stop([(signal.SIGTERM, 0.3)])

        assert not process.is_running()
