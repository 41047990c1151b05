"""How the web server ends: what is in progress is answered, and nobody else waits for that.

It does not end because its worker processes do, unless they cannot start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import httpx
import pytest

from devtools.servers.process import free_port
from tests.system import PROJECT, wait_for

WORKERS = 2
# A request that is in progress when the server is told to stop.
SLOW_SECONDS = 6
PROGRAM = """
import sys
from serving import granian
from serving.settings import WebSettings
granian.LOADED_SECONDS = 1  # the application is small
settings = WebSettings("127.0.0.1", int(sys.argv[1]), {workers}, 2, is_development=False)
granian.serve(settings, sys.argv[2])
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def began(tmp_path: Path) -> Path:
    return tmp_path / "began"


@pytest.fixture
def server(
    port: int, began: Path, request: pytest.FixtureRequest
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command(port, "tests.slow_application:application", getattr(request, "param", WORKERS)),
        cwd=PROJECT,
        env=os.environ | {"DJANGO_ENV": "development", "BEGAN": str(began)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(lambda: answers(port), seconds=30, what="the server")
            yield process
        finally:
            process.kill()


def command(port: int, application: str, workers: int = WORKERS) -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(workers=workers), str(port), application]


def workers_of(server: subprocess.Popen[bytes]) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_new_clients_are_refused_while_a_request_in_progress_is_answered(
    server: subprocess.Popen[bytes], port: int, began: Path
) -> None:
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(
            httpx.get, f"http://127.0.0.1:{port}/?{SLOW_SECONDS}", timeout=4 * SLOW_SECONDS
        )
        wait_for(began.exists, seconds=20, what="the request")
        server.terminate()
        began_at = monotonic()
        # nginx waits for as long as this before it asks another process.
        wait_for(lambda: not answers(port), seconds=SLOW_SECONDS / 2, what="the refusal")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/", timeout=60)
        assert monotonic() - began_at < SLOW_SECONDS
        assert not slow.done()
        assert slow.result(timeout=4 * SLOW_SECONDS).text == "done"
    assert server.wait(timeout=30) == 0


# Of two, one might be killed before it has served.
@pytest.mark.parametrize("server", [1], indirect=True)
def test_a_worker_that_served_may_be_killed_again_and_again(
    server: subprocess.Popen[bytes], port: int
) -> None:
    for _ in range(3):
        for pid in workers_of(server):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: answers(port), seconds=20, what="an answer of new workers")
    assert server.poll() is None


def test_a_server_whose_workers_cannot_start_ends(port: int) -> None:
    ended = subprocess.run(
        command(port, "tests.slow_application:nothing"),
        cwd=PROJECT,
        env=os.environ | {"DJANGO_ENV": "development"},
        capture_output=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert b"has no attribute 'nothing'" in ended.stderr
