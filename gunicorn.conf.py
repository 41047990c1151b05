"""gunicorn's settings in production: ``gunicorn`` alone, in the project's folder, reads them.

``python -m serving`` is faster and does the same; see docs/operations.md.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from serving.connections import shortage
from serving.processes import begin_metrics, end_metrics, prepare_worker, worker_ended
from serving.settings import BadSettings, refusal_to_serve, web_settings

try:
    _settings = web_settings(os.environ)
except BadSettings as error:
    sys.exit(str(error))

wsgi_app = "config.wsgi:application"
bind = _settings.bind
workers = _settings.workers
# A request often waits: for the database, or for 100 files on their way to S3.
worker_class = "serving.gunicorn.web_worker.Worker"
threads = _settings.threads
# One that is answered and one that waits for each thread. Without a limit, the first process to
# wake takes all connections that come at once, and the others idle.
worker_connections = 2 * threads

# The application refuses an address of more than 8,000 bytes; a method and a version come on top.
limit_request_line = 8190

timeout = 120
graceful_timeout = _settings.graceful_seconds
# Memory that leaks somewhere comes back; not in all workers at once.
max_requests = 10_000
max_requests_jitter = 1_000
# Signs of life of the workers. A disk may stall for longer than their time.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's file is unlinked
control_socket_disable = True

accesslog = "-"
errorlog = "-"
logger_class = "serving.gunicorn.access_log.JsonLogger"


def on_starting(server: Any) -> None:
    """Refuse what must not start, before any process is there to fail."""
    for address in server.address:
        # A Unix socket's is text, and no host of another machine.
        host = address[0] if isinstance(address, tuple) else "localhost"
        if problems := refusal_to_serve(os.environ, host):
            sys.exit(problems)
    # What the command line says comes last.
    web = replace(_settings, workers=server.cfg.workers, threads=server.cfg.threads)
    if problem := shortage(os.environ, web):
        sys.exit(problem)
    begin_metrics()


def post_worker_init(worker: Any) -> None:
    prepare_worker()


def child_exit(server: Any, worker: Any) -> None:
    worker_ended(worker.pid)


def on_exit(server: Any) -> None:
    end_metrics()
