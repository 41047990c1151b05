"""How the web server ends: what is in progress is answered, and nobody else waits for that."""

from __future__ import annotations

import os
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
granian.serve(settings, "tests.slow_application:application")
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def began(tmp_path: Path) -> Path:
    return tmp_path / "began"


@pytest.fixture
def server(port: int, began: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(workers=WORKERS), str(port)],
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
