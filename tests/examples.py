"""The example worker, as somebody runs it who has nothing else of this project."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.system import PROJECT
from worker.tests.helpers import DEADLINE, TOKEN


class Example:
    """The example as a process that knows the broker and the token, and nothing else of us."""

    def __init__(self, folder: Path, url: str, *, token: str = TOKEN) -> None:
        self._log = folder / "example.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, PROJECT / "examples" / "worker.py"],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "AMQP_URL": url, "INTERNAL_API_TOKEN": token},
                stdout=log,
                stderr=log,
            )

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self.process.wait(timeout=2 * DEADLINE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=DEADLINE)

    def log(self) -> str:
        return self._log.read_text()
