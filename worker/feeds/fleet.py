"""Several workers at once: one process each, since an engine works for one job at a time."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import structlog

log = structlog.get_logger()

LOOK = 0.2  # seconds between looks at the children
RESTART_PAUSE = 1.0  # seconds
CANNOT_START = 2


def serve_as_fleet(
    module: str, arguments: Sequence[str], *, size: int, stop: threading.Event, grace: float
) -> int:
    """Run ``size`` times ``python -m module arguments``, one worker each; answers the exit code.

    A child that ends is replaced, after a pause. When one cannot start, all end. Children
    end when this process does, even if it is killed: they watch their stdin.
    """
    command = [sys.executable, "-m", module, *arguments, "--concurrency", "1", "--stop-with-stdin"]
    children = [_start(command) for _ in range(size)]
    code = 0
    while code == 0 and not stop.wait(LOOK):
        for index, child in enumerate(children):
            ended_with = child.poll()
            if ended_with == CANNOT_START:
                code = CANNOT_START
            elif ended_with is not None:
                log.warning("worker_ended", code=ended_with)
                if stop.wait(RESTART_PAUSE):
                    break
                children[index] = _start(command)
    _end(children, grace)
    return code


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own module


def _end(children: Sequence[subprocess.Popen[bytes]], grace: float) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    give_up_at = time.monotonic() + grace + 10
    for child in children:
        try:
            child.wait(max(0.1, give_up_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
