"""Tasks from a parent process: one JSON line each way, over stdin and stdout.

The parent writes a task a line. The worker first says ``{"ready": true, "engine": …}``, then
answers each task, when it is settled, with ``{"task_id": …, "attempt": …, "outcome": "done" |
"reject" | "again"}``; ``task_id`` and ``attempt`` are null for a line that is no task. When the
input ends, the tasks read so far are finished first.
"""

import json
import os
import queue
import sys
import threading
from dataclasses import dataclass
from typing import BinaryIO

import structlog

from protocol import Task
from worker.runner import JobRunner, Outcome, parse

log = structlog.get_logger()


@dataclass(frozen=True)
class Pipes:
    tasks: BinaryIO
    answers: BinaryIO


def take_over_stdio() -> Pipes:
    """Keep the process's stdin and stdout for the parent alone.

    From here on whatever prints, native libraries included, prints to stderr.
    """
    sys.stdout.flush()
    tasks, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Pipes(os.fdopen(tasks, "rb"), os.fdopen(answers, "wb"))


class StdioFeed:
    def __init__(self, runner: JobRunner, pipes: Pipes, engine: str, stop: threading.Event) -> None:
        self._runner = runner
        self._pipes = pipes
        self._engine = engine
        self._stop = stop
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def serve(self) -> None:
        """Work until the input ends or ``stop`` is set; what was not begun by then goes back."""
        try:
            self._say({"ready": True, "engine": self._engine})
            threading.Thread(target=self._read, name="stdin", daemon=True).start()
            threading.Thread(target=self._wake_on_stop, name="stop", daemon=True).start()
            while (line := self._lines.get()) is not None:
                self._settle(line)
                if self._runner.stuck:
                    self._lines.put(None)  # hand back what was read so far, then leave
        except BrokenPipeError:
            log.warning("parent_gone")

    def _settle(self, line: bytes) -> None:
        task = parse(line)
        if task is None:
            self._say({"task_id": None, "attempt": None, "outcome": Outcome.REJECT.value})
            return
        handed_back = self._stop.is_set() or self._runner.stuck
        self._answer(task, Outcome.AGAIN if handed_back else self._runner.run(task))

    def _answer(self, task: Task, outcome: Outcome) -> None:
        self._say({"task_id": str(task.task_id), "attempt": task.attempt, "outcome": outcome.value})

    def _say(self, message: dict[str, object]) -> None:
        self._pipes.answers.write(json.dumps(message).encode() + b"\n")
        self._pipes.answers.flush()

    def _read(self) -> None:
        for line in self._pipes.tasks:
            if line.strip():
                self._lines.put(line)
        self._lines.put(None)

    def _wake_on_stop(self) -> None:
        self._stop.wait()
        self._lines.put(None)
