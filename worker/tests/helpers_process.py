"""A worker in a process of its own."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from protocol import Task, encode
from worker.tests.helpers import DEADLINE, TOKEN

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """Runs ``python -m module``; ``gate`` is the file whose coming lets the tests' engine go on."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        module: str = "worker.tests.helpers_main",
        environment: dict[str, str] | None = None,
        listen: bool = True,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.gate = folder / "gate"
        self.work_dir = folder / "work"
        self._log = folder / f"{module}.log"
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WORKER_", "AMQP_", "S3_", "INTERNAL_"))
        }
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "--work-dir", str(self.work_dir), *arguments],
                cwd=ROOT,
                env={
                    **inherited,
                    "INTERNAL_API_TOKEN": TOKEN,
                    "TEST_GATE": str(self.gate),
                    **(environment or {}),
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._lines: queue.Queue[bytes] = queue.Queue()
        if listen:
            threading.Thread(target=self._read, daemon=True).start()

    def give(self, *tasks: Task | bytes) -> None:
        assert self.process.stdin is not None
        for task in tasks:
            body = task if isinstance(task, bytes) else encode(task)
            self.process.stdin.write(body + b"\n")
        self.process.stdin.flush()

    def close_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def line(self) -> dict[str, Any]:
        """The next line of its output. Fails when there is none in time."""
        try:
            line = self._lines.get(timeout=2 * DEADLINE)
        except queue.Empty:
            raise AssertionError(f"no answer from the worker; it logged:\n{self.log()}") from None
        assert line, f"the worker ended; it logged:\n{self.log()}"
        return json.loads(line)

    def rest_of_output(self) -> list[bytes]:
        """What it wrote until it ended and nobody has read."""
        lines = []
        while line := self._lines.get(timeout=DEADLINE):
            lines.append(line)
        return lines

    def exit_code(self) -> int:
        return self.process.wait(timeout=2 * DEADLINE)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=DEADLINE)

    def log(self) -> str:
        return self._log.read_text()

    def events(self) -> list[str]:
        """The names of the events logged so far."""
        return [
            json.loads(line).get("event", "") for line in self.log().splitlines() if line[:1] == "{"
        ]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(b"")
