"""What each process of a web server does when it starts and ends, whichever server it is."""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

METRICS = "PROMETHEUS_MULTIPROC_DIR"
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def begin_metrics() -> None:
    """Give the processes an empty folder to count together in.

    Call it before there are worker processes. What lies there is of an earlier start.
    """
    folder = Path(
        os.environ.setdefault(
            METRICS, f"{tempfile.gettempdir()}/style-license-metrics-{os.getpid()}"
        )
    )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def end_metrics() -> None:
    shutil.rmtree(os.environ[METRICS], ignore_errors=True)


def prepare_worker() -> None:
    """Call it once in a worker process, when the application has been loaded."""
    # The objects of the loaded application stay, so the collector need not look at them.
    gc.collect()
    gc.freeze()
    # A request makes thousands of objects that die with it, and hardly any cycle.
    gc.set_threshold(10_000, 20, 20)


def worker_ended(pid: int) -> None:
    """The gauges of a process end with it; what it counted stays."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(pid)


def ending_with_parent(number: signal.Signals, parent: int | None = None) -> Callable[[], None]:
    """What a child calls at its start: Linux then sends it ``number`` when its parent ends.

    The parent is this process unless its id is given. Everything is looked up here, before a fork.
    Elsewhere than on Linux the child does nothing.
    """
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return lambda: None
    expected = os.getpid() if parent is None else parent

    def end_with_parent() -> None:
        prctl(_SET_PARENT_DEATH_SIGNAL, int(number), 0, 0, 0)
        if os.getppid() != expected:
            os._exit(1)

    return end_with_parent


def handle_in_a_thread(*numbers: signal.Signals, once: bool = False) -> None:
    """From now on a thread waits for these signals, and calls the handlers that are set later.

    Python runs handlers in the main thread, which may sleep for a lock and be woken for nothing
    else. On a busy machine the system gives a signal to another thread now and then: of 15 servers
    that were told to stop under load, two had a process that did not hear of it.

    Call it before there are other threads, in each process anew. With ``once`` only the first of
    the signals is heard.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    earlier = {number: signal.getsignal(number) for number in numbers}
    # A forked process inherits the handlers of its parent.
    arguments = (earlier, once)
    threading.Thread(target=_handle, args=arguments, name="signals", daemon=True).start()


def _handle(earlier: dict[signal.Signals, object], once: bool) -> None:
    while True:
        number = signal.Signals(signal.sigwait(earlier))
        # The server may not be ready to hear of it yet.
        while (handler := signal.getsignal(number)) == earlier[number]:
            time.sleep(0.05)
        if callable(handler):
            handler(number, None)
        if once:
            return
