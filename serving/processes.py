"""What each process of a web server does when it starts and ends, whichever server it is."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

METRICS = "PROMETHEUS_MULTIPROC_DIR"


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
