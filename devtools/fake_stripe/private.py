"""The provider as a private server of tests and of development."""

import sys
from pathlib import Path

from devtools.servers.process import OneProcessServer, answers

PROJECT = Path(__file__).resolve().parents[2]


class PrivateStripe(OneProcessServer):
    """The provider in a process of its own; its state ends with it."""

    name = "The payment provider"
    start_seconds = 20.0

    @property
    def url(self) -> str:
        """What stripe-python calls ``api_base``."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> str:
        """Start the server; its URL."""
        self.run()
        return self.url

    def prepare(self) -> tuple[list[str | Path], dict[str, str]]:
        command: list[str | Path] = [
            *(sys.executable, "-m", "devtools.fake_stripe"),
            *("--port", str(self.port)),
        ]
        return command, {"PYTHONPATH": str(PROJECT)}

    def answers(self) -> bool:
        # Without a key it refuses; but it is an answer.
        request = b"GET /v1/balance HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
        return answers(self.port, request, b"HTTP/1.1 401")
