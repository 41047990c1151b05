"""Keep a few processes of our own running, and end them together."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devtools.servers.process import ServerError, ServerProcess, log_tail, start_process, wait_for

_LONGEST_PAUSE = 30.0
# A process that lived this long had a good start: its next pause is the shortest again.
_GOOD_LIFE_SECONDS = 60.0


@dataclass
class Child:
    """A process to keep alive. An ``essential`` one that ends is an error, others start again."""

    name: str
    command: Sequence[str | Path]
    log: Path
    essential: bool = False
    process: ServerProcess | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)
    start_again_at: float = field(default=0.0, init=False)


class Supervisor:
    """Starts children in ``folder`` and looks after them. ``say`` gets sentences for people.

    To be used from one thread that lives as long as the children should.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._children: list[Child] = []

    def start(self, child: Child) -> None:
        child.log.parent.mkdir(parents=True, exist_ok=True)
        if child.log.exists():
            child.log.replace(child.log.with_name(f"{child.log.name}.1"))
        self._children.append(child)
        self._launch(child)

    def check(self) -> None:
        """Start again what has ended. Raises ServerError if that was essential."""
        now = time.monotonic()
        for child in self._children:
            if child.process is None:
                if now >= child.start_again_at:
                    self._launch(child)
                continue
            running = child.process.child
            if running is None or running.poll() is None:
                continue
            how = _how_it_ended(running.returncode)
            tail = f"The end of its log {child.log}:\n{log_tail(child.log)}"
            if child.essential:
                raise ServerError(f"The {child.name} {how}. {tail}")
            child.process = None
            child.failures = (
                1 if now - child.started_at > _GOOD_LIFE_SECONDS else child.failures + 1
            )
            pause = min(_LONGEST_PAUSE, 2.0 ** (child.failures - 1))
            child.start_again_at = now + pause
            self._say(f"The {child.name} {how} and starts again in {pause:.0f} s. {tail}")

    def stop(self, seconds: float) -> None:
        """End all children together; those that take longer than ``seconds`` are killed."""
        running = [child.process for child in self._children if child.process]
        for process in running:
            if process.is_running():
                os.kill(process.pid, signal.SIGTERM)
        wait_for(lambda: not any(process.is_running() for process in running), seconds)
        for process in running:
            process.stop(())
        self._children.clear()

    def _launch(self, child: Child) -> None:
        child.started_at = time.monotonic()
        child.process = start_process(child.command, log=child.log, folder=self._folder)


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
