"""A private server that speaks S3: nanio, a Python package of the test requirements."""

import os
import secrets
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from devtools.servers.process import (
    PrivateServer,
    ServerProcess,
    answers,
    free_port,
    start_process,
    wait_until_ready,
)

_START_SECONDS = 30.0
_STOP_SIGNALS = ((signal.SIGTERM, 5.0),)


@dataclass(frozen=True)
class S3Access:
    """Where the server is and how to sign in. Buckets are made by whoever needs them."""

    endpoint_url: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def environment(self, bucket: str) -> dict[str, str]:
        """What settings and SDKs read."""
        return {
            "S3_BUCKET": bucket,
            "S3_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": self.region,
        }


class PrivateS3(PrivateServer):
    """An S3 server on loopback with its objects in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self._access_key = "style-license"
        self._secret_key = secrets.token_urlsafe(24)
        self._process: ServerProcess | None = None

    @property
    def access(self) -> S3Access:
        return S3Access(f"http://127.0.0.1:{self.port}", self._access_key, self._secret_key)

    def start(self) -> S3Access:
        objects = self.folder / "objects"
        objects.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        log = self.folder / "server.log"
        self._process = start_process(
            [
                *(sys.executable, "-m", "nanio", "serve", "--host", "127.0.0.1"),
                *("--port", str(self.port), "--data-dir", objects, "--no-access-log"),
            ],
            log=log,
            environment={
                **os.environ,
                "NANIO_ACCESS_KEY": self._access_key,
                "NANIO_SECRET_KEY": self._secret_key,
            },
        )
        try:
            wait_until_ready(
                "The S3 server", self._process, self._answers, seconds=_START_SECONDS, log=log
            )
        except BaseException:
            self.stop()
            raise
        return self.access

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(_STOP_SIGNALS)
            self._process = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _answers(self) -> bool:
        # Unsigned, so it is refused; but it is an answer.
        return answers(self.port, b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", b"HTTP/1.")
