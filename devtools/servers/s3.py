"""A private server that speaks S3: nanio, a Python package of the test requirements."""

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from devtools.servers.process import OneProcessServer, answers


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


class PrivateS3(OneProcessServer):
    """An S3 server on loopback with its objects in ``folder``."""

    name = "The S3 server"
    start_seconds = 30.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._access_key = "style-license"
        self._secret_key = secrets.token_urlsafe(24)

    @property
    def access(self) -> S3Access:
        return S3Access(f"http://127.0.0.1:{self.port}", self._access_key, self._secret_key)

    def start(self) -> S3Access:
        self.run()
        return self.access

    def prepare(self) -> tuple[list[str | Path], dict[str, str]]:
        objects = self.folder / "objects"
        objects.mkdir(exist_ok=True)
        command: list[str | Path] = [
            *(sys.executable, "-m", "nanio", "serve", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--data-dir", objects, "--no-access-log"),
        ]
        return command, {
            "NANIO_ACCESS_KEY": self._access_key,
            "NANIO_SECRET_KEY": self._secret_key,
        }

    def answers(self) -> bool:
        # Unsigned, so it is refused; but it is an answer.
        return answers(self.port, b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", b"HTTP/1.")
