"""The provider as a private server of tests and of development."""

import sys
from pathlib import Path

from devtools.servers.process import OneProcessServer, answers

PROJECT = Path(__file__).resolve().parents[2]


class PrivateStripe(OneProcessServer):
    """The provider in a process of its own."""

    name = "The payment provider"
    start_seconds = 20.0

    def __init__(self, folder: Path, *, keeps: bool = False, funds: str = "") -> None:
        """With ``keeps``, what it knows is there again after a stop and a start. ``funds`` is what
        the platform has from the beginning, such as ``100000:usd``."""
        super().__init__(folder)
        self._keeps, self._funds = keeps, funds

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
            *(("--keep", str(self.folder / "state.json")) if self._keeps else ()),
            *(("--funds", self._funds) if self._funds else ()),
        ]
        return command, {"PYTHONPATH": str(PROJECT)}

    def answers(self) -> bool:
        # Without a key it refuses; but it is an answer.
        request = b"GET /v1/balance HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
        return answers(self.port, request, b"HTTP/1.1 401")
