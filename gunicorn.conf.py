"""gunicorn's settings in production: ``gunicorn`` alone, in the project's folder, reads them."""

import contextlib
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.http.this_machine import is_this_machine
from app.utils.environment import PRODUCTION_SETTINGS, is_development, refusal, settings_module

wsgi_app = "config.wsgi:application"
_is_development = is_development(os.environ)
# Development answers this machine alone.
bind = os.environ.get("GUNICORN_BIND") or ("127.0.0.1:8000" if _is_development else "0.0.0.0:8000")

# Of the cores that this process may use, which in a container are not all there are.
workers = int(os.environ.get("WEB_CONCURRENCY") or 2 * len(os.sched_getaffinity(0)) + 1)
# A request often waits: for the database, the broker's confirmation, 100 files on their way to S3.
# Each request takes one database connection, see docs/operations.md.
worker_class = "app.http.gunicorn.web_worker.Worker"
threads = int(os.environ.get("GUNICORN_THREADS") or 4)
# One that is answered and one that waits for each thread. Without a limit, the first process to
# wake takes all connections that come at once, and the others idle.
worker_connections = 2 * threads

# The application refuses an address of more than 8,000 bytes; a method and a version come on top.
limit_request_line = 8190

timeout = 120
# How long requests under way may go on when a worker process is told to end.
graceful_timeout = 60
# Memory that leaks somewhere comes back; not in all workers at once.
max_requests = 10_000
max_requests_jitter = 1_000
# Signs of life of the workers. A disk may stall for longer than their time.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's file is unlinked
control_socket_disable = True

accesslog = "-"
errorlog = "-"
logger_class = "app.http.gunicorn.access_log.JsonLogger"

# --- Metrics: the processes count together, in files of this folder -----------------------------

os.environ.setdefault(
    "PROMETHEUS_MULTIPROC_DIR", f"{tempfile.gettempdir()}/style-license-metrics-{os.getpid()}"
)


def on_starting(server: Any) -> None:
    """Refuse what must not start, before any process is there to fail. Begin with an empty folder
    of metrics: one that is left over is of an earlier start."""
    named = os.environ.get("DJANGO_SETTINGS_MODULE") or settings_module(os.environ)
    if named == PRODUCTION_SETTINGS and (problems := refusal(os.environ)):
        sys.exit(problems)
    if _is_development:
        for address in server.address:
            # A Unix socket's is text. No host at all means all of them.
            host = (address[0] or "0.0.0.0") if isinstance(address, tuple) else ""  # noqa: S104
            if not is_this_machine(host):
                sys.exit(f"DJANGO_ENV=development listens on this machine only, not {host}.")
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True)


def post_worker_init(worker: Any) -> None:
    """Have a database connection before others have taken all, and spare the collector work."""
    from django.db import Error, connection

    # A process that begins without one says in /api/ready what is wrong.
    with contextlib.suppress(Error):
        connection.ensure_connection()
        connection.close_if_unusable_or_obsolete()
    # What is there before the first request stays, so the collector need not look at it.
    gc.collect()
    gc.freeze()
    # A request makes thousands of objects that die with it, and hardly a cycle.
    gc.set_threshold(10_000, 20, 20)


def child_exit(server: Any, worker: Any) -> None:
    """Gauges of a process end with it; what it counted stays."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
