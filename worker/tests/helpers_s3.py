"""A private S3-compatible server."""

import os
import secrets
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from worker.tests.helpers import wait_until

ACCESS_KEY = "worker-tests"
SECRET_KEY = "worker-tests-secret"


class S3Server:
    """nanio in a process of its own, on loopback; ``url`` is its endpoint."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        command = "from nanio.__main__ import main; main()"
        arguments = ["serve", "--data-dir", str(data), "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", command, *arguments, "--port", str(self._port)],
            env={
                **os.environ,
                "NANIO_ACCESS_KEY": ACCESS_KEY,
                "NANIO_SECRET_KEY": SECRET_KEY,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, "the S3 server")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True


def _free_port() -> int:
    # No connection that goes out takes a port from here.
    while True:
        port = secrets.choice(range(12_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
